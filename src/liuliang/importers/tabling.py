"""From rows of member lists and order lists to members, facts and orders."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from liuliang.commerce.services import NewOrder, record_orders
from liuliang.importers.records import MemberRow, OrderRow, Person
from liuliang.kernel.events import Fact
from liuliang.people.describing import Described, describe_members
from liuliang.people.events import MemberJoined, MemberListed
from liuliang.people.identities import Known, resolve_members

ORDER_SOURCE = "table"
"""Orders of spreadsheets are known by their number alone: the same list may come as CSV today and as XLSX tomorrow."""


def bring_in_members(
    rows: Sequence[MemberRow], *, community: int | None, zone: ZoneInfo, listed_at: datetime, digest: str
) -> list[Fact]:
    """Create or find the members of a list, fill in what it says of them, and return the facts to log.

    Without a community the list says who people are, not where. ``digest`` is the file's: a list imported again lists
    nobody twice. What staff wrote by hand is not overwritten.
    """
    if not rows:
        return []
    ids = resolve_members([_known(row.person) for row in rows], community=community, at=listed_at)
    describe_members(
        [
            Described(member, row.attributes, row.tags, row.note, row.birthday)
            for member, row in zip(ids, rows, strict=True)
        ],
        at=listed_at,
    )
    if community is None:
        return []
    facts: list[Fact] = []
    source = f"members:{community}"
    for member, row in zip(ids, rows, strict=True):
        key = _key(row.person)
        facts.append(Fact(MemberListed(row.role), listed_at, source, f"{digest[:16]}/{key}", member, community))
        if row.joined_at is not None:
            at = instant(row.joined_at, zone)
            facts.append(Fact(MemberJoined(), at, source, f"joined/{key}/{int(at.timestamp())}", member, community))
    return facts


def bring_in_orders(
    rows: Sequence[OrderRow], *, community: int | None, zone: ZoneInfo, at: datetime
) -> tuple[int, tuple[str, ...]]:
    """Record the orders of a list; return how many were new, and the numbers whose amount was told differently before."""
    if not rows:
        return 0, ()
    orders = [
        NewOrder(
            row.number,
            instant(row.at, zone),
            _known(row.buyer),
            row.amount,
            row.refunded,
            row.currency,
            row.product,
            row.quantity,
            row.status,
        )
        for row in rows
    ]
    recorded = record_orders(orders, source=ORDER_SOURCE, community=community, at=at)
    return recorded.added, recorded.conflicting


def instant(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a time in the file; naive ones are in ``zone``."""
    return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)


def _known(person: Person) -> Known:
    return Known(person.name, person.identities, person.is_bot)


def _key(person: Person) -> str:
    who = "\x1f".join(person.identities[0]) if person.identities else person.name
    return hashlib.blake2b(who.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
