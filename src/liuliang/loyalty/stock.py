"""Limited things: goods, coupons, places, budgets, and how many of them one person may have. Never oversold.

A limited thing is a unit of the ledger. What there is stands in a stock account, split into buckets where many want it at once;
what a person has stands in an account of theirs, so the limit for a person is a ceiling on that account. Reserving
is a hold between the two, redeeming posts it, releasing voids it, and a reservation nobody redeems times out. A
budget is the same with points or money as its unit: what it holds is what may still be given.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from liuliang.kernel.errors import Refused
from liuliang.loyalty import holds
from liuliang.loyalty.accounts import POINTS, Address, open_account, standing
from liuliang.loyalty.holds import Reservation
from liuliang.loyalty.ledger import MOST, Posting, Transfer, post, take_back, transfer

HOT_BUCKETS = 16
"""Buckets of a thing that many want at once: one for each connection of a busy installation, so that nobody waits."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """How much of a limited thing is free, reserved, and gone."""

    free: int
    reserved: int
    gone: int


def open_stock(thing: str, amount: int, *, cause: str, at: datetime, buckets: int = HOT_BUCKETS) -> int:
    """Open the stock of a thing and put ``amount`` into it; return the stock's account.

    Args:
        thing: the unit that names it for ever, such as ``coupon:12``.
        amount: how many there are; 0 opens it empty.
        cause: names this delivery; the same again adds nothing.
        at: when.
        buckets: 0 for a thing that few want at once. A stock keeps the buckets it was opened with.
    """
    _not_shared(thing)
    stock = open_account(Address(thing, "stock"), buckets=buckets)
    if amount:
        _fill(stock, open_account(Address(thing, "issue"), buckets=0), amount, cause, at)
    return stock


def open_budget(
    key: str, amount: int, *, cause: str, at: datetime, unit: str = POINTS, buckets: int = HOT_BUCKETS
) -> int:
    """Open a budget that rewards are paid from, or add to it; return its account.

    Raises:
        Refused: ``ledger.amount``.
    """
    budget = open_account(Address(unit, "budget", key), buckets=buckets)
    issue = open_account(Address(unit, "issue"))
    if amount:
        _fill(budget, issue, amount, cause, at)
    return budget


def add(account: int, amount: int, *, cause: str, at: datetime, actor: int | None = None) -> Posting:
    """Put more into a stock or budget; ``actor`` is the staff member who does."""
    return _fill(account, _issue_of(account), amount, cause, at, actor=actor)


def withdraw(account: int, amount: int, *, cause: str, at: datetime, actor: int | None = None) -> Posting:
    """Take free items out of a stock or budget again; ``actor`` is the staff member who does.

    Raises:
        Refused: ``stock.not_enough`` when fewer are free.
    """
    asked = Transfer(account, _issue_of(account), amount, "withdrawn", cause)
    (posting,) = post([asked], at=at, actor=actor)
    if posting.outcome == "floor":
        raise Refused("stock.not_enough", free=standing(account).available)
    if posting.transfer is None:
        raise Refused(f"ledger.{posting.outcome}", amount=amount)
    return posting


def _fill(account: int, issue: int, amount: int, cause: str, at: datetime, *, actor: int | None = None) -> Posting:
    with transaction.atomic():
        with connection.cursor() as cursor:
            # All buckets are spread over below. Locked after the one that is filled, they would be so in another order than
            # by those who take the last of them, and each would wait for the other.
            cursor.execute("SELECT FROM loyalty_account WHERE id = %s FOR NO KEY UPDATE", [issue])
            cursor.execute("SELECT FROM loyalty_account WHERE head_id = %s ORDER BY id FOR NO KEY UPDATE", [account])
        posting = transfer(Transfer(issue, account, amount, "filled", cause), at=at, actor=actor)
        if posting.is_new:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT loyalty_spread(target_id, amount) FROM loyalty_transfer WHERE id = %s", [posting.transfer]
                )
    return posting


def _issue_of(account: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT unit FROM loyalty_account WHERE id = %s", [account])
        row = cursor.fetchone()
    if row is None:
        raise Refused("ledger.unknown_account")
    # What was opened empty has had no delivery yet.
    return open_account(Address(row[0], "issue"), buckets=0 if ":" in row[0] else None)


def _not_shared(thing: str) -> None:
    if ":" not in thing:
        raise ValueError(f"{thing!r} does not name one thing, as in 'coupon:12'")


def reserve(
    stock: int,
    thing: str,
    member: int,
    quantity: int = 1,
    *,
    cause: str,
    at: datetime,
    until: datetime,
    at_most: int | None = None,
) -> Reservation:
    """Reserve for a member what is there. The same cause again is the same reservation.

    Args:
        stock: the account that `open_stock` returned.
        thing: its unit.
        member: the person, by their canonical record.
        quantity: how many.
        cause: names this reservation for ever, such as ``order:77``.
        at: now.
        until: when it times out if it was not redeemed.
        at_most: how many the member may have of it, reserved ones included; None for any number.

    Raises:
        Refused: ``stock.sold_out``; ``stock.limit`` when the member would have too many; ``stock.quantity``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, hold FROM loyalty_reserve(%s, %s, %s, %s, %s, %s, %s, %s)",
            [stock, thing, member, min(max(quantity, 0), MOST + 1), cause, at_most, at, until],
        )
        row = cursor.fetchone()
    try:
        return holds.told(row, quantity)
    except Refused as refusal:
        raise _in_words_of_stock(refusal, quantity, at_most) from None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one of many is to have: see `reserve_many`."""

    member: int
    cause: str
    quantity: int = 1


def reserve_many(
    stock: int, thing: str, wanted: Sequence[Wanted], *, at: datetime, until: datetime, at_most: int | None = None
) -> list[Reservation | Refused]:
    """Reserve for many people at once, in a small part of the time that `reserve` takes for each.

    It is decided as if they came one after the other.

    Args:
        stock: an account with buckets, as `open_stock` makes it if not told otherwise.
        thing: its unit.
        wanted: up to some hundreds, nobody twice. All their accounts stay locked until the transaction ends.
        at: now.
        until: when what is not redeemed times out.
        at_most: as for `reserve`.

    Returns:
        For each in order their reservation, or what `reserve` would have raised; either where two things speak against it.

    Raises:
        ValueError: somebody is named twice.
    """
    if not wanted:
        return []
    members, causes, quantities = zip(
        *((each.member, each.cause, min(max(each.quantity, 0), MOST + 1)) for each in wanted), strict=True
    )
    if len(set(members)) < len(members) or len(set(causes)) < len(causes):
        raise ValueError("a member or a cause is named twice")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, hold FROM loyalty_reserve_many(%s, %s, %s::int[], %s::bigint[], %s::text[], %s, %s, %s)",
            [stock, thing, list(members), list(quantities), list(causes), at_most, at, until],
        )
        rows = cursor.fetchall()
    found: list[Reservation | Refused] = []
    for row, quantity in zip(rows, quantities, strict=True):
        try:
            found.append(holds.told(row, quantity))
        except Refused as refusal:
            found.append(_in_words_of_stock(refusal, quantity, at_most))
    return found


def hold_takers(thing: str, members: Collection[int]) -> None:
    """Hold what these people have of a thing until the transaction ends, in the order in which `reserve_many` does.

    For a transaction that reserves for several people one after the other: it would hold a bucket of the stock while it waits
    for the next of them, and whoever holds that one may wait for the bucket.
    """
    persons = list(members)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_account (unit, kind, key, member_id, bucket, buckets, floor)"
            " SELECT %s, 'taken', '', person, 0, 0, 0 FROM unnest(%s::int[]) AS p (person) ORDER BY person"
            " ON CONFLICT (unit, kind, key, member_id, bucket) DO NOTHING",
            [thing, persons],
        )
        cursor.execute(
            "SELECT FROM loyalty_account WHERE unit = %s AND kind = 'taken' AND key = '' AND member_id = ANY(%s)"
            " AND bucket = 0 ORDER BY member_id FOR NO KEY UPDATE",
            [thing, persons],
        )


def _in_words_of_stock(refusal: Refused, quantity: int, at_most: int | None) -> Refused:
    code = {"ledger.floor": "sold_out", "ledger.ceiling": "limit", "ledger.amount": "quantity"}.get(refusal.code)
    return refusal if code is None else Refused(f"stock.{code}", quantity=quantity, at_most=at_most)


def redeem(hold: int, *, at: datetime) -> Posting:
    """Make a reservation final. Raises as `liuliang.loyalty.holds.post_hold`."""
    return holds.post_hold(hold, at=at)


def redeem_many(reserved: Sequence[int], *, at: datetime) -> list[int]:
    """Make reservations of things final that were just made and are nobody else's business yet; return their transfers.

    Raises:
        Refused: as `redeem`, for the first that is no longer open.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.outcome, c.transfer FROM unnest(%s::bigint[]) WITH ORDINALITY AS w (hold, place)"
            " CROSS JOIN LATERAL loyalty_close(w.hold, 'posted', %s) c ORDER BY w.place",
            [list(reserved), at],
        )
        rows = cursor.fetchall()
    for outcome, _made in rows:
        if outcome not in {"closed", "posted"}:
            raise Refused(f"hold.{outcome}")
    return [made for _outcome, made in rows]


def release(hold: int, *, at: datetime) -> bool:
    """Give a reservation back. Raises as `liuliang.loyalty.holds.void_hold`."""
    return holds.void_hold(hold, at=at)


def give_back(taken: int, *, cause: str, at: datetime, quantity: int | None = None) -> Posting:
    """Put what was redeemed by a transfer back into the stock, wholly or in part."""
    return take_back(taken, cause=cause, at=at, amount=quantity)


def remaining(stock: int) -> Remaining:
    """Return how much of a stock or budget is free, reserved and gone."""
    stands = standing(stock)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH mine AS (SELECT id FROM loyalty_account WHERE id = %s OR head_id = %s)"
            " SELECT coalesce(sum(CASE kind WHEN 'filled' THEN amount ELSE -amount END), 0) FROM loyalty_transfer"
            " WHERE kind IN ('filled', 'withdrawn') AND CASE kind WHEN 'filled' THEN target_id ELSE source_id END"
            " IN (SELECT id FROM mine)",
            [stock, stock],
        )
        (filled,) = cursor.fetchone() or (0,)
    return Remaining(stands.available, stands.held, int(filled) - stands.balance)
