"""What payments and refunds through adapters are called, and those of an order as its page shows them."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.commerce.base import adapters
from liuliang.commerce.models import Order

STATES: dict[str, tuple[str | Promise, str]] = {
    "new": (_("正在发起"), "act"),
    "open": (_("等买家付"), "act"),
    "paid": (_("已付"), "good"),
    "closed": (_("已关闭"), ""),
    "failed": (_("没有发起成功"), "bad"),
    "stray": (_("收到了，订单收不下"), "warn"),
    "returned": (_("已退回买家"), ""),
}
BACK: dict[str, tuple[str | Promise, str]] = {
    "processing": (_("退款中"), "act"),
    "succeeded": (_("已退到"), "good"),
    "failed": (_("没有退成"), "bad"),
}
PROBLEMS: dict[str, str | Promise] = {
    "amount": _("金额或币种和订单对不上"),
    "closed": _("订单已经关闭"),
    "double": _("订单已经用别的方式付过"),
    "late": _("过了付款期限"),
    "again": _("已经用别的方式退过，这笔后来又退成了，请和买家核对"),
}


def title_of(adapter: str) -> str:
    """Return what an adapter is called; one that is not installed any more by its key."""
    found = adapters().get(adapter)
    return str(found.title) if found else adapter


def attempts(order: Order) -> list[dict[str, Any]]:
    """Return the payments of an order with what came of them, as its page shows them."""
    return [
        {
            "row": row,
            "title": title_of(row.adapter),
            "state": STATES.get(row.state, (row.state, "")),
            "problem": PROBLEMS.get(row.problem, row.problem),
            "refunds": [
                (one, BACK.get(one.state, (one.state, "")), PROBLEMS.get(one.problem, one.problem))
                for one in row.refunds.order_by("id")
            ],
        }
        for row in order.payments.prefetch_related("refunds").order_by("-id")
    ]
