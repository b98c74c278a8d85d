"""Members who came in."""

from __future__ import annotations

from liuliang.analytics.counting import Counted, by_day, doers
from liuliang.analytics.measures import JOINED
from liuliang.analytics.traffic import JOINED as DEFINITION

METRIC = Counted(
    definition=DEFINITION, stage="size", tell=by_day(["member.joined"], JOINED), who=doers(["member.joined"])
)
