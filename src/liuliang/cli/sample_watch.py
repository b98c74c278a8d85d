"""What the sample brand keeps an eye on: dashboards, an alert, goals of the month, and segments that keep themselves up to date."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import translation

from liuliang.accounts.models import Staff
from liuliang.alerting.rules import Condition
from liuliang.alerting.services import Wanted, set_alert
from liuliang.analytics.services import set_goal
from liuliang.dashboards.ready import READY
from liuliang.dashboards.services import create_dashboard
from liuliang.people.models import Community
from liuliang.segments.rules import read_rule
from liuliang.segments.services import create_segment
from liuliang.simulator import brand

_SPOKE = {"if": "behaviour", "kind": "message.sent"}
_PAID = {"if": "behaviour", "kind": "order.paid"}

_SEGMENTS = (
    ("半年买过至少三次", [_PAID | {"number": 3, "within": {"last_days": 180}}]),
    ("老买家，一个月没说话", [_PAID | {"within": {"last_days": 90}}, {"not": _SPOKE | {"within": {"last_days": 30}}}]),
    ("新来一周，还没开口", [{"if": "membership", "at_most_days": 7}, {"not": _SPOKE | {"within": {"last_days": 7}}}]),
    (
        "常来说话，近 30 天没买",
        [_SPOKE | {"number": 5, "within": {"last_days": 14}}, {"not": _PAID | {"within": {"last_days": 30}}}],
    ),
)

_GOALS = (("gmv", 28_000_000), ("speakers", 1_900))
"""Metrics of the whole brand and what they should reach in a month; money in minor units."""

_JOINING = 60
"""Members who should come into the first group in a month."""


def keep_an_eye(group: Community, owner: Staff, *, at: datetime) -> None:
    """Put up dashboards, an alert, goals and segments; ``group`` has a goal of its own, ``owner`` keeps and is told of all."""
    with translation.override("zh-hans"):
        # The list shows the newest first.
        for ready in reversed([*READY.values()]):
            create_dashboard(str(ready.title), owner=owner, community=None, cards=ready.cards, at=at)
    condition = Condition("unusual", direction="down", weeks=8)
    steps = "先看看是不是节假日；再到群里发一个今天就能答的问题；两天没好转，找群里的骨干聊聊。"
    set_alert(Wanted("群里突然安静了", "messages", None, condition, [owner], is_each=True, steps=steps), at=at)
    first = at.astimezone(ZoneInfo(brand.TIMEZONE)).date().replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    for metric, target in _GOALS:
        set_goal(community=None, metric=metric, first_day=first, last_day=last, target=target, at=at)
    set_goal(community=group, metric="joined", first_day=first, last_day=last, target=_JOINING, at=at)
    for name, rule in _SEGMENTS:
        create_segment(name, read_rule({"all": rule}), community=None, at=at)
