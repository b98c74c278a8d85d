"""What a figure is called, how it is counted, and in what unit: told wherever the figure is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure's words. ``counted`` answers "how is this counted" completely; ``good`` is the welcome direction."""

    key: str
    title: str | Promise
    counted: str | Promise
    unit: str | Promise = ""
    good: Literal["up", "down", "neither"] = "up"


COMPARED = _(
    "变化是与紧挨着的、同样长的上一期相比。只有当变化的 95% 区间不包含零、而且碰巧变成这样的可能不到百分之一时才上色（一页上有二十来个数，放宽了每周都会有几个碰巧变色）：按天计的数，区间来自平常日子之间的差别"
    "（已去掉星期的规律，并计入相邻几天的牵连）；按人计的数，来自两期里只出现过一次的人数；比例按二项分布算。灰色表示还分不清是变化还是偶然。"
)
