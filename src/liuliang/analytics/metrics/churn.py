"""Active before, not any more."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.acts import ACTS
from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, rolling, rolling_people
from liuliang.analytics.definitions import Definition

_BEFORE = "groupBitmapOrStateIf(people, place >= 30)"
_NOW = "groupBitmapOrStateIf(people, place < 30)"

METRIC = Counted(
    definition=Definition(
        "churn",
        _("流失率"),
        _(
            "到每一格最后一天为止看 60 天：前 30 天做过事的人里，后 30 天一件事也没做的占多少。按做事算而不按退群算，"
            "因为微信的记录不写谁自己退了群。"
        ),
        good="down",
    ),
    stage="retention",
    style="percent",
    tell=rolling(ACTS, 60, f"bitmapAndnotCardinality({_BEFORE}, {_NOW}), groupBitmapOrIf(people, place >= 30)"),
    result="share",
    who=(
        (Side("lost", _("流失的人"), "count"), rolling_people(ACTS, 60, f"bitmapAndnot({_BEFORE}, {_NOW})")),
        (Side("stayed", _("没流失的人"), "rest"), rolling_people(ACTS, 60, f"bitmapAnd({_BEFORE}, {_NOW})")),
    ),
)
