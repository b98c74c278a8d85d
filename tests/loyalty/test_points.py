from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty import holds
from liuliang.loyalty.accounts import POINTS, Address, find_accounts, open_account, purse, standing
from liuliang.loyalty.expiry import clear_earned_before, expire_due
from liuliang.loyalty.models import Lot, LotUse, Transfer
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.loyalty.refunds import refund
from liuliang.loyalty.reversals import Reversal, reverse_reward
from liuliang.loyalty.stock import open_budget, remaining
from liuliang.people.models import Member

pytestmark = pytest.mark.usefixtures("shared_ledger")


def balance(member: int, kind: str = "member") -> int:
    found = find_accounts([Address(POINTS, kind, member=member)])
    return standing(next(iter(found.values()))).balance if found else 0


def give(member: int, amount: int, cause: str, at: datetime, ends_on: date | None = None, **more) -> int:
    (posting,) = earn([Reward(member, amount, cause, ends_on, **more)], at=at)
    assert posting.transfer is not None, posting
    return posting.transfer


def left() -> list[tuple[date | None, int]]:
    return list(Lot.objects.order_by("ends_on", "id").values_list("ends_on", "remaining"))


def told(kind: str) -> list[dict]:
    return list(LoggedEvent.objects.filter(kind=kind).order_by("position").values_list("data", flat=True))


DAY = date(2026, 3, 1)
LATER = DAY + timedelta(days=30)


def test_a_reward_is_given_once_for_its_cause(make_member, at):
    member = make_member()
    outcomes = [
        earn([Reward(member, 5, "a")], at=at)[0].outcome,
        earn([Reward(member, 5, "a"), Reward(member, 7, "b")], at=at)[0].outcome,
    ]
    assert (outcomes, balance(member)) == (["posted", "known"], 12)
    assert [each["amount"] for each in told("points.earned")] == [5, 7]


def test_a_reward_for_nobody_or_from_no_budget_is_refused(make_member, at):
    asked = [Reward(0, 5, "a"), Reward(make_member(), 5, "b", budget="none")]
    assert [each.outcome for each in earn(asked, at=at)] == ["unknown_account", "unknown_account"]


def test_an_empty_budget_refuses_the_reward(make_member, at):
    member = make_member()
    budget = open_budget("spring", 12, cause="fund", at=at)
    outcomes = [each.outcome for each in earn([Reward(member, 5, f"{n}", budget="spring") for n in range(3)], at=at)]
    assert outcomes == ["posted", "posted", "floor"]
    assert (balance(member), remaining(budget).free, remaining(budget).gone) == (10, 2, 10)


def test_what_ends_first_is_spent_first_and_the_entry_tells_the_lots(make_member, at):
    member = make_member()
    give(member, 5, "never", at)
    give(member, 5, "later", at, LATER)
    give(member, 5, "soon", at, DAY + timedelta(days=1))
    made = spend(member, 8, cause="mall:1", at=at)
    assert left() == [(DAY + timedelta(days=1), 0), (LATER, 2), (None, 5)]
    uses = LotUse.objects.filter(transfer=made).order_by("lot__ends_on").values_list("lot__ends_on", "amount")
    assert list(uses) == [(DAY + timedelta(days=1), 5), (LATER, 3)]
    assert told("points.spent")[0]["endings"] == [["2026-03-02", 5], ["2026-03-31", 3]]


def test_nobody_spends_what_they_do_not_have(make_member, at):
    member = make_member()
    give(member, 5, "a", at)
    with pytest.raises(Refused) as refusal:
        spend(member, 6, cause="mall:1", at=at)
    assert (refusal.value.code, refusal.value.data["available"]) == ("points.not_enough", 5)
    assert (balance(member), told("points.spent")) == (5, [])


@pytest.mark.parametrize("amount", [0, -5, 10**30])
def test_nobody_spends_an_amount_that_makes_no_sense(make_member, at, amount):
    with pytest.raises(Refused, match=r"points\.amount"):
        spend(make_member(), amount, cause="mall:1", at=at)


def test_a_cause_is_spent_for_once(make_member, at):
    member = make_member()
    give(member, 5, "a", at)
    assert spend(member, 3, cause="mall:1", at=at) == spend(member, 3, cause="mall:1", at=at)
    assert balance(member) == 2


def test_a_cause_that_was_something_else_is_a_mistake(make_member, at):
    member = make_member()
    give(member, 5, "a", at)
    with pytest.raises(ValueError, match="something else"):
        spend(member, 3, cause="a", at=at)
    assert balance(member) == 5


def test_points_count_to_the_end_of_their_last_day_where_the_brand_is(make_member, at):
    member = make_member()
    give(member, 5, "a", at, DAY)
    midnight = datetime(2026, 3, 1, 16, tzinfo=UTC)  # in Shanghai
    assert expire_due(at=midnight - timedelta(seconds=1)) == 0
    assert expire_due(at=midnight) == 1
    assert expire_due(at=midnight) == 0
    assert (balance(member), told("points.expired")[0]["amount"]) == (0, 5)
    assert LotUse.objects.get().transfer.kind == "expired"


def test_what_has_ended_is_not_spent_even_before_the_job_came(make_member, at):
    member = make_member()
    give(member, 5, "a", at, DAY)
    give(member, 5, "b", at, LATER)
    with pytest.raises(Refused, match=r"points\.not_enough"):
        spend(member, 6, cause="mall:1", at=at + timedelta(days=1))
    spend(member, 5, cause="mall:2", at=at + timedelta(days=1))
    assert balance(member) == 0


def test_a_refund_goes_back_to_the_lots_with_the_end_they_always_had(make_member, at):
    member = make_member()
    give(member, 5, "a", at, DAY)
    give(member, 5, "b", at, LATER)
    spend(member, 8, cause="mall:1", at=at)
    refund("mall:1", cause="mall:1:back", at=at, amount=4)
    assert left() == [(DAY, 1), (LATER, 5)], "what ends last comes back first"
    assert refund("mall:1", cause="mall:1:back", at=at) == refund("mall:1", cause="mall:1:back", at=at)
    refund("mall:1", cause="mall:1:rest", at=at)
    assert left() == [(DAY, 5), (LATER, 5)]
    with pytest.raises(Refused, match=r"points\.over_refunded"):
        refund("mall:1", cause="mall:1:more", at=at, amount=1)


def test_what_comes_back_after_its_end_ends_again(make_member, at):
    member = make_member()
    give(member, 5, "a", at, DAY)
    spend(member, 3, cause="mall:1", at=at)
    tomorrow = at + timedelta(days=1)
    expire_due(at=tomorrow)
    refund("mall:1", cause="back", at=tomorrow)
    assert balance(member) == 3
    assert expire_due(at=tomorrow) == 1
    assert (balance(member), [each["amount"] for each in told("points.expired")]) == (0, [2, 3])


def test_nothing_unknown_is_refunded(make_member, at):
    give(make_member(), 5, "a", at)
    for cause in ("nothing", "a"):
        with pytest.raises(Refused, match=r"points\.unknown_spending"):
            refund(cause, cause="back", at=at)


def test_a_reward_that_is_still_there_goes_back_from_its_own_lot(make_member, at):
    member = make_member()
    give(member, 5, "other", at, DAY)
    reward = give(member, 50, "invite", at, LATER)
    assert reverse_reward(reward, cause="left", at=at) == Reversal(taken=50)
    assert reverse_reward(reward, cause="left", at=at) == Reversal()
    assert reverse_reward(reward, cause="left again", at=at) == Reversal()
    assert left() == [(DAY, 5), (LATER, 0)]


def test_what_was_spent_of_it_is_a_debt_that_future_earnings_pay(make_member, at):
    member = make_member()
    reward = give(member, 50, "invite", at, DAY)
    give(member, 7, "other", at, LATER)
    spend(member, 30, cause="mall:1", at=at)
    assert reverse_reward(reward, cause="left", at=at) == Reversal(taken=20, owed=30)
    assert (balance(member), balance(member, "debt")) == (7, -30)
    give(member, 12, "check-in", at)
    assert (balance(member), balance(member, "debt")) == (7, -18)
    give(member, 20, "check-in 2", at)
    assert (balance(member), balance(member, "debt")) == (9, 0)
    assert [each["amount"] for each in told("points.debt_paid")] == [12, 18]


def test_a_rule_may_let_go_what_was_spent(make_member, at):
    member = make_member()
    reward = give(member, 50, "invite", at)
    spend(member, 30, cause="mall:1", at=at)
    assert reverse_reward(reward, cause="left", at=at, is_forgiving=True) == Reversal(taken=20, forgiven=30)
    assert balance(member, "debt") == 0


def test_what_had_ended_of_it_is_not_owed(make_member, at):
    member = make_member()
    reward = give(member, 50, "invite", at, DAY)
    spend(member, 10, cause="mall:1", at=at)
    expire_due(at=at + timedelta(days=1))
    assert reverse_reward(reward, cause="left", at=at + timedelta(days=1)) == Reversal(owed=10)


def test_what_comes_in_pays_several_debts_once(make_member, at):
    records, person = [make_member(), make_member()], make_member()
    for record in records:
        reward = give(record, 50, f"rule:1:{record}", at)
        spend(record, 50, cause=f"order:{record}", at=at)
        reverse_reward(reward, cause=f"undo:{record}", at=at)
    give(person, 100, "gift:1", at)
    Member.objects.filter(pk__in=records).update(canonical=person)
    give(person, 10, "gift:2", at)
    assert (balance(person), [balance(record, "debt") for record in records]) == (100, [-40, -50])


def test_a_refund_pays_the_debt_of_what_it_gives_back(make_member, at):
    member = make_member()
    reward = give(member, 50, "invite", at)
    spend(member, 50, cause="mall:1", at=at)
    reverse_reward(reward, cause="left", at=at)
    refund("mall:1", cause="back", at=at)
    assert (balance(member), balance(member, "debt")) == (0, 0)


def test_a_reversal_gives_the_budget_back_what_it_paid(make_member, at):
    member = make_member()
    budget = open_budget("spring", 50, cause="fund", at=at)
    reward = give(member, 50, "invite", at, budget="spring")
    reverse_reward(reward, cause="left", at=at, amount=20, budget="spring")
    assert remaining(budget).free == 20
    with pytest.raises(Refused, match=r"points\.unknown_reward"):
        reverse_reward(Transfer.objects.get(cause="left").id, cause="x", at=at)


def test_a_person_of_two_records_spends_from_both_purses_and_gets_it_back_in_both(make_member, at):
    person, record = make_member(), make_member()
    give(record, 5, "a", at, DAY)
    give(person, 5, "b", at, LATER)
    from liuliang.people.models import Member

    Member.objects.filter(id=record).update(canonical_id=person)
    with pytest.raises(Refused, match=r"points\.not_enough"):
        spend(record, 11, cause="mall:1", at=at)
    first = spend(record, 8, cause="mall:2", at=at)
    assert spend(person, 8, cause="mall:2", at=at) == first
    assert (balance(record), balance(person)) == (0, 2)
    refund("mall:2", cause="back", at=at)
    assert (balance(record), balance(person)) == (5, 5)
    give(record, 1, "c", at)
    assert balance(person) == 6, "what is earned goes to whom the record means"


def test_points_that_are_reserved_do_not_end_and_come_back_with_their_end(make_member, at):
    member = make_member()
    give(member, 5, "a", at, DAY)
    target = open_account(Address(POINTS, "spend"))
    mine = find_accounts([purse(member)])[purse(member)]
    until = at + timedelta(days=2)
    hold = holds.reserve(mine, target, 3, kind="spent", cause="mall:1", at=at, until=until).hold
    holds.take_lots(hold)
    tomorrow = at + timedelta(days=1)
    assert expire_due(at=tomorrow) == 1
    assert balance(member) == 3
    again = holds.reserve(mine, target, 3, kind="spent", cause="mall:1", at=at, until=until)
    assert not again.is_new
    holds.void_hold(hold, at=tomorrow)
    assert left() == [(DAY, 3)]


def test_a_posted_hold_tells_its_lots_and_can_be_refunded(make_member, at):
    member = make_member()
    give(member, 5, "a", at, DAY)
    target = open_account(Address(POINTS, "spend"))
    mine = find_accounts([purse(member)])[purse(member)]
    hold = holds.reserve(mine, target, 3, kind="spent", cause="mall:1", at=at, until=at + timedelta(days=2)).hold
    holds.take_lots(hold)
    holds.post_hold(hold, at=at)
    assert list(LotUse.objects.values_list("amount", flat=True)) == [3]
    refund("mall:1", cause="back", at=at)
    assert left() == [(DAY, 5)]


def test_the_same_spending_and_the_same_refund_at_once_happen_once(make_member, at_once, at):
    member = make_member()
    give(member, 100, "a", at)
    spent = at_once([lambda: spend(member, 30, cause="mall:1", at=at)] * 16, 8)
    assert len(set(spent)) == 1
    assert isinstance(spent[0], int)
    assert balance(member) == 70
    back = at_once([lambda: refund("mall:1", cause="back", at=at, amount=10)] * 16, 8)
    assert len(set(back)) == 1
    assert isinstance(back[0], int)
    assert balance(member) == 80


def test_a_purse_that_many_spend_from_at_once_is_spent_once(make_member, at_once, at):
    member = make_member()
    for number in range(10):
        give(member, 7, f"{number}", at, DAY + timedelta(days=number))
    results = at_once(
        [lambda number=number: spend(member, 5, cause=f"mall:{number}", at=at) for number in range(40)], 20
    )
    assert sum(isinstance(each, int) for each in results) == 14
    assert {each.code for each in results if isinstance(each, Refused)} == {"points.not_enough"}
    assert not [each for each in results if not isinstance(each, (int, Refused))]


def test_what_a_season_took_is_gone_and_not_owed_when_its_reward_is_taken_back(make_member, at):
    member = make_member()
    reward = give(member, 50, "a", at)
    spend(member, 20, cause="mall:1", at=at)
    clear_earned_before(at + timedelta(days=1), season="1", at=at + timedelta(days=2))
    assert reverse_reward(reward, cause="u", at=at + timedelta(days=2)) == Reversal(owed=20)
    assert (balance(member), balance(member, "debt")) == (0, -20)
