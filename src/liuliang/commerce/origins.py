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
from liuliang.commerce.services import ORIGIN_LIMIT
from liuliang.people.names import clean_name

NOTED = audit.action("order.origin_noted", _("记下订单来自哪里"))

By = Literal["community", "content", "play", "staff"]
_FIELDS: dict[By, tuple[str, str]] = {
    "community": ("community__public_id", "community__name"),
    "content": ("content", "content"),
    "play": ("play", "play"),
    "staff": ("staff", "staff__name"),
}
"""What tells origins apart, and what they are called: two colleagues or groups of one name stay two."""

MOST = 5_000
"""Origins that are told at once, those that brought most first: words are free, so there may be any number."""

COUNTED = ("paid", "refunded")
"""States of orders that were paid."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What one origin brought in one currency: paid orders, their buyers as persons, and the sum less refunds in minor units.

    ``key`` tells it apart: the words themselves, a community's public id, or a colleague's id; ``origin`` is its name. Both are
    empty for the orders of which none is noted.
    """

    key: str
    origin: str
    orders: int
    buyers: int
    amount: int

    @property
    def row(self) -> str:
        """Return the key as a place in a list, never empty."""
        return f"={self.key}"


def currencies(orders: QuerySet[Order], begin: datetime, end: datetime) -> list[str]:
    """Return the currencies of the paid ones of some orders of a period, that of most orders first."""
    rows = _counted(orders, begin, end).values_list("currency").annotate(orders=Count("id"))
    return [currency for currency, _orders in rows.order_by("-orders", "currency")]


def brought_by(orders: QuerySet[Order], by: By, begin: datetime, end: datetime, currency: str) -> list[Brought]:
    """Return what the paid ones of some orders brought in a currency from ``begin`` until before ``end``, by what they came from.

    Amounts of different currencies are never compared, so a list has one. One statement; at most `MOST` origins.
    """
    key, name = _FIELDS[by]
    rows = (
        _counted(orders, begin, end)
        .filter(currency=currency)
        .values_list(*dict.fromkeys((key, name)))
        .annotate(
            orders=Count("id"),
            buyers=Count(Coalesce("member__canonical", "member"), distinct=True),
            net=Sum(F("amount") - F("refunded")),
        )
        .order_by("-net", key)[:MOST]
    )
    return [Brought(str(told[0] or ""), told[-4] or "", *told[-3:]) for told in rows]


def _counted(orders: QuerySet[Order], begin: datetime, end: datetime) -> QuerySet[Order]:
    return orders.filter(at__gte=begin, at__lt=end, status__in=COUNTED).order_by()


@transaction.atomic
def note_origin(order: int, *, content: str, play: str, staff: Staff | None) -> None:
    """Note what an order came from and who is in charge of it, in place of what was noted before."""
    row = Order.objects.select_for_update(of=("self",)).select_related("staff").get(pk=order)
    after = {"content": clean_name(content)[:ORIGIN_LIMIT], "play": clean_name(play)[:ORIGIN_LIMIT]}
    changes: dict[str, tuple[object, object]] = {key: (getattr(row, key), value) for key, value in after.items()}
    changes["staff"] = (row.staff.name if row.staff else "", staff.name if staff else "")
    Order.objects.filter(pk=order).update(**after, staff=staff)
    audit.record(NOTED, row, name=row.number, community=row.community_id, changes=changes)
