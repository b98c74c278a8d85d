"""The ledger of points as a model in plain Python: no database, no clock, nothing at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

NEVER = date.max


class No(Exception):  # noqa: N818 - what the ledger must refuse too
    """The model refuses; the message is the code."""


@dataclass
class Parcel:
    """A lot. ``spent`` counts spendings, debts paid and open holds."""

    ends_on: date
    amount: int
    left: int
    is_budgeted: bool = False
    spent: int = 0
    owed: int = 0
    back: int = 0

    @property
    def given(self) -> int:
        return self.amount - self.back - self.owed


Pairs = list[tuple[Parcel, int]]


@dataclass
class Wallet:
    """A person. Parcels are in the order in which they came."""

    parcels: list[Parcel] = field(default_factory=list)
    debt: int = 0

    @property
    def available(self) -> int:
        return sum(each.left for each in self.parcels)

    def take(self, amount: int) -> Pairs:
        taken = []
        for each in sorted(self.parcels, key=lambda parcel: parcel.ends_on):
            part = min(amount, each.left)
            if part:
                each.left -= part
                each.spent += part
                amount -= part
                taken.append((each, part))
        assert amount == 0
        return taken

    def expire(self, day: date) -> None:
        for each in self.parcels:
            if each.ends_on < day:
                each.left = 0

    def pay_debt(self, income: int) -> None:
        paid = min(self.debt, self.available, income)
        self.take(paid)
        self.debt -= paid


def give_back(pairs: Pairs) -> None:
    for parcel, part in pairs:
        parcel.left += part
        parcel.spent -= part


@dataclass
class World:
    """Some persons, one budget, and what was spent by cause."""

    wallets: list[Wallet]
    budget: int
    spendings: dict[str, tuple[int, list[list]]] = field(default_factory=dict)

    def earn(self, who: int, amount: int, ends_on: date | None, *, paid: bool) -> Parcel:
        if paid and amount > self.budget:
            raise No("floor")
        self.budget -= amount if paid else 0
        parcel = Parcel(ends_on or NEVER, amount, amount, paid)
        self.wallets[who].parcels.append(parcel)
        self.wallets[who].pay_debt(amount)
        return parcel

    def spend(self, who: int, amount: int, cause: str, day: date) -> None:
        wallet = self.wallets[who]
        if sum(each.left for each in wallet.parcels if each.ends_on >= day) < amount:
            raise No("points.not_enough")
        wallet.expire(day)
        self.spendings[cause] = (who, [list(pair) for pair in wallet.take(amount)])

    def left_of(self, cause: str) -> int:
        return sum(part for _parcel, part in self.spendings[cause][1]) if cause in self.spendings else 0

    def refund(self, cause: str, amount: int) -> None:
        if cause not in self.spendings:
            raise No("points.unknown_spending")
        if amount > self.left_of(cause):
            raise No("points.over_refunded")
        who, pairs = self.spendings[cause]
        wallet, rest = self.wallets[who], amount
        order = {id(parcel): number for number, parcel in enumerate(wallet.parcels)}
        for pair in sorted(pairs, key=lambda each: (each[0].ends_on, order[id(each[0])]), reverse=True):
            part = min(rest, pair[1])
            give_back([(pair[0], part)])
            pair[1] -= part
            rest -= part
        wallet.pay_debt(amount)

    def reverse(self, who: int, parcel: Parcel, amount: int | None, *, forgiving: bool) -> tuple[int, int, int]:
        """Return what was taken, owed and forgiven."""
        wanted = parcel.given if amount is None else min(amount, parcel.given)
        taken = min(wanted, parcel.left)
        spent = min(wanted - taken, max(0, parcel.spent - parcel.owed))
        owed = 0 if forgiving else spent
        parcel.left -= taken
        parcel.back += taken
        parcel.owed += owed
        self.wallets[who].debt += owed
        self.budget += taken + owed if parcel.is_budgeted else 0
        return taken, owed, spent - owed
