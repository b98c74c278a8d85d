"""New ones who begin to speak."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted
from liuliang.analytics.definitions import Definition
from liuliang.analytics.joining import beginners, first_words
from liuliang.analytics.newcomers import WINDOW

METRIC = Counted(
    definition=Definition(
        "activation",
        _("新人激活率"),
        _(
            "期内第一次进某个群的“人·群”里，进群后 7 天（168 小时）内在这个群说过话的占多少。进群还不满 7 天的不算；进群记录之前就在群里出现过的不算。"
        ),
    ),
    stage="retention",
    style="percent",
    waits=WINDOW.days,
    tell=first_words,
    result="share",
    who=(
        (Side("spoke", _("激活的人"), "count", is_by_place=True), beginners(spoke=True)),
        (Side("silent", _("没激活的人"), "rest", is_by_place=True), beginners(spoke=False)),
    ),
)
