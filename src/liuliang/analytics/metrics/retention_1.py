"""Active again 1 day after coming."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, returned, returning
from liuliang.analytics.definitions import Definition

METRIC = Counted(
    definition=Definition(
        "retention_1",
        _("次日留存"),
        _(
            "期内第一次进来的人里，进来后的第 1 天（进来那天是第 0 天）做过事的占多少。第 1 天还没过完的人不算；进群记录之前就出现过的人不算新来的。"
        ),
    ),
    stage="retention",
    style="percent",
    waits=1,
    tell=returning(1),
    result="share",
    who=(
        (Side("back", _("留下的人"), "count"), returned(1, came_back=True)),
        (Side("lost", _("没留下的人"), "rest"), returned(1, came_back=False)),
    ),
)
