from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.projections import rebuild, verify
from liuliang.kernel.readers import Mark, Window, catch_up, ensure_cursors, horizon
from liuliang.loyalty.accounts import GROWTH, POINTS, Address, find_accounts, standing
from liuliang.loyalty.earning import stop_rule, write_rule
from liuliang.loyalty.models import EarningRule, RuleDay, Transfer
from liuliang.loyalty.points import spend
from liuliang.loyalty.projections import PointsDayProjection, PointsEndingProjection
from liuliang.loyalty.reactions import EarningReaction
from liuliang.loyalty.stock import open_budget
from liuliang.people.events import MemberJoined, MemberLeft, MessageRecalled, MessageSent
from liuliang.people.models import Community, Member

pytestmark = pytest.mark.usefixtures("shared_ledger")

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
"""A Monday morning in Shanghai."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _reaction(shared_ledger):
    ensure_cursors(EarningReaction())


@pytest.fixture
def group() -> Community:
    made = Community.objects.create(name="读书群", type="interest", created_at=START)
    made.path = [made.id]
    made.save()
    return made


def a_rule(behaviour: str = "speak", low: int = 5, **more) -> EarningRule:
    more = {"title": "发言", "high": low, "starts_at": START - DAY, **more}
    return write_rule(EarningRule(behaviour=behaviour, low=low, **more), at=START - DAY)


class Teller:
    """Tells the log what happened."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(
        self, payload, at: datetime, member: int | None, group: Community | None = None, name: str = ""
    ) -> str:
        self.number += 1
        name = name or f"t{self.number}"
        append([Fact(payload, at, "test", name, member, group.id if group else None)])
        return name


@pytest.fixture
def tell() -> Teller:
    return Teller()


def react(at: datetime = START) -> None:
    with time_machine.travel(at, tick=False):
        catch_up(EarningReaction())


def balance(member: int, kind: str = "member", unit: str = POINTS) -> int:
    found = find_accounts([Address(unit, kind, member=member)])
    return standing(next(iter(found.values()))).balance if found else 0


def test_what_a_member_does_is_rewarded_once_even_when_the_log_is_read_again(make_member, tell, group):
    rule, member = a_rule(), make_member()
    tell(MessageSent(text="早"), START, member, group)
    react()
    assert (balance(member), Transfer.objects.get(kind="earned").cause.split(":")[:2]) == (5, ["rule", str(rule.pk)])
    EarningReaction().apply(Window(horizon(), Mark()))
    assert (balance(member), RuleDay.objects.get().amount) == (5, 5)


def test_a_rule_does_not_speak_of_what_happened_before_its_start(make_member, tell):
    a_rule(starts_at=START)
    member = make_member()
    tell(MessageSent(text="早"), START - DAY, member)
    react()
    assert balance(member) == 0


def test_caps_hold_by_local_day_week_and_in_all(make_member, tell):
    a_rule(cap_day=12, cap_week=30, cap_total=40)
    member = make_member()
    monday = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight in Shanghai
    for day in range(9):
        for minute in range(4):
            tell(MessageSent(text="早"), monday + day * DAY + timedelta(minutes=minute), member)
    tell(MessageSent(text="早"), monday - timedelta(seconds=1), member)
    EarningRule.objects.update(starts_at=monday - DAY)
    react()
    by_day = dict(RuleDay.objects.order_by("day").values_list("day__day", "amount"))
    assert by_day == {2: 12, 3: 12, 4: 6, 9: 10}
    assert balance(member) == 40


def test_bots_and_those_who_were_erased_earn_nothing(make_member, tell):
    a_rule()
    bot, erased = make_member(), make_member()
    Member.objects.filter(id=bot).update(is_bot=True)
    Member.objects.filter(id=erased).update(erased_at=START)
    for member in (bot, erased, None):
        tell(MessageSent(text="早"), START, member)
    react()
    assert not Transfer.objects.exists()


def test_whoever_invited_earns_and_gives_it_back_when_the_friend_leaves_within_the_day(make_member, tell, group):
    a_rule("invite", 50)
    inviter, stayed, left = make_member(), make_member(), make_member()
    for friend in (stayed, left):
        tell(MemberJoined(inviter=inviter), START, friend, group)
    react()
    assert balance(inviter) == 100
    tell(MemberLeft(), START + 23 * HOUR, left, group)
    tell(MemberLeft(), START + 25 * HOUR, stayed, group)
    react()
    assert balance(inviter) == 50
    assert RuleDay.objects.get().amount == 50, "the cap is free again"


def test_what_was_spent_of_it_is_owed(make_member, tell, group):
    a_rule("invite", 50)
    inviter, friend = make_member(), make_member()
    tell(MemberJoined(inviter=inviter), START, friend, group)
    react()
    spend(inviter, 40, cause="mall:1", at=START)
    tell(MemberLeft(), START + HOUR, friend, group)
    react(START + HOUR)
    assert (balance(inviter), balance(inviter, "debt")) == (0, -40)


def test_who_left_before_it_was_known_that_they_came_is_not_paid_for(make_member, tell, group):
    a_rule("invite", 50)
    inviter, friend = make_member(), make_member()
    tell(MemberLeft(), START + HOUR, friend, group)
    tell(MemberJoined(inviter=inviter), START, friend, group)
    react()
    assert not Transfer.objects.filter(kind="earned").exists()


def test_nobody_earns_by_inviting_themselves(make_member, tell, group):
    a_rule("invite", 50)
    member = make_member()
    tell(MemberJoined(inviter=member), START, member, group)
    react()
    assert balance(member) == 0


def test_a_message_that_is_recalled_is_not_paid(make_member, tell, group):
    a_rule()
    member = make_member()
    name = tell(MessageSent(text="早"), START, member, group)
    tell(MessageSent(text="早", is_recalled=True), START, member, group)
    react()
    assert balance(member) == 5
    tell(MessageRecalled(target=name), START + HOUR, make_member(), group)
    react()
    assert balance(member) == 0


def test_a_refund_takes_points_by_amount_back_in_proportion(make_member, tell):
    from liuliang.commerce.events import OrderPaid, OrderRefunded

    a_rule("order", 1, per=100)
    member = make_member()
    tell(OrderPaid(order=1, amount=10_050), START, member)
    react()
    assert balance(member) == 100
    tell(OrderRefunded(order=1, amount=2_000), START + HOUR, member)
    react()
    assert balance(member) == 81, "rounded for the member"
    tell(OrderRefunded(order=1, amount=8_050), START + HOUR, member)
    react()
    assert balance(member) == 0


def test_a_refund_that_is_known_before_its_order_counts_too(make_member, tell):
    from liuliang.commerce.events import OrderPaid, OrderRefunded

    a_rule("order", 1, per=100)
    member = make_member()
    tell(OrderRefunded(order=1, amount=5_000), START, member)
    tell(OrderPaid(order=1, amount=10_000), START, member)
    react()
    assert balance(member) == 50


def test_an_empty_budget_refuses_and_the_rule_says_so(make_member, tell):
    open_budget("spring", 12, cause="fund", at=START)
    rule = a_rule(budget="spring")
    member = make_member()
    for _ in range(4):
        tell(MessageSent(text="早"), START, member)
    react()
    rule.refresh_from_db()
    assert (balance(member), rule.refused, RuleDay.objects.get().amount) == (10, 2, 10)


def test_growth_is_earned_by_the_same_rules(make_member, tell):
    a_rule(unit=GROWTH)
    member = make_member()
    name = tell(MessageSent(text="早"), START, member)
    react()
    assert (balance(member, unit=GROWTH), balance(member)) == (5, 0)
    tell(MessageRecalled(target=name), START, member)
    react()
    assert balance(member, unit=GROWTH) == 0


def test_a_stopped_rule_pays_nothing_but_still_takes_back(make_member, tell):
    rule = a_rule()
    member = make_member()
    name = tell(MessageSent(text="早"), START, member)
    react()
    stop_rule(rule)
    tell(MessageSent(text="早"), START, member)
    tell(MessageRecalled(target=name), START, member)
    react()
    assert balance(member) == 0


def test_a_rule_of_one_branch_pays_there_and_below(make_member, tell, group):
    child = Community.objects.create(name="一群", type="interest", created_at=START, parent=group)
    child.path = [group.id, child.id]
    child.save()
    a_rule(community=group)
    member = make_member()
    other = Community.objects.create(name="别处", type="interest", created_at=START)
    for where in (group, child, other, None):
        tell(MessageSent(text="早"), START, member, where)
    react()
    assert balance(member) == 10


def test_points_end_as_the_rule_says(make_member, tell):
    a_rule(validity={"kind": "days", "number": 7})
    tell(MessageSent(text="早"), START, make_member())
    react(START)
    assert LoggedEvent.objects.get(kind="points.earned").data["endings"] == [["2026-03-09", 5]]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"title": " "}, "rule.title"), ({"unit": "gold"}, "rule.unit"), ({"behaviour": "fly"}, "rule.behaviour"),
        ({"behaviour": "event:points.earned"}, "rule.loop"), ({"budget": "none"}, "rule.budget"),
        ({"high": 1}, "rule.amount"), ({"cap_day": 10**10}, "rule.cap"), ({"undo_hours": -1}, "rule.undo"), ({"per": 100}, "rule.per"),
        ({"validity": {"kind": "until", "day": "2020-01-01"}}, "validity.past"),
        ({"validity": {"kind": "year_end", "number": 9_000}}, "validity.number"),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_not_saved(wrong, code):
    with pytest.raises(Refused) as refusal:
        a_rule(**{"behaviour": "speak", **wrong})
    assert refusal.value.code == code
    assert not EarningRule.objects.exists()


def test_the_reports_are_folds_of_the_log(make_member, tell):
    a_rule(validity={"kind": "days", "number": 7})
    member = make_member()
    for _ in range(3):
        tell(MessageSent(text="早"), START, member)
    react()
    spend(member, 7, cause="mall:1", at=START)
    for projection in (PointsDayProjection(), PointsEndingProjection()):
        catch_up(projection)
        assert verify(projection).is_none
        rebuild(projection)
        catch_up(projection)
        assert verify(projection).rows > 0


@pytest.mark.parametrize(("back", "paid"), [(4_000, 60), (10_000, 0)])
def test_what_went_back_before_an_order_was_claimed_is_not_rewarded(make_member, tell, back, paid):
    from liuliang.commerce.events import OrderClaimed, OrderPaid, OrderRefunded

    a_rule("order", 1, per=100)
    a_rule("order", 7)
    member = make_member()
    tell(OrderPaid(order=1, amount=10_000), START, None)
    tell(OrderRefunded(order=1, amount=back), START, None)
    tell(OrderClaimed(order=1, amount=10_000, refunded=back), START, member)
    react()
    assert balance(member) == paid + (7 if paid else 0)
    if paid:
        tell(OrderRefunded(order=1, amount=1_000), START + HOUR, member)
        react()
        assert balance(member) == paid - 10 + 7


def test_what_is_let_go_stays_within_the_caps_however_often_more_is_undone(make_member, tell):
    from liuliang.commerce.events import OrderPaid, OrderRefunded

    a_rule("order", 1, per=100, cap_total=100, is_forgiving=True)
    member = make_member()
    tell(OrderPaid(order=1, amount=10_000), START, member)
    react()
    spend(member, 100, cause="mall:1", at=START)
    for _ in range(4):
        tell(OrderRefunded(order=1, amount=2_500), START + HOUR, member)
        react()
    assert RuleDay.objects.get().amount == 100
    tell(OrderPaid(order=2, amount=50_000), START + HOUR, member)
    react()
    assert balance(member) == 0, "the cap is used up"


def test_an_order_in_yen_earns_nothing_by_the_yuan(make_member, tell):
    from liuliang.commerce.events import OrderPaid

    a_rule("order", 1, per=100)
    a_rule("order", 7, conditions=[{"field": "amount", "operator": "at_least", "value": 5_000}])
    member = make_member()
    tell(OrderPaid(order=1, amount=10_000, currency="JPY"), START, member)
    react()
    assert balance(member) == 0
