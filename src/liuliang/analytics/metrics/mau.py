"""People active within 30 days."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.acts import ACTS
from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, rolling, rolling_people
from liuliang.analytics.definitions import Definition

METRIC = Counted(
    definition=Definition(
        "mau",
        _("月活 MAU"),
        _("到每一格最后一天为止的 30 天里做过事的人，一个人只算一次。还没过完的日子不列。"),
        _("人"),
    ),
    stage="activity",
    tell=rolling(ACTS, 30, "groupBitmapOr(people)"),
    who=((Side("active", _("这 30 天做过事的人"), "value"), rolling_people(ACTS, 30, "groupBitmapOrState(people)")),),
)
