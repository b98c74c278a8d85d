"""How many each new one brings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted
from liuliang.analytics.definitions import Definition
from liuliang.analytics.joining import GENERATION, bringers, brought, brought_people

METRIC = Counted(
    definition=Definition(
        "k_factor",
        _("K 因子"),
        _(
            "期内第一次进某个群的“人·群”，在进来后的 30 天里平均又带来几个第一次进这个群的人。大于 1 就会自己长大。"
            "进来还不满 30 天的不算；带来的人按记录里写的邀请人算。"
        ),
    ),
    stage="referral",
    style="ratio",
    waits=GENERATION.days,
    tell=brought,
    result="mean",
    who=(
        (Side("brought", _("被带来的人"), "count", is_by_place=True), brought_people),
        (Side("bringers", _("带来过人的新人"), is_by_place=True), bringers(of_any=True)),
        (Side("others", _("没带来人的新人"), is_by_place=True), bringers(of_any=False)),
    ),
)
