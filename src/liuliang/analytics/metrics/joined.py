"""Members who came in."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, by_day, doers
from liuliang.analytics.measures import JOINED
from liuliang.analytics.traffic import JOINED as DEFINITION

METRIC = Counted(
    definition=DEFINITION,
    stage="size",
    tell=by_day(["member.joined"], JOINED),
    who=((Side("came", _("进群的人"), "value", is_by_place=True), doers(["member.joined"])),),
)
