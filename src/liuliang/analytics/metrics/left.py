"""Members who went out."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, by_day, doers
from liuliang.analytics.measures import LEFT
from liuliang.analytics.traffic import LEFT as DEFINITION

METRIC = Counted(
    definition=DEFINITION,
    stage="size",
    tell=by_day(["member.left"], LEFT),
    who=((Side("went", _("退群的人"), "value", is_by_place=True), doers(["member.left"])),),
)
