"""Money paid."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted
from liuliang.analytics.orders import GMV
from liuliang.analytics.selling import by_order, paying

METRIC = Counted(
    definition=GMV,
    stage="revenue",
    style="money",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
    tell=by_order("sum(amount)"),
    who=((Side("paid", _("付了款的人")), paying),),
)
