"""The ledger beside a model in plain Python: whatever is done in whatever order, both say the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from wallets import NEVER, No, Pairs, Parcel, Wallet, World, give_back

from liuliang.kernel.errors import Refused
from liuliang.loyalty import holds
from liuliang.loyalty.accounts import POINTS, Address, find_accounts, open_account, purse, standing
from liuliang.loyalty.expiry import expire_due
from liuliang.loyalty.ledger import faults
from liuliang.loyalty.models import Lot
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.loyalty.refunds import refund
from liuliang.loyalty.reversals import Reversal, reverse_reward
from liuliang.loyalty.stock import add, open_budget, remaining
from liuliang.people.models import Member

START = datetime(2026, 3, 1, 4, tzinfo=UTC)
PEOPLE = 3
WHO = st.integers(0, PEOPLE - 1)
AMOUNT = st.integers(1, 60)


class Ledger(RuleBasedStateMachine):
    """What may happen to the points of three people with one budget."""

    def __init__(self) -> None:
        super().__init__()
        with connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE people_member, loyalty_account, loyalty_hold, loyalty_transfer, kernel_event CASCADE"
            )
        self.members = [Member.objects.create(name=f"成员{n}", created_at=START).id for n in range(PEOPLE)]
        self.now = START
        self.world = World([Wallet() for _ in range(PEOPLE)], 100)
        self.budget = open_budget("b", 100, cause="open", at=START, buckets=4)
        self.rewards: list[tuple[int, int, Parcel]] = []
        self.kept: dict[int, tuple[datetime, Pairs]] = {}
        self.number = 0

    def cause(self, what: str) -> str:
        self.number += 1
        return f"{what}:{self.number}"

    @property
    def today(self) -> date:
        return (self.now + timedelta(hours=8)).date()

    @rule(who=WHO, amount=AMOUNT, days=st.one_of(st.none(), st.integers(0, 4)), paid=st.booleans())
    def earn(self, who, amount, days, paid):
        ends_on = None if days is None else self.today + timedelta(days=days)
        reward = Reward(self.members[who], amount, self.cause("earn"), ends_on, budget="b" if paid else "")
        (posting,) = earn([reward], at=self.now)
        assert earn([reward], at=self.now)[0].outcome == ("known" if posting.is_new else "floor")
        try:
            parcel = self.world.earn(who, amount, ends_on, paid=paid)
        except No:
            assert not posting.is_new
            return
        assert posting.transfer is not None
        self.rewards.append((posting.transfer, who, parcel))

    @rule(who=WHO, amount=st.integers(1, 80))
    def spend(self, who, amount):
        cause = self.cause("spend")
        try:
            self.world.spend(who, amount, cause, self.today)
        except No:
            with pytest.raises(Refused, match=r"points\.not_enough"):
                spend(self.members[who], amount, cause=cause, at=self.now)
            return
        spend(self.members[who], amount, cause=cause, at=self.now)

    @precondition(lambda self: self.world.spendings)
    @rule(data=st.data())
    def refund(self, data):
        cause = data.draw(st.sampled_from(sorted(self.world.spendings)))
        amount = data.draw(st.integers(1, self.world.left_of(cause) + 1))
        back = self.cause("refund")
        try:
            self.world.refund(cause, amount)
        except No:
            with pytest.raises(Refused, match=r"points\.over_refunded"):
                refund(cause, cause=back, at=self.now, amount=amount)
            return
        refund(cause, cause=back, at=self.now, amount=amount)

    @precondition(lambda self: self.rewards)
    @rule(data=st.data(), amount=st.one_of(st.none(), AMOUNT), forgiving=st.booleans())
    def reverse(self, data, amount, forgiving):
        transfer, who, parcel = data.draw(st.sampled_from(self.rewards))
        expected = self.world.reverse(who, parcel, amount, forgiving=forgiving)
        done = reverse_reward(transfer, cause=self.cause("undo"), at=self.now, amount=amount, is_forgiving=forgiving)
        assert done == Reversal(*expected)

    @rule(who=WHO, amount=AMOUNT, hours=st.integers(1, 60))
    def reserve(self, who, amount, hours):
        found = find_accounts([purse(self.members[who])])
        if not found:
            return
        until = self.now + timedelta(hours=hours)
        wallet = self.world.wallets[who]

        def reserve() -> int:
            with transaction.atomic():
                hold = holds.reserve(
                    next(iter(found.values())), open_account(Address(POINTS, "spend")), amount, kind="spent",
                    cause=self.cause("hold"), at=self.now, until=until,
                ).hold  # fmt: skip
                holds.take_lots(hold)
                return hold

        if wallet.available < amount:
            with pytest.raises(Refused, match=r"ledger\.floor"):
                reserve()
            return
        self.kept[reserve()] = (until, wallet.take(amount))

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), is_posted=st.booleans())
    def close(self, data, is_posted):
        hold = data.draw(st.sampled_from(sorted(self.kept)))
        until, pairs = self.kept[hold]
        if is_posted and until <= self.now:
            with pytest.raises(Refused, match=r"hold\.late"):
                holds.post_hold(hold, at=self.now)
            return
        del self.kept[hold]
        if is_posted:
            holds.post_hold(hold, at=self.now)
        else:
            holds.void_hold(hold, at=self.now)
            give_back(pairs)

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours):
        self.now += timedelta(hours=hours)

    @rule()
    def sweep(self):
        expire_due(at=self.now)
        for wallet in self.world.wallets:
            wallet.expire(self.today)

    @rule()
    def time_out(self):
        holds.time_out(at=self.now)
        for hold, (until, pairs) in list(self.kept.items()):
            if until <= self.now:
                give_back(pairs)
                del self.kept[hold]

    @rule(amount=AMOUNT)
    def fund(self, amount):
        add(self.budget, amount, cause=self.cause("fund"), at=self.now)
        self.world.budget += amount

    @invariant()
    def both_say_the_same(self):
        assert faults() == []
        assert remaining(self.budget).free == self.world.budget
        purses = find_accounts([purse(member) for member in self.members])
        debts = find_accounts([Address(POINTS, "debt", member=member) for member in self.members])
        for member, wallet in zip(self.members, self.world.wallets, strict=True):
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
