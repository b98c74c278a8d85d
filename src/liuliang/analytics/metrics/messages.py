"""Messages sent."""

from __future__ import annotations

from liuliang.analytics.counting import Counted, by_day, doers
from liuliang.analytics.measures import MESSAGES
from liuliang.analytics.traffic import MESSAGES as DEFINITION

METRIC = Counted(
    definition=DEFINITION, stage="activity", tell=by_day(["message.sent"], MESSAGES), who=doers(["message.sent"])
)
