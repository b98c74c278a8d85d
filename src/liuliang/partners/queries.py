"""Reads of partners' results that a page can show at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, CharField, Count, F, Max, Min, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat

from liuliang.loyalty.models import Account
from liuliang.partners.models import Commission, Partner, SettlementLine, TrainingDone, TrainingItem
from liuliang.partners.settling import DONE

CURRENCY = "CNY"
"""The currency of the sums that lists rank by; others stand on the partner's own page."""


def with_results(partners: QuerySet[Partner]) -> QuerySet[Partner]:
    """Add what partners brought and stand at, in `CURRENCY` minor units.

    ``orders`` and ``sales`` (paid less refunded) are of orders they brought themselves; ``earned`` is commission of both
    levels that was kept, ``awaiting``, ``due`` and ``debt`` what the ledger says.
    """
    standing_ones = Commission.objects.filter(replaced_at=None, currency=CURRENCY)
    mine = standing_ones.filter(partner=OuterRef("pk")).order_by().values("partner")
    return partners.annotate(
        orders=_counted(mine.filter(level=1).annotate(n=Count("pk")).values("n")),
        sales=_counted(mine.filter(level=1).annotate(n=Sum(F("base") - F("refunded"))).values("n")),
        earned=_counted(mine.annotate(n=Sum(F("given") - F("taken_back"))).values("n")),
        awaiting=_standing("awaiting"),
        due=_standing("commission"),
        debt=-_standing("debt"),
    )


def with_training(partners: QuerySet[Partner]) -> QuerySet[Partner]:
    """Add how many of the things that are taught now (``lessons``) each partner has learnt (``learnt``)."""
    mine = TrainingDone.objects.filter(partner=OuterRef("pk"), item__is_active=True).order_by().values("partner")
    taught = TrainingItem.objects.filter(is_active=True).count()
    return partners.annotate(
        learnt=_counted(mine.annotate(n=Count("pk")).values("n")),
        lessons=Value(taught, output_field=BigIntegerField()),
    )


def _counted(rows: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(rows), Value(0), output_field=BigIntegerField())


def _standing(kind: str) -> Coalesce:

    key = Concat(Value("partner:"), Cast(OuterRef("pk"), CharField()))
    rows = Account.objects.filter(unit=CURRENCY, kind=kind, key=key, member=None, bucket=0).values("balance")
    return Coalesce(Subquery(rows), Value(0), output_field=BigIntegerField())


@dataclass(frozen=True, slots=True)
class Results:
    """What a partner brought and earned in a currency, in minor units. ``buyers`` are persons."""

    currency: str
    orders: int
    buyers: int
    sales: int
    earned: int
    awaiting: int
    due: int
    settling: int
    debt: int
    paid: int


def results(partner: Partner) -> Sequence[Results]:
    """Return a partner's results by currency, the usual one first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH mine AS (SELECT c.*, coalesce(m.canonical_id, m.id) AS buyer FROM partners_commission c"
            "  JOIN commerce_order o ON o.id = c.order_id LEFT JOIN people_member m ON m.id = o.member_id"
            "  WHERE c.partner_id = %(partner)s AND c.replaced_at IS NULL),"
            " stands AS (SELECT unit, kind, balance FROM loyalty_account WHERE key = %(key)s AND member_id IS NULL)"
            " SELECT currency, count(*) FILTER (WHERE level = 1), count(DISTINCT buyer) FILTER (WHERE level = 1),"
            " coalesce(sum(base - refunded) FILTER (WHERE level = 1), 0)::bigint, sum(given - taken_back)::bigint,"
            " coalesce((SELECT balance FROM stands WHERE unit = currency AND kind = 'awaiting'), 0),"
            " coalesce((SELECT balance FROM stands WHERE unit = currency AND kind = 'commission'), 0),"
            " coalesce((SELECT balance FROM stands WHERE unit = currency AND kind = 'settling'), 0),"
            " coalesce((SELECT -balance FROM stands WHERE unit = currency AND kind = 'debt'), 0)"
            " FROM mine GROUP BY currency ORDER BY currency <> %(usual)s, currency",
            {"partner": partner.pk, "key": partner.account_key, "usual": CURRENCY},
        )
        rows = cursor.fetchall()
    paid = dict(
        SettlementLine.objects.filter(partner=partner, settlement__state=DONE)
        .values_list("settlement__currency")
        .annotate(Sum("amount"))
    )
    return [Results(*(*row, paid.get(row[0], 0))) for row in rows]


@dataclass(frozen=True, slots=True)
class Held:
    """What waits in a currency for refund windows to end: minor units, of how many partners, the first end and the last."""

    currency: str
    amount: int
    partners: int
    first: datetime
    last: datetime


def held() -> list[Held]:
    """Return what cannot be settled yet, by currency; read from the commissions that wait, which have an index of their own."""
    waiting = Commission.objects.filter(released_at=None, replaced_at=None, given__gt=F("taken_back")).values(
        "currency"
    )
    found = waiting.annotate(
        amount=Sum(F("given") - F("taken_back")), partners=Count("partner", distinct=True), first=Min("release_at"),
        last=Max("release_at"),
    )  # fmt: skip
    return [Held(**row) for row in found.order_by("currency")]
