"""Reads of the ledger that a page can show at once, however many members and entries there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.db import connection

from liuliang.loyalty.accounts import KINDS, POINTS


@dataclass(frozen=True, slots=True)
class LotUsed:
    """A lot that an entry took from or gave back to: the entry that opened it, why, its last day, and how much."""

    lot: int
    opened_by: int
    cause: str
    ends_on: date | None
    amount: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a person's account. ``amount`` is signed, ``after`` the balance when it was posted.

    ``cause`` is as it was posted (see `read_cause`), ``ends_on`` the last day of what came in.
    """

    transfer: int
    at: datetime
    kind: str
    amount: int
    after: int
    cause: str
    corrects: int | None
    community: int | None
    actor: int | None
    ends_on: date | None = None
    lots: tuple[LotUsed, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first, and where the next page begins: hand both numbers back to `entries`; None at the end."""

    entries: tuple[Entry, ...]
    before: tuple[int, int] | None


def entries(person: int, *, unit: str = POINTS, before: tuple[int, int] | None = None, size: int = 30) -> Page:
    """Return a page of what moved in a person's purses, newest first, all records together, with the lots of each entry.

    Walks two indexes from the newest entry, so a long history costs no more than a short one.

    Args:
        person: the canonical record.
        unit: points or growth.
        before: what the page before said; None for the first.
        size: entries a page.
    """
    purses = _purses(person, unit)
    place, balance = before or (2**62, sum(purses.values()))
    found = []
    for row in _walk(purses, place, size, is_newer=False):
        found.append(replace(row, after=balance))
        balance -= row.amount
    return Page(tuple(found), (found[-1].transfer, balance) if len(found) == size else None)


def entries_since(person: int, *, unit: str = POINTS, after: tuple[int, int] = (0, 0), size: int = 30) -> list[Entry]:
    """Return what moved after an entry, oldest first.

    Args:
        person: the canonical record.
        unit: points or growth.
        after: the entry's transfer and its balance after it; as it stands, from the very first.
        size: entries at most.
    """
    place, balance = after
    found = []
    for row in _walk(_purses(person, unit), place, size, is_newer=True):
        balance += row.amount
        found.append(replace(row, after=balance))
    return found


def count_entries(person: int, *, unit: str = POINTS, limit: int = 10_000) -> int:
    """Count what moved in a person's purses, but not beyond ``limit``."""
    purses = list(_purses(person, unit))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM ((SELECT 1 FROM loyalty_transfer WHERE source_id = ANY(%s) LIMIT %s)"
            " UNION ALL (SELECT 1 FROM loyalty_transfer WHERE target_id = ANY(%s) LIMIT %s)) moved",
            [purses, limit, purses, limit],
        )
        (found,) = cursor.fetchone() or (0,)
    return min(int(found), limit)


def _walk(purses: Mapping[int, int], place: int, size: int, *, is_newer: bool) -> list[Entry]:
    """Return the entries beside a transfer, on one side of it, without their balances."""
    if not purses:
        return []
    sign, way = (">", "ASC") if is_newer else ("<", "DESC")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id, t.at, t.kind, t.amount, 0, t.cause, t.corrects_id, t.community, t.actor, l.ends_on FROM ("
            " SELECT o.id, o.at, o.kind, -o.amount AS amount, o.cause, o.corrects_id, o.community, o.actor"
            "  FROM unnest(%s::bigint[]) AS p (id) CROSS JOIN LATERAL (SELECT * FROM loyalty_transfer"
            f"  WHERE source_id = p.id AND id {sign} %s ORDER BY id {way} LIMIT %s) o"
            " UNION ALL"
            " SELECT i.id, i.at, i.kind, i.amount, i.cause, i.corrects_id, i.community, i.actor"
            "  FROM unnest(%s::bigint[]) AS p (id) CROSS JOIN LATERAL (SELECT * FROM loyalty_transfer"
            f"  WHERE target_id = p.id AND id {sign} %s ORDER BY id {way} LIMIT %s) i"
            f") t LEFT JOIN loyalty_lot l ON l.transfer_id = t.id ORDER BY t.id {way} LIMIT %s",
            [list(purses), place, size, list(purses), place, size, size],
        )
        rows = [Entry(*row) for row in cursor.fetchall()]
    lots = _lots([row.transfer for row in rows])
    return [replace(row, lots=tuple(lots.get(row.transfer, ()))) for row in rows]


def _purses(person: int, unit: str) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.id, a.balance FROM people_member m JOIN loyalty_account a ON a.member_id = m.id"
            " WHERE (m.id = %s OR m.canonical_id = %s) AND a.unit = %s AND a.kind = 'member' ORDER BY a.id",
            [person, person, unit],
        )
        return dict(cursor.fetchall())


def _lots(transfers: Collection[int]) -> dict[int, list[LotUsed]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT u.transfer_id, l.id, l.transfer_id, o.cause, l.ends_on, u.amount FROM loyalty_lotuse u"
            " JOIN loyalty_lot l ON l.id = u.lot_id JOIN loyalty_transfer o ON o.id = l.transfer_id"
            " WHERE u.transfer_id = ANY(%s) ORDER BY u.transfer_id, l.ends_on NULLS LAST, l.id",
            [list(transfers)],
        )
        found: dict[int, list[LotUsed]] = {}
        for transfer, *lot in cursor.fetchall():
            found.setdefault(transfer, []).append(LotUsed(*lot))
    return found


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause taken apart. ``event`` is the id of the event in the log that it goes back to, where there is one."""

    kind: str
    rule: int | None = None
    event: str = ""
    rest: str = ""


def read_cause(cause: str) -> Cause:
    """Take the cause of an entry apart.

    The ledger's own are ``rule:<rule>:<event>``, ``undo:<rule>:<event>:<undoing event>``, ``adjustment:<id>``,
    ``expiry:<lot>:<times>``, ``season:<season>:<lot>:<times>``, ``debt:<account>:<number>`` and ``level:<id>`` (between the
    buckets of a hot account); packages above have theirs. All but the first two come back with a ``rest``.
    """
    kind, _, rest = cause.partition(":")
    if kind in {"rule", "undo"}:
        rule, _, events = rest.partition(":")
        event, _, by = events.partition(":")
        if rule.isdecimal():
            return Cause(kind, int(rule), event, by)
    return Cause(kind, rest=rest)


@dataclass(frozen=True, slots=True)
class Balance:
    """What a person has: to spend, reserved, owed; and what ends next."""

    available: int
    held: int
    owed: int
    endings: tuple[tuple[date | None, int], ...] = field(default=())


def balance_of(person: int, *, unit: str = POINTS, endings: int = 12) -> Balance:
    """Return what a person has, all records together, with the next ``endings`` last days."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(balance - held) FILTER (WHERE kind = 'member'), 0)::bigint,"
            " coalesce(sum(held) FILTER (WHERE kind = 'member'), 0)::bigint,"
            " coalesce(-sum(balance) FILTER (WHERE kind = 'debt'), 0)::bigint,"
            " array_agg(a.id) FILTER (WHERE kind = 'member') FROM people_member m"
            " JOIN loyalty_account a ON a.member_id = m.id"
            " WHERE (m.id = %s OR m.canonical_id = %s) AND a.unit = %s AND a.kind IN ('member', 'debt')",
            [person, person, unit],
        )
        available, held, owed, purses = cursor.fetchone() or (0, 0, 0, None)
        cursor.execute(
            "SELECT ends_on, sum(remaining)::bigint FROM loyalty_lot WHERE account_id = ANY(%s) AND remaining > 0"
            " GROUP BY ends_on ORDER BY ends_on NULLS LAST LIMIT %s",
            [purses or [], endings],
        )
        return Balance(available, held, owed, tuple(cursor.fetchall()))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place on a board; equal amounts share a place."""

    place: int
    member: int
    amount: int


BOARDS = ("points", "growth", "earned")
"""What boards rank by: what persons have, what they have grown, and all points they ever earned."""


def board(by: str = "points", *, limit: int = 100) -> list[Ranked]:
    """Return the persons who have most, without those who were erased; it follows the ledger within seconds.

    Args:
        by: one of `BOARDS`.
        limit: rows at most.
    """
    if by not in BOARDS:
        raise ValueError(f"there is no board by {by!r}")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT rank() OVER (ORDER BY amount DESC), member_id, amount FROM ("
            f" SELECT s.member_id, s.{by} AS amount FROM loyalty_standing s"
            f" JOIN people_member m ON m.id = s.member_id AND m.erased_at IS NULL"
            f" WHERE s.{by} > 0 ORDER BY s.{by} DESC, s.member_id LIMIT %s) top ORDER BY amount DESC, member_id",
            [limit],
        )
        return [Ranked(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved on a day by kind of event (``points.earned``, …)."""

    day: date
    kind: str
    times: int
    amount: int


@dataclass(frozen=True, slots=True)
class Liability:
    """What the house owes its members.

    ``outstanding`` is what members may spend or have reserved, ``owed`` what they owe, ``budgets`` what may still be
    given; these are exact at the moment. ``issued`` to ``reversed`` are of the period, and ``endings`` what ends when: both
    follow within seconds. ``value`` is ``outstanding`` in minor units of money, by what one point is worth.
    """

    outstanding: int
    owed: int
    budgets: int
    issued: int
    spent: int
    expired: int
    deducted: int
    reversed: int
    refunded: int
    value: int
    days: tuple[Moved, ...]
    endings: tuple[tuple[date | None, int], ...]


def liability(since: date, until: date, *, worth: tuple[int, int] = (1, 1)) -> Liability:
    """Return what is outstanding and what moved from ``since`` to ``until``, both days included.

    Args:
        since: the first day.
        until: the last.
        worth: so many minor units of money for so many points.
    """
    with connection.cursor() as cursor:
        # Members' balances are the other side of everybody else's: some dozens of rows instead of millions.
        cursor.execute(
            "SELECT coalesce(-sum(balance), 0)::bigint, coalesce(sum(balance) FILTER (WHERE kind = 'budget'), 0)::bigint"
            " FROM loyalty_account WHERE unit = %s AND kind = ANY(%s)",
            [POINTS, list(KINDS.keys() - {"member", "debt"})],
        )
        theirs, budgets = cursor.fetchone() or (0, 0)
        cursor.execute(
            "SELECT coalesce(-sum(balance), 0)::bigint FROM loyalty_account WHERE unit = %s AND kind = 'debt'",
            [POINTS],
        )
        (owed,) = cursor.fetchone() or (0,)
        cursor.execute(
            "SELECT day, kind, sum(times)::bigint, sum(amount)::bigint FROM loyalty_pointsday"
            " WHERE day BETWEEN %s AND %s GROUP BY day, kind ORDER BY day, kind",
            [since, until],
        )
        days = tuple(Moved(*row) for row in cursor.fetchall())
        cursor.execute("SELECT ends_on, amount FROM loyalty_pointsending WHERE amount <> 0 ORDER BY ends_on NULLS LAST")
        endings = tuple(cursor.fetchall())

    def total(kind: str) -> int:
        return sum(each.amount for each in days if each.kind == f"points.{kind}")

    outstanding = theirs + owed
    return Liability(
        outstanding=outstanding,
        owed=owed,
        budgets=budgets,
        issued=total("earned"),
        spent=total("spent"),
        expired=total("expired"),
        deducted=total("deducted"),
        reversed=total("reversed"),
        refunded=total("refunded"),
        value=outstanding * worth[0] // worth[1],
        days=days,
        endings=endings,
    )


@dataclass(frozen=True, slots=True)
class Inflation:
    """How much more comes in than goes out: points issued for each that was used, now and in the period before.

    None where nothing was used.
    """

    now: float | None
    before: float | None
    is_growing: bool


def inflation(now: Liability, before: Liability) -> Inflation:
    """Compare two periods: it grows when more is issued for each point used, by a tenth at least, and more than is used."""
    ratios = [_issued_for_used(each) for each in (now, before)]
    present, past = ratios
    net = now.issued - now.reversed
    if net <= 0:
        return Inflation(present, past, is_growing=False)
    if present is None:
        return Inflation(present, past, is_growing=past is not None)
    return Inflation(present, past, is_growing=present > 1 and past is not None and present > past * 1.1)


def _issued_for_used(period: Liability) -> float | None:
    used = period.spent + period.expired + period.deducted - period.refunded
    return (period.issued - period.reversed) / used if used > 0 else None


def given_by_rule(since: date, until: date) -> Sequence[tuple[int, int, int]]:
    """Return (rule, times, points) of what earning rules gave between two days, most points first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rule, sum(times)::bigint, sum(amount)::bigint FROM loyalty_pointsday WHERE day BETWEEN %s AND %s"
            " AND kind = 'points.earned' AND rule <> 0 GROUP BY rule ORDER BY 3 DESC, 1",
            [since, until],
        )
        return list(cursor.fetchall())
