"""How many days of thirty."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.acts import ACTS
from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, rolling, rolling_people
from liuliang.analytics.definitions import Definition

METRIC = Counted(
    definition=Definition(
        "stickiness",
        _("粘性 DAU/MAU"),
        _("到每一格最后一天为止的 30 天里，平均日活 ÷ 月活。20% 就是一个月活用户平均 30 天里来 6 天。"),
    ),
    stage="activity",
    style="percent",
    tell=rolling(ACTS, 30, "sum(heads), 30 * groupBitmapOr(people)"),
    result="ratio",
    who=((Side("active", _("这 30 天做过事的人")), rolling_people(ACTS, 30, "groupBitmapOrState(people)")),),
)
