"""Buyers who buy again."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Asked, Side, Statement
from liuliang.analytics.counting import Counted, Teller
from liuliang.analytics.definitions import Definition
from liuliang.analytics.selling import orders_of_any_currency


def _tell(asked: Asked) -> Statement:
    told = _buyers(asked)
    return Statement(
        f"SELECT part, start, count(*) FILTER (WHERE again), count(*) FROM ({told.sql}) AS b GROUP BY part, start",
        told.values,
        told.store,
    )


def _who(*, again: bool) -> Teller:
    condition = "again" if again else "NOT again"

    def tell(asked: Asked) -> Statement:
        told = _buyers(asked)
        return Statement(
            f"SELECT part, start, buyer AS member FROM ({told.sql}) AS b WHERE {condition}", told.values, told.store
        )

    return tell


def _buyers(asked: Asked) -> Statement:
    orders, values = orders_of_any_currency(asked)
    before = "coalesce(k.first_order_at < (start::timestamp AT TIME ZONE b.zone), false)"
    return Statement(
        f"SELECT part, start, buyer, bought > 1 OR {before} AS again"
        " FROM (SELECT part, start, buyer, count(*) AS bought, min(zone) AS zone"
        f" FROM {orders} WHERE buyer IS NOT NULL GROUP BY part, start, buyer HAVING bool_or(is_counted)) AS b"
        " LEFT JOIN commerce_buyer k ON k.member_id = b.buyer",
        values,
        "records",
    )


METRIC = Counted(
    definition=Definition(
        "repurchase",
        _("复购率"),
        _(
            "期内的买家里，期内买了不止一笔、或者在这之前就买过的占多少，不论哪种币种。“之前”从有订单记录的第一天算起，记录越长，这个比例自己就会变大，"
            "所以不和上一期比。"
        ),
    ),
    stage="revenue",
    style="percent",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
    tell=_tell,
    result="share",
    who=(
        (Side("again", _("又买了的人"), "count"), _who(again=True)),
        (Side("once", _("只买过一次的人"), "rest"), _who(again=False)),
    ),
)
