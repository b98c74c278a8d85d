"""Members who went out."""

from __future__ import annotations

from liuliang.analytics.counting import Counted, by_day, doers
from liuliang.analytics.measures import LEFT
from liuliang.analytics.traffic import LEFT as DEFINITION

METRIC = Counted(definition=DEFINITION, stage="size", tell=by_day(["member.left"], LEFT), who=doers(["member.left"]))
