"""粉丝类型: who invests, who spreads, who improves, who opposes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray
from pydantic import Field

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.segments.base import Config
from liuliang.segments.features import Features
from liuliang.segments.layering import Dimension, Layer


class Thresholds(Config):
    """From where on somebody is of a type; the type they are furthest beyond counts."""

    yuan: int = Field(default=500, ge=1, le=10**9)
    spread: int = Field(default=3, ge=1, le=10_000)
    feedback: int = Field(default=3, ge=1, le=10_000)
    complaints: int = Field(default=3, ge=1, le=10_000)


class Fan(Dimension[Thresholds]):
    """Fans by what they give: money, reach, ideas, or opposition."""

    key = "fan"
    title = gettext_lazy("粉丝类型")
    question = gettext_lazy("谁出钱、谁传播、谁提意见、谁唱反调")
    permission = ORDERS_VIEW
    config = Thresholds
    titles: ClassVar[Mapping[str, str | Promise]] = {
        "yuan": gettext_lazy("投资型：累计消费至少几元"),
        "spread": gettext_lazy("传播型：带来的人加近 90 天分享的链接，至少几"),
        "feedback": gettext_lazy("迭代型：近 90 天至少几条建议"),
        "complaints": gettext_lazy("反向型：近 90 天至少几条抱怨"),
    }
    layers: ClassVar[Mapping[str, Layer]] = {
        "investor": Layer(gettext_lazy("投资型"), gettext_lazy("愿意花钱"), "green"),
        "spreader": Layer(gettext_lazy("传播型"), gettext_lazy("带人来、分享出去"), "blue"),
        "improver": Layer(gettext_lazy("迭代型"), gettext_lazy("提建议，帮着变好"), "blue"),
        "opponent": Layer(gettext_lazy("反向型"), gettext_lazy("抱怨多，要先安抚"), "red"),
    }

    def assign(self, people: Features, config: Thresholds, norms: Mapping[str, int]) -> NDArray[Any]:
        """Take the type whose bound is passed by the most, if any is."""
        del norms
        shares = _shares(people, config)
        return np.where(shares.max(axis=0) >= 1, shares.argmax(axis=0), -1).astype(np.int8)

    def reason(self, person: Features, config: Thresholds, norms: Mapping[str, int]) -> str:
        """Say all four figures."""
        del norms
        return _(
            "消费 ¥%(paid)s，带来 %(invited)s 人、分享 %(links)s 次链接，建议 %(feedback)s 条，抱怨 %(complaints)s 条%(none)s"
        ) % {
            "paid": f"{int(person.paid[0]) / 100:,.2f}",
            "invited": int(person.invited[0]),
            "links": int(person.links_90[0]),
            "feedback": int(person.feedback_90[0]),
            "complaints": int(person.complaints_90[0]),
            "none": "" if _shares(person, config).max() >= 1 else _("，都没有达到界线"),
        }


def _shares(people: Features, config: Thresholds) -> NDArray[np.float64]:
    return np.stack(
        [
            people.paid / (config.yuan * 100),
            (people.invited + people.links_90) / config.spread,
            people.feedback_90 / config.feedback,
            people.complaints_90 / config.complaints,
        ]
    )


DIMENSION = Fan()
