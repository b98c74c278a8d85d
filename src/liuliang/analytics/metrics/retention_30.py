"""Active again 30 days after coming."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, returned, returning
from liuliang.analytics.definitions import Definition

METRIC = Counted(
    definition=Definition(
        "retention_30",
        _("30 日留存"),
        _(
            "期内第一次进来的人里，进来后的第 30 天（进来那天是第 0 天）做过事的占多少。第 30 天还没过完的人不算；进群记录之前就出现过的人不算新来的。"
        ),
    ),
    stage="retention",
    style="percent",
    waits=30,
    tell=returning(30),
    result="share",
    who=(
        (Side("back", _("留下的人"), "count"), returned(30, came_back=True)),
        (Side("lost", _("没留下的人"), "rest"), returned(30, came_back=False)),
    ),
)
