"""How the members of the sample brand keep company: a circle that staff confirmed, and groups that are a family."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from liuliang.analytics.circles import circles
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import robots
from liuliang.analytics.scopes import Scope
from liuliang.cultivation.finding import colleagues
from liuliang.families.services import NewTier, make_family
from liuliang.people.circles import form_circle
from liuliang.people.models import Community
from liuliang.segments.rules import read_rule

_VALUED = {"if": "layer", "dimension": "value", "layers": ["champion"]}
_LIVELY = {"if": "layer", "dimension": "activity", "layers": ["core", "active"]}


_SEASON = timedelta(days=90)
"""Of how long circles are looked for."""


def keep_company(groups: Mapping[str, Community], *, at: datetime) -> None:
    """Confirm the tightest circle of one group, and make a family of three, by the short name of each."""
    paid = groups["paid"]
    last = at.astimezone(ZoneInfo(paid.timezone)).date()
    scope = Scope.of([(paid.pk, paid.timezone)], robots=robots())
    found = circles(scope, Period((at - _SEASON).date(), last), tuple(sorted(colleagues(at)))).found
    if found:
        form_circle(paid, name="午后手冲搭子", members=found[0].members, leader=found[0].leader, at=at)
    make_family(
        "雾汀一家",
        [
            NewTier("品鉴", read_rule(_VALUED), [groups["paid"].pk], invitation="老朋友，品鉴私塾给你留了位置：每周一支新豆，大家一起喝、一起聊。"),
            NewTier("老友", read_rule(_LIVELY), [groups["fans"].pk], invitation="常看到你说话，来老友会吧，新品和活动都先在那里说。"),
            NewTier("福利", None, [groups["deals"].pk], invites=False),
        ],
        steady_days=7,
        at=at,
    )  # fmt: skip
