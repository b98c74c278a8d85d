"""Joins less leaves."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, by_day, doers
from liuliang.analytics.definitions import Definition
from liuliang.analytics.measures import JOINED, LEFT

METRIC = Counted(
    definition=Definition(
        "net", _("净增"), _("进群减退群：期内有进群记录的“人·群”，减去期内有退群记录的“人·群”。"), _("人次")
    ),
    stage="size",
    tell=by_day(["member.joined", "member.left"], f"toInt64({JOINED}) - toInt64({LEFT})"),
    who=(
        (Side("came", _("进群的人"), is_by_place=True), doers(["member.joined"])),
        (Side("went", _("退群的人"), is_by_place=True), doers(["member.left"])),
    ),
)
