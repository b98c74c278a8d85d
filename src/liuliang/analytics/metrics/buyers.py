"""People who paid."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted
from liuliang.analytics.definitions import Definition
from liuliang.analytics.selling import by_order, paying

METRIC = Counted(
    definition=Definition(
        "buyers",
        _("买家"),
        _("期内至少付过一笔人民币订单的人，一个人只算一次；不知道买家是谁的订单不算，机器人不算。"),
        _("人"),
    ),
    stage="revenue",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
    tell=by_order("count(DISTINCT buyer)"),
    who=((Side("paid", _("付了款的人"), "value"), paying),),
)
