"""People who spoke."""

from __future__ import annotations

from liuliang.analytics.counting import Counted, by_day, doers
from liuliang.analytics.measures import PEOPLE
from liuliang.analytics.traffic import SPEAKERS

METRIC = Counted(
    definition=SPEAKERS, stage="activity", tell=by_day(["message.sent"], PEOPLE), who=doers(["message.sent"])
)
