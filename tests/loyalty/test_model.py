"""The ledger beside a model in plain Python: whatever is done in whatever order, both say the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from liuliang.kernel.errors import Refused
from liuliang.loyalty import holds
from liuliang.loyalty.accounts import POINTS, Address, find_accounts, open_account, purse, standing
from liuliang.loyalty.expiry import expire_due
from liuliang.loyalty.ledger import faults
from liuliang.loyalty.models import Lot
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.loyalty.refunds import refund
from liuliang.loyalty.reversals import reverse_reward
from liuliang.loyalty.stock import add, open_budget, remaining
from liuliang.people.models import Member

START = datetime(2026, 3, 1, 4, tzinfo=UTC)
PEOPLE = 3
NEVER = date.max


@dataclass
class Parcel:
    """A lot of the model."""

    ends_on: date
    amount: int
    left: int
    spent: int = 0  # by spendings, debts and open holds
    owed: int = 0
    back: int = 0
    expired: int = 0

    @property
    def order(self) -> date:
        return self.ends_on


@dataclass
class Wallet:
    """A person of the model. Parcels are in the order in which they came."""

    parcels: list[Parcel] = field(default_factory=list)
    debt: int = 0

    @property
    def available(self) -> int:
        return sum(each.left for each in self.parcels)

    def take(self, amount: int) -> list[tuple[Parcel, int]]:
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
                each.expired += each.left
                each.left = 0

    def pay_debt(self, income: int) -> None:
        paid = min(self.debt, self.available, income)
        if paid:
            self.take(paid)
            self.debt -= paid


class Ledger(RuleBasedStateMachine):
    """What may happen to the points of three people with one budget."""

    def __init__(self) -> None:
        super().__init__()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE people_member, loyalty_account, loyalty_transfer, kernel_event CASCADE")
        self.members = [Member.objects.create(name=f"成员{n}", created_at=START).id for n in range(PEOPLE)]
        self.now = START
        self.wallets = [Wallet() for _ in range(PEOPLE)]
        self.budget = open_budget("b", 100, cause="open", at=START, buckets=4)
        self.budget_left = 100
        self.rewards: list[tuple[int, int, Parcel, bool]] = []  # transfer, person, parcel, from the budget
        self.spendings: dict[str, tuple[int, list[list]]] = {}
        self.kept: dict[int, tuple[int, datetime, list[tuple[Parcel, int]]]] = {}
        self.number = 0

    def cause(self, what: str) -> str:
        self.number += 1
        return f"{what}:{self.number}"

    @property
    def today(self) -> date:
        return (self.now + timedelta(hours=8)).date()

    @rule(
        who=st.integers(0, PEOPLE - 1),
        amount=st.integers(1, 60),
        days=st.one_of(st.none(), st.integers(0, 4)),
        paid=st.booleans(),
    )
    def earn(self, who, amount, days, paid):
        ends_on = None if days is None else self.today + timedelta(days=days)
        reward = Reward(self.members[who], amount, self.cause("earn"), ends_on, budget="b" if paid else "")
        (posting,) = earn([reward], at=self.now)
        assert earn([reward], at=self.now)[0].outcome == ("known" if posting.is_new else "floor")
        assert posting.is_new == (not paid or amount <= self.budget_left)
        if posting.is_new:
            parcel = Parcel(ends_on or NEVER, amount, amount)
            self.wallets[who].parcels.append(parcel)
            self.budget_left -= amount if paid else 0
            self.rewards.append((posting.transfer, who, parcel, paid))
            self.wallets[who].pay_debt(amount)

    @rule(who=st.integers(0, PEOPLE - 1), amount=st.integers(1, 80))
    def spend(self, who, amount):
        wallet, cause = self.wallets[who], self.cause("spend")
        would = sum(each.left for each in wallet.parcels if each.ends_on >= self.today)
        try:
            spend(self.members[who], amount, cause=cause, at=self.now)
        except Refused as refusal:
            # A refusal changes nothing: not even what had ended is written off by it.
            assert (refusal.code, would < amount) == ("points.not_enough", True)  # noqa: PT017 - either outcome is right
            return
        wallet.expire(self.today)
        self.spendings[cause] = (who, [list(pair) for pair in wallet.take(amount)])

    @precondition(lambda self: self.spendings)
    @rule(data=st.data())
    def refund(self, data):
        cause = data.draw(st.sampled_from(sorted(self.spendings)))
        who, pairs = self.spendings[cause]
        left = sum(part for _parcel, part in pairs)
        amount = data.draw(st.integers(1, left + 1))
        back = self.cause("refund")
        if amount > left:
            with pytest.raises(Refused, match=r"points\.over_refunded"):
                refund(cause, cause=back, at=self.now, amount=amount)
            return
        refund(cause, cause=back, at=self.now, amount=amount)
        rest, order = amount, {id(parcel): number for number, parcel in enumerate(self.wallets[who].parcels)}
        for pair in sorted(pairs, key=lambda each: (each[0].ends_on, order[id(each[0])]), reverse=True):
            part = min(rest, pair[1])
            pair[0].left += part
            pair[0].spent -= part
            pair[1] -= part
            rest -= part
        if not sum(part for _parcel, part in pairs):
            del self.spendings[cause]
        self.wallets[who].pay_debt(amount)

    @precondition(lambda self: self.rewards)
    @rule(data=st.data(), amount=st.one_of(st.none(), st.integers(1, 60)), forgiving=st.booleans())
    def reverse(self, data, amount, forgiving):
        transfer, who, parcel, paid = data.draw(st.sampled_from(self.rewards))
        left = parcel.amount - parcel.back - parcel.owed
        wanted = left if amount is None else min(amount, left)
        taken = min(wanted, parcel.left)
        spent = min(wanted - taken, max(0, parcel.spent - parcel.owed))
        owed = 0 if forgiving else spent
        done = reverse_reward(transfer, cause=self.cause("undo"), at=self.now, amount=amount, is_forgiving=forgiving)
        assert (done.taken, done.owed, done.forgiven) == (taken, owed, spent - owed)
        parcel.left -= taken
        parcel.back += taken
        parcel.owed += owed
        self.wallets[who].debt += owed
        self.budget_left += taken + owed if paid else 0

    @rule(who=st.integers(0, PEOPLE - 1), amount=st.integers(1, 40), hours=st.integers(1, 60))
    def reserve(self, who, amount, hours):
        found = find_accounts([purse(self.members[who])])
        if not found:
            return
        target = open_account(Address(POINTS, "spend"))
        until = self.now + timedelta(hours=hours)
        wallet = self.wallets[who]
        try:
            with transaction.atomic():
                hold = holds.reserve(
                    next(iter(found.values())), target, amount, kind="spent", cause=self.cause("hold"), at=self.now,
                    until=until,
                ).hold  # fmt: skip
                holds.take_lots(hold)
        except Refused:
            assert wallet.available < amount
            return
        self.kept[hold] = (who, until, wallet.take(amount))

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), post=st.booleans())
    def close(self, data, post):
        hold = data.draw(st.sampled_from(sorted(self.kept)))
        who, until, pairs = self.kept[hold]
        if post and until <= self.now:
            with pytest.raises(Refused, match=r"hold\.late"):
                holds.post_hold(hold, at=self.now)
            return
        del self.kept[hold]
        if post:
            holds.post_hold(hold, at=self.now)
            return
        holds.void_hold(hold, at=self.now)
        self.give_back(pairs)
        assert who is not None

    def give_back(self, pairs):
        for parcel, part in pairs:
            parcel.left += part
            parcel.spent -= part

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours):
        self.now += timedelta(hours=hours)

    @rule()
    def sweep(self):
        expire_due(at=self.now)
        for wallet in self.wallets:
            wallet.expire(self.today)

    @rule()
    def time_out(self):
        holds.time_out(at=self.now)
        for hold, (_who, until, pairs) in list(self.kept.items()):
            if until <= self.now:
                self.give_back(pairs)
                del self.kept[hold]

    @rule(amount=st.integers(1, 50))
    def fund(self, amount):
        add(self.budget, amount, cause=self.cause("fund"), at=self.now)
        self.budget_left += amount

    @invariant()
    def both_say_the_same(self):
        assert faults() == []
        assert remaining(self.budget).free == self.budget_left
        purses = find_accounts([purse(member) for member in self.members])
        debts = find_accounts([Address(POINTS, "debt", member=member) for member in self.members])
        for member, wallet in zip(self.members, self.wallets, strict=True):
            account = purses.get(purse(member))
            debt = debts.get(Address(POINTS, "debt", member=member))
            assert (standing(account).available if account else 0) == wallet.available
            assert (-standing(debt).balance if debt else 0) == wallet.debt
            lots = Lot.objects.filter(account=account).order_by("id").values_list("ends_on", "remaining")
            assert list(lots) == [(None if p.ends_on == NEVER else p.ends_on, p.left) for p in wallet.parcels]


def test_the_ledger_equals_a_model_in_plain_python(transactional_db):
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
