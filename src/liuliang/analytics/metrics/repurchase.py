"""Buyers who buy again."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Asked, Statement
from liuliang.analytics.counting import Counted
from liuliang.analytics.definitions import Definition
from liuliang.analytics.selling import paid_orders


def _tell(asked: Asked) -> Statement:
    orders, values = paid_orders(asked)
    return Statement(
        "SELECT part, start, count(*) FILTER (WHERE bought > 1 OR k.first_order_at < (start::timestamp AT TIME ZONE b.zone)),"
        " count(*) FROM (SELECT part, start, buyer, count(*) AS bought, min(zone) AS zone"
        f" FROM {orders} WHERE buyer IS NOT NULL GROUP BY part, start, buyer) AS b"
        " LEFT JOIN commerce_buyer k ON k.member_id = b.buyer GROUP BY part, start",
        values,
        "records",
    )


METRIC = Counted(
    definition=Definition(
        "repurchase",
        _("复购率"),
        _("期内的买家里，期内买了不止一笔、或者在这之前就买过的占多少。"),
    ),
    stage="revenue",
    style="percent",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
    tell=_tell,
    result="share",
)
