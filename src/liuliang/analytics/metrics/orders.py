"""Orders paid."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted
from liuliang.analytics.definitions import Definition
from liuliang.analytics.selling import by_order, paying

METRIC = Counted(
    definition=Definition(
        "orders",
        _("订单"),
        _("期内付款的人民币订单数，后来退款的也算在内；未付款、已取消的不算。一笔订单算给哪个群，与成交额相同。"),
        _("笔"),
    ),
    stage="revenue",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
    tell=by_order("count(*)"),
    who=((Side("paid", _("付了款的人")), paying),),
)
