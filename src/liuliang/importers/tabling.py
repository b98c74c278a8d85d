"""From rows of member lists and order lists to members, facts and orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from liuliang.accounts.models import Staff
from liuliang.accounts.queries import colleagues_called
from liuliang.commerce.services import NewOrder, record_orders
from liuliang.importers.keys import digest
from liuliang.importers.records import MemberRow, OrderRow, Person
from liuliang.kernel.events import Fact
from liuliang.kernel.log import fact_key
from liuliang.people.describing import Described, describe_members
from liuliang.people.events import MemberJoined, MemberListed
from liuliang.people.identities import Known, Resolved, resolve_people

AMOUNT_LIMIT = 10**15
"""Minor units; a single order beyond it is a slip of the columns."""

QUANTITY_LIMIT = 2**31

ORDER_SOURCE = "table"
"""Orders of spreadsheets are known by their number alone: the same list may come as CSV today and as XLSX tomorrow."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What rows brought: facts to log, why orders were left as they were by number, and counts, named as in `Import.counts`.

    ``elsewhere`` are the places of rows left out because they speak of members whom the importer may not see.
    """

    facts: list[Fact] = field(default_factory=list)
    elsewhere: Sequence[int] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def counts_of(resolved: Resolved) -> Counter[str]:
    """Count what is new about people."""
    return Counter(
        people=len(resolved.created),
        identities=resolved.identities,
        merged=resolved.merged,
        proposed=resolved.proposed,
    )


def bring_in_members(
    rows: Sequence[tuple[MemberRow, datetime | None]],
    *,
    community: int | None,
    listed_at: datetime,
    file: str,
    may_merge: bool,
    among: Collection[int] | None,
) -> Brought:
    """Create or find the members of a list, fill in what it says of them, and return the facts to log.

    A row is ``added`` when its member is new, in the community where there is one; else it is ``known``.

    Each row comes with the instant of its joining. Without a community the list says who people are, not where. ``file`` is the
    digest of the file: a list imported again lists nobody twice. What staff wrote by hand is not overwritten.
    Members who turn out to be one person are merged where the importer ``may_merge``, else proposed to staff. A row of somebody
    known in none of the communities ``among`` (None: all) is left out: to list them would open their file to the importer.
    """
    if not rows:
        return Brought()
    resolved = resolve_people(
        [_known(row.person) for row, _ in rows], community=community, at=listed_at, may_merge=may_merge, among=among
    )
    elsewhere = [place for place, member in enumerate(resolved.members) if member in resolved.elsewhere]
    rows = [row for row, member in zip(rows, resolved.members, strict=True) if member not in resolved.elsewhere]
    ids = [member for member in resolved.members if member not in resolved.elsewhere]
    describe_members(
        [
            Described(member, row.attributes, row.tags, row.note, row.birthday)
            for member, (row, _) in zip(ids, rows, strict=True)
        ],
        at=listed_at,
    )
    counts = counts_of(resolved)
    counts["members"] = len(rows)
    counts["memberships"] = _newcomers(set(ids), community) if community else 0
    counts["added"] = counts["memberships"] if community else counts["people"]
    counts["known"] = len(rows) - counts["added"]
    if community is None:
        return Brought(elsewhere=elsewhere, counts=counts)
    facts: list[Fact] = []
    source = f"members:{community}"
    secret = fact_key()
    for member, (row, at) in zip(ids, rows, strict=True):
        key = _key(row.person, secret)
        facts.append(Fact(MemberListed(row.role), listed_at, source, f"{file[:16]}/{key}", member, community))
        if at is not None:
            facts.append(Fact(MemberJoined(), at, source, f"joined/{key}/{int(at.timestamp())}", member, community))
    return Brought(facts, elsewhere, counts=counts)


def _newcomers(members: set[int], community: int) -> int:
    """Count the members of whom the log tells nothing in this community yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM unnest(%s::int[]) AS m (member) WHERE NOT EXISTS"
            " (SELECT 1 FROM kernel_event e WHERE e.member = m.member AND e.community = %s)",
            [sorted(members), community],
        )
        return int(cursor.fetchall()[0][0])


def bring_in_orders(
    rows: Sequence[tuple[OrderRow, datetime]],
    *,
    community: int | None,
    at: datetime,
    may_merge: bool,
    among: Collection[int] | None,
    chargeable: QuerySet[Staff],
) -> Brought:
    """Record the orders of a list, each with its instant; for ``may_merge`` see `bring_in_members`.

    Orders that are known in other communities than ``among`` these stay as they are; None is all communities. ``chargeable``
    are the colleagues whom the file may name as in charge.
    """
    if not rows:
        return Brought()
    staff = colleagues_called({row.staff for row, _at in rows} - {""}, chargeable)
    orders = [
        NewOrder(
            row.number,
            placed_at,
            _known(row.buyer),
            row.amount,
            row.refunded,
            row.currency,
            row.product,
            row.quantity,
            row.status,
            row.content,
            row.play,
            staff.get(row.staff),
        )
        for row, placed_at in rows
    ]
    recorded = record_orders(orders, source=ORDER_SOURCE, community=community, at=at, may_merge=may_merge, among=among)
    counts = counts_of(recorded.buyers)
    counts.update(orders=len(rows), added=recorded.added, known=len(rows) - recorded.added, changed=recorded.changed)
    doubts = dict.fromkeys(recorded.conflicting, "order_told_differently")
    doubts |= {row.number: "order_staff_unknown" for row, _at in rows if row.staff and row.staff not in staff}
    doubts |= dict.fromkeys(recorded.elsewhere, "order_elsewhere")
    return Brought(doubts=doubts, counts=counts)


def wrong_with(row: OrderRow) -> str:
    """Return why an order's figures cannot be true or stored (a reason as of `Unreadable`), empty where they can."""
    if row.amount >= AMOUNT_LIMIT:
        return "amount_too_large"
    if not 0 <= row.refunded <= row.amount:
        return "refund_above_amount"
    return "" if 0 <= row.quantity < QUANTITY_LIMIT else "bad_quantity"


def _known(person: Person) -> Known:
    return Known(person.name, person.identities, person.is_bot)


def _key(person: Person, secret: bytes) -> str:
    return digest("\x1f".join(person.identities[0]) if person.identities else person.name, secret)
