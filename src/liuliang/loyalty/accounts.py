"""Accounts by what they mean: a unit, a kind, and a key or a member."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection, transaction

from liuliang.kernel.errors import Refused

POINTS = "points"
GROWTH = "growth"


@dataclass(frozen=True, slots=True)
class Kind:
    """How accounts of a kind behave: what they never fall below (None: no limit), in how many buckets they stand."""

    floor: int | None
    buckets: int = 0


SYSTEM_BUCKETS = 16

KINDS: dict[str, Kind] = {
    # Of members.
    "member": Kind(floor=0),  # the purse: what a member may spend
    "debt": Kind(floor=None),  # below zero: what a member spent of rewards that were taken back
    "taken": Kind(floor=0),  # how much of a limited thing a member has
    # Of partners, by key.
    "awaiting": Kind(floor=0),  # commission whose refund window is open
    "commission": Kind(floor=0),  # what a partner has earned and not been paid
    "settling": Kind(floor=0),  # what stands on a settlement sheet that is not paid yet
    # Of the house: everything that has no limit has buckets, because everybody moves it.
    "issue": Kind(floor=None, buckets=SYSTEM_BUCKETS),  # where a unit comes from; below zero by all there is
    "spend": Kind(floor=None, buckets=SYSTEM_BUCKETS),
    "expiry": Kind(floor=None, buckets=SYSTEM_BUCKETS),
    "deduction": Kind(floor=None, buckets=SYSTEM_BUCKETS),
    "payout": Kind(floor=None, buckets=SYSTEM_BUCKETS),
    # Limited things; opened by name in `liuliang.loyalty.stock`, with as many buckets as the thing is hot.
    "budget": Kind(floor=0),
    "stock": Kind(floor=0),
}
"""Every kind of account. The floor is set when an account is opened and never changes."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an account is to be found: ``Address("points", "member", member=7)``, ``Address("points", "budget", "spring")``."""

    unit: str
    kind: str
    key: str = ""
    member: int | None = None


def purse(member: int, unit: str = POINTS) -> Address:
    """Return the address of a member record's purse."""
    return Address(unit, "member", member=member)


def find_accounts(addresses: Collection[Address]) -> dict[Address, int]:
    """Return the ids of the accounts that exist; of a hot account its head."""
    if not addresses:
        return {}
    # Two questions, because no index serves "equal, or both null".
    found = (
        "SELECT a.unit, a.kind, a.key, a.member_id, a.id FROM loyalty_account a JOIN wanted w"
        " ON a.unit = w.unit AND a.kind = w.kind AND a.key = w.key AND a.bucket = 0 AND"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH wanted AS (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[])"
            " AS w (unit, kind, key, member))"
            f" {found} a.member_id = w.member UNION ALL {found} a.member_id IS NULL AND w.member IS NULL",
            _columns(addresses),
        )
        return {Address(*row[:4]): row[4] for row in cursor.fetchall()}


def open_accounts(addresses: Iterable[Address]) -> dict[Address, int]:
    """Return the ids of these accounts, opening those that are missing. Concurrent calls agree.

    Raises:
        KeyError: a kind that `KINDS` does not name.
    """
    wanted = list(dict.fromkeys(addresses))
    found = find_accounts(wanted)
    missing = [address for address in wanted if address not in found]
    if not missing:
        return found
    for address in missing:
        _open(address, KINDS[address.kind].buckets)
    return find_accounts(wanted)


@transaction.atomic
def _open(address: Address, buckets: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_account (unit, kind, key, member_id, bucket, buckets, floor)"
            " VALUES (%s, %s, %s, %s, 0, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            [address.unit, address.kind, address.key, address.member, buckets, KINDS[address.kind].floor],
        )
        row = cursor.fetchone()
        if row is not None and buckets:
            cursor.execute(
                "INSERT INTO loyalty_account (unit, kind, key, member_id, head_id, bucket, buckets, floor)"
                " SELECT %s, %s, %s, %s, %s, number, 0, %s FROM generate_series(1, %s) AS number",
                [
                    address.unit, address.kind, address.key, address.member, row[0], KINDS[address.kind].floor, buckets,
                ],
            )  # fmt: skip


def open_account(address: Address, *, buckets: int | None = None) -> int:
    """Return the id of one account, opening it if it is missing.

    Args:
        address: the account.
        buckets: in how many parts a hot account is to stand; None for what its kind says. An open account keeps its parts.
    """
    found = find_accounts([address])
    if not found:
        _open(address, KINDS[address.kind].buckets if buckets is None else buckets)
        found = find_accounts([address])
    return found[address]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands: its balance, and what of it is reserved to go out or to come in."""

    balance: int = 0
    held: int = 0
    expected: int = 0

    @property
    def available(self) -> int:
        """What may be moved, for an account with the floor 0."""
        return self.balance - self.held


def standing(account: int) -> Standing:
    """Return how an account stands, all its buckets together.

    Raises:
        Refused: ``ledger.unknown_account``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), sum(balance), sum(held), sum(expected) FROM loyalty_account WHERE id = %s OR head_id = %s",
            [account, account],
        )
        rows, *sums = cursor.fetchone() or (0,)
    if not rows:
        raise Refused("ledger.unknown_account")
    return Standing(*map(int, sums))


def _columns(addresses: Collection[Address]) -> list[list[object]]:
    return [
        [address.unit for address in addresses],
        [address.kind for address in addresses],
        [address.key for address in addresses],
        [address.member for address in addresses],
    ]
