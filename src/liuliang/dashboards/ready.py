"""Ready-made dashboards to start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW


@dataclass(frozen=True, slots=True)
class ReadyCard:
    """A card of a ready-made dashboard; the title is what it is offered by where it is offered alone."""

    kind: str
    question: Mapping[str, Any]
    width: int = 1
    title: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """A ready-made dashboard; ``permission`` is what most of its figures take besides seeing figures."""

    key: str
    title: str | Promise
    meaning: str | Promise
    cards: tuple[ReadyCard, ...] = field(default=())
    permission: str = ""


def _number(metric: str) -> ReadyCard:
    return ReadyCard("metric", {"metric": metric})


def _trend(metric: str) -> ReadyCard:
    return ReadyCard("metric", {"metric": metric, "view": "trend"}, 2)


def _split(metric: str, by: str) -> ReadyCard:
    return ReadyCard("metric", {"metric": metric, "view": "split", "split": by}, 2)


def _funnel(window: str, *kinds: str, title: str | Promise) -> ReadyCard:
    return ReadyCard("funnel", {"steps": [{"kind": kind} for kind in kinds], "window": window}, 2, title)


NEWCOMERS_SPEAK = _("进群以后，说上话了吗？")
SPEAKERS_BUY = _("说过话的人，后来买了吗？")
NEWCOMERS_BUY = _("进群的人，买了几次？")

FUNNELS: Mapping[str, ReadyCard] = {
    "speak": _funnel("7d", "member.joined", "message.sent", title=NEWCOMERS_SPEAK),
    "buy": _funnel("30d", "message.sent", "order.paid", title=SPEAKERS_BUY),
    "rebuy": _funnel("90d", "member.joined", "order.paid", "order.paid", title=NEWCOMERS_BUY),
}
"""Ready-made funnels; others are put together on the page of funnels."""

READY: Mapping[str, Ready] = {
    ready.key: ready
    for ready in (
        Ready(
            "daily", _("日常运营"), _("每天早上看一眼：人多了没有，谁在说话，哪个群要救"),
            (
                _number("members"), _number("net"), _number("speakers"), _number("messages"), _number("rate"),
                _number("stickiness"), _number("response_time"), _number("churn"), ReadyCard("alerts", {}, 4),
                _trend("messages"), _trend("speakers"), ReadyCard("health", {}, 2), ReadyCard("goals", {}, 2),
                _split("messages", "community"), ReadyCard("retention", {"view": "curve"}, 2),
            ),
        ),
        Ready(
            "sales", _("成交"), _("卖了多少，谁在买，买完还回来吗，从说话到下单卡在哪"),
            (
                _number("gmv"), _number("orders"), _number("buyers"), _number("arpu"), _number("repurchase"),
                _number("ltv"), _number("cac"), _number("roi"), _trend("gmv"), _split("gmv", "community"),
                FUNNELS["buy"], FUNNELS["rebuy"], ReadyCard("predictions", {"subject": "buying"}, 4),
            ),
            ORDERS_VIEW,
        ),
        Ready(
            "growth", _("拉新"), _("来了多少，从哪来的，留下多少，一个新人花多少钱"),
            (
                _number("joined"), _number("net"), _number("invites"), _number("k_factor"), _number("activation"),
                _number("retention_1"), _number("retention_7"), _number("retention_30"), _trend("joined"),
                _split("joined", "how"), FUNNELS["speak"], ReadyCard("retention", {"view": "matrix"}, 4),
                ReadyCard("paths", {}, 4),
            ),
        ),
    )
}  # fmt: skip
