"""Members somebody brought."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted
from liuliang.analytics.definitions import Definition
from liuliang.analytics.joining import invited, invited_people

METRIC = Counted(
    definition=Definition(
        "invites",
        _("被邀请进来的"),
        _("期内由另一位成员邀请进群的“人·群”，同一人进两个群算两次。记录里没写邀请人的算不进来。"),
        _("人次"),
    ),
    stage="referral",
    tell=invited,
    who=((Side("invited", _("被邀请进来的人"), "value", is_by_place=True), invited_people),),
)
