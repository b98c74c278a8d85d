"""Recording orders: the same order counts once, whoever imports it how often, and a refund counts by what it adds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection, transaction

from liuliang.commerce.events import OrderClaimed, OrderPaid, OrderRefunded
from liuliang.kernel.events import Event, Fact
from liuliang.kernel.log import append
from liuliang.people.identities import Known, Resolved, resolve_people
from liuliang.people.names import clean_name
from liuliang.people.proposals import propose_pairs

ORIGIN_LIMIT = 120
"""Characters in which an order says what it came from."""

UNPAID = frozenset({"unpaid", "cancelled"})
"""States in which no money has moved; an order in any other state was paid."""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as a file or a shop tells it. Amounts are minor units of ``currency``; ``at`` is when it was placed.

    ``refunded`` is all that went back so far. ``status`` is ``unpaid``, ``paid``, ``refunded`` or ``cancelled``. ``content`` and
    ``play`` say in words what it came from, ``staff`` is the person in charge; what is known of these already stays.
    """

    number: str
    at: datetime
    buyer: Known
    amount: int
    refunded: int = 0
    currency: str = "CNY"
    product: str = ""
    quantity: int = 1
    status: str = "paid"
    content: str = ""
    play: str = ""
    staff: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a batch of orders brought.

    Rows that are new, rows that changed, numbers whose amount was told differently, numbers left alone because they belong to
    other communities, and who the buyers are.
    """

    added: int
    changed: int
    conflicting: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    buyers: Resolved = field(default_factory=Resolved, compare=False)


def record_orders(
    orders: Sequence[NewOrder],
    *,
    source: str,
    community: int | None,
    at: datetime,
    may_merge: bool = True,
    among: Collection[int] | None = None,
) -> Recorded:
    """Record ``orders`` of one shop or file format and log what happened with the money.

    ``source`` and ``number`` identify an order, so importing again adds nothing. A payment is logged once; of a refund
    that grows over several imports only what was added is logged. Amount, currency and time of a paid order stand as
    they were first told; numbers told differently later are returned as conflicting. An order whose buyer was unknown
    is claimed by the buyer that a later import names.

    Args:
        orders: in any order; of one number given twice the last counts.
        source: what names the numbers, such as ``taobao``.
        community: where the orders belong, None for none.
        at: now; the names of buyers count as seen then.
        may_merge: whether buyers found to be one person are merged; else they are proposed to staff.
        among: the communities whose orders may be touched; None for all. An order never moves to another community. A buyer known
            in none of them is the order's buyer, and stays as they are.

    Raises:
        ValueError: an amount is negative or a refund is greater than its amount.
    """
    rows = {order.number: order for order in sorted(orders, key=lambda order: order.number)}
    for order in rows.values():
        if order.amount < 0 or not 0 <= order.refunded <= order.amount:
            raise ValueError(f"order {order.number} has amount {order.amount} and refund {order.refunded}")
    if not rows:
        return Recorded(0, 0)
    known = [order.buyer for order in rows.values() if _is_somebody(order.buyer)]
    # Before the transaction of the orders, because new members are to be visible to other imports at once.
    resolved = resolve_people(known, community=community, at=at, may_merge=may_merge, among=among)
    ids = iter(resolved.members)
    buyers = {order.number: next(ids) if _is_somebody(order.buyer) else None for order in rows.values()}
    with transaction.atomic():
        added = _insert(rows, buyers, source, community)
        # What has just been added is nobody else's, even if who brings it may not reach its community any more.
        elsewhere = frozenset() if among is None else _elsewhere(among, list(rows), source) - added
        touched = {number: order for number, order in rows.items() if number not in elsewhere}
        recorded = _bring_up_to_date(touched, buyers, source, added, at)
    return replace(recorded, elsewhere=tuple(sorted(elsewhere)), buyers=resolved)


def _is_somebody(buyer: Known) -> bool:
    return bool(buyer.name or buyer.identities)


def _insert(rows: dict[str, NewOrder], buyers: dict[str, int | None], source: str, community: int | None) -> set[str]:
    """Insert the orders nobody has recorded yet, as not paid; what moved is decided under the lock of their rows."""
    orders = list(rows.values())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO commerce_order"
            " (source, number, member_id, community_id, at, amount, refunded, currency, product, quantity, status)"
            " SELECT %s, number, member, %s, at, amount, 0, currency, product, quantity, 'unpaid'"
            " FROM unnest(%s::text[], %s::int[], %s::timestamptz[], %s::bigint[], %s::text[], %s::text[], %s::int[])"
            " AS o (number, member, at, amount, currency, product, quantity) ORDER BY number"
            " ON CONFLICT (source, number) DO NOTHING RETURNING number",
            [
                source, community,
                [order.number for order in orders], [buyers[order.number] for order in orders],
                [order.at for order in orders], [order.amount for order in orders],
                [order.currency for order in orders], [clean_name(order.product) for order in orders],
                [order.quantity for order in orders],
            ],
        )  # fmt: skip
        return {row[0] for row in cursor.fetchall()}


def _elsewhere(communities: Collection[int], numbers: list[str], source: str) -> frozenset[str]:
    """Return the numbers of orders that belong to none of these communities."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number FROM commerce_order WHERE source = %s AND number = ANY(%s)"
            " AND NOT coalesce(community_id = ANY(%s), false)",
            [source, numbers, list(communities)],
        )
        return frozenset(number for (number,) in cursor.fetchall())


def _bring_up_to_date(
    rows: dict[str, NewOrder],
    buyers: dict[str, int | None],
    source: str,
    added: set[str],
    at: datetime,
) -> Recorded:
    """Lock the orders, log what moved since they were last told, and store how they stand now."""
    facts: list[Fact] = []
    changed: list[_Standing] = []
    conflicting: list[str] = []
    strangers: list[tuple[int, int]] = []
    for before in _locked(list(rows), source):
        told, buyer = rows[before.number], buyers[before.number]
        if before.is_paid and (before.amount, before.currency) != (told.amount, told.currency):
            conflicting.append(before.number)
        if before.member and buyer and before.member != buyer:
            strangers.append((before.member, buyer))
        after = _after(before, told, buyer)
        facts += _moved(before, after, source)
        if after != before:
            changed.append(after)
    _store(changed)
    append(facts)
    # One order has one buyer, so two who were named for it are very likely one person.
    propose_pairs(strangers, score=90, evidence={"order": True}, at=at)
    return Recorded(len(added), sum(each.number not in added for each in changed), tuple(conflicting))


@dataclass(frozen=True, slots=True)
class _Standing:
    """How an order stands: what its row holds."""

    id: int
    number: str
    member: int | None
    community: int | None
    at: datetime
    amount: int
    refunded: int
    currency: str
    product: str
    quantity: int
    status: str
    content: str
    play: str
    staff: int | None

    @property
    def is_paid(self) -> bool:
        return self.status not in UNPAID


def _locked(numbers: list[str], source: str) -> list[_Standing]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, number, member_id, community_id, at, amount, refunded, currency, product, quantity, status,"
            " content, play, staff_id FROM commerce_order WHERE source = %s AND number = ANY(%s) ORDER BY number FOR UPDATE",
            [source, numbers],
        )
        return [_Standing(*row) for row in cursor.fetchall()]


def _after(before: _Standing, told: NewOrder, buyer: int | None) -> _Standing:
    """Return how the order stands when ``told`` is taken in. What once moved never moves back."""
    after = replace(
        before, member=before.member or buyer, product=before.product or clean_name(told.product),
        content=before.content or clean_name(told.content)[:ORIGIN_LIMIT], play=before.play or clean_name(told.play)[:ORIGIN_LIMIT],
        staff=before.staff or told.staff,
    )  # fmt: skip
    went_back = told.amount if told.status == "refunded" and not told.refunded else told.refunded
    if not before.is_paid:
        after = replace(
            after, at=told.at, amount=told.amount, currency=told.currency, quantity=told.quantity,
            status="paid" if told.status not in UNPAID or went_back else told.status,
        )  # fmt: skip
    if not after.is_paid:
        return after
    refunded = min(after.amount, max(before.refunded, went_back))
    is_free_back = told.status == "refunded" and not after.amount
    is_back = before.status == "refunded" or is_free_back or 0 < refunded == after.amount
    return replace(after, refunded=refunded, status="refunded" if is_back else "paid")


def _moved(before: _Standing, after: _Standing, source: str) -> list[Fact]:
    """Return what happened with the money between two standings.

    Refunds carry the time of their order: files do not tell when the money went back, and the time of an import says
    nothing about it.
    """

    def fact(payload: Event, what: str) -> Fact:
        return order_fact(
            payload, what, source=source, number=after.number, at=after.at, member=after.member,
            community=after.community,
        )  # fmt: skip

    facts = []
    if after.is_paid and not before.is_paid:
        paid = OrderPaid(after.id, after.amount, after.currency, after.product, after.quantity)
        facts.append(fact(paid, "paid"))
    elif after.is_paid and after.member and not before.member:
        claimed = OrderClaimed(after.id, after.amount, before.refunded, after.currency, after.product, after.quantity)
        facts.append(fact(claimed, "claimed"))
    is_back = after.status == "refunded" and before.status != "refunded"
    # An order that cost nothing comes back with nothing.
    if after.refunded > before.refunded or is_back:
        went_back = OrderRefunded(after.id, after.refunded - before.refunded, after.currency)
        facts.append(fact(went_back, f"refunded:{after.refunded}"))
    return facts


def order_fact(
    payload: Event,
    what: str,
    *,
    source: str,
    number: str,
    at: datetime,
    member: int | None,
    community: int | None,
    actor: int | None = None,
) -> Fact:
    """Return what happened with an order as the log tells it, whoever recorded the order.

    ``what`` tells the events of one order apart: ``paid``, ``claimed``, or ``refunded:`` with all that went back by then.
    """
    return Fact(payload, at, f"order:{source}", f"{number}:{what}", member, community, actor)


def _store(standings: Sequence[_Standing]) -> None:
    if not standings:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE commerce_order o SET member_id = n.member, at = n.at, amount = n.amount, refunded = n.refunded,"
            " currency = n.currency, product = n.product, quantity = n.quantity, status = n.status, content = n.content,"
            " play = n.play, staff_id = n.staff"
            " FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::text[],"
            "  %s::text[], %s::int[], %s::text[], %s::text[], %s::text[], %s::int[])"
            " AS n (id, member, at, amount, refunded, currency, product, quantity, status, content, play, staff)"
            " WHERE o.id = n.id",
            [
                [each.id for each in standings], [each.member for each in standings],
                [each.at for each in standings], [each.amount for each in standings],
                [each.refunded for each in standings], [each.currency for each in standings],
                [each.product for each in standings], [each.quantity for each in standings],
                [each.status for each in standings], [each.content for each in standings],
                [each.play for each in standings], [each.staff for each in standings],
            ],
        )  # fmt: skip
