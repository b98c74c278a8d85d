"""What orders came from: the content, the play and the person in charge, noted by hand or told with the order, and what each brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import Staff
from liuliang.commerce.models import Order
from liuliang.people.names import clean_name

NOTED = audit.action("order.origin_noted", _("记下订单来自哪里"))

By = Literal["community", "content", "play", "staff"]
_FIELDS: dict[By, str] = {"community": "community__name", "content": "content", "play": "play", "staff": "staff__name"}

MOST = 200
"""Origins that are told at once, those that brought most first."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What one origin brought in one currency: paid orders, their buyers as persons, and the sum less refunds in minor units.

    ``origin`` is a name; empty for the orders of which none is noted.
    """

    origin: str
    currency: str
    orders: int
    buyers: int
    amount: int


def brought_by(orders: QuerySet[Order], by: By, begin: datetime, end: datetime) -> list[Brought]:
    """Return what the paid ones of some orders brought from ``begin`` until before ``end``, by what they came from."""
    rows = (
        orders.filter(at__gte=begin, at__lt=end, status__in=("paid", "refunded"))
        .order_by()
        .values_list(_FIELDS[by], "currency")
        .annotate(
            orders=Count("id"),
            buyers=Count(Coalesce("member__canonical", "member"), distinct=True),
            net=Sum(F("amount") - F("refunded")),
        )
        .order_by("-net", _FIELDS[by], "currency")[:MOST]
    )
    return [Brought(origin or "", currency, *figures) for origin, currency, *figures in rows]


@transaction.atomic
def note_origin(order: int, *, content: str, play: str, staff: Staff | None) -> None:
    """Note what an order came from and who is in charge of it, in place of what was noted before."""
    row = Order.objects.select_for_update(of=("self",)).select_related("staff").get(pk=order)
    after = {"content": clean_name(content)[:120], "play": clean_name(play)[:120]}
    changes: dict[str, tuple[object, object]] = {key: (getattr(row, key), value) for key, value in after.items()}
    changes["staff"] = (row.staff.name if row.staff else "", staff.name if staff else "")
    Order.objects.filter(pk=order).update(**after, staff=staff)
    audit.record(NOTED, row, name=row.number, community=row.community_id, changes=changes)
