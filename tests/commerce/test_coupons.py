from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from pyroaring import BitMap

from crowds import begin_and_wait
from liuliang.accounts.models import AuditEntry
from liuliang.commerce.codes import LENGTH, TRIES, WINDOW, claim_code, make_codes, shown_code
from liuliang.commerce.coupons import change_template, give_coupon, give_coupons, hold_takers, usable, withdraw_coupon
from liuliang.commerce.giving import add_rule, begin_run, go_on, stop_rule
from liuliang.commerce.models import CodeAttempt, Coupon, CouponCode, CouponRule
from liuliang.commerce.reactions import CouponReaction
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import catch_up, ensure_cursors
from liuliang.loyalty.stock import remaining
from liuliang.people.events import MemberJoined
from liuliang.people.merging import merge_members
from liuliang.people.models import Member

DAY = timedelta(days=1)


def give(template, member: int, at, cause: str = "") -> Coupon:
    return give_coupon(template, member, how="hand", cause=cause or f"test:{member}", at=at)


@pytest.mark.usefixtures("ledger")
def test_a_coupon_is_given_once_for_its_cause_and_counted(make_template, make_member, at):
    template, member = make_template(total=10), make_member()
    assert give(template, member, at) == give(template, member, at)
    left = remaining(template.stock_id)
    assert (left.free, left.reserved, left.gone) == (9, 0, 1)
    assert list(LoggedEvent.objects.filter(kind="coupon.given").values_list("member", flat=True)) == [member]


@pytest.mark.usefixtures("ledger")
def test_a_person_gets_no_more_than_they_may_whatever_the_cause(make_template, make_member, at):
    template, member = make_template(per_person=2), make_member()
    give(template, member, at, "a")
    give(template, member, at, "b")
    with pytest.raises(Refused, match=r"stock\.limit"):
        give(template, member, at, "c")


@pytest.mark.usefixtures("ledger")
def test_a_coupon_ends_with_its_template_or_its_days_whichever_is_first(make_template, make_member, at):
    short, long = make_template(days=3), make_template(days=90)
    assert give(short, make_member(), at).ends_at == at + 3 * DAY
    assert give(long, make_member(), at).ends_at == at + 30 * DAY
    later = make_template(starts_at=at + 10 * DAY, days=3)
    assert give(later, make_member(), at).ends_at == at + 13 * DAY


@pytest.mark.usefixtures("ledger")
def test_what_is_over_stopped_or_gone_is_not_given(make_template, make_member, at):
    template = make_template(total=1)
    give(template, make_member(), at)
    with pytest.raises(Refused, match=r"stock\.sold_out"):
        give(template, make_member(), at)
    with pytest.raises(Refused, match=r"coupon\.ended"):
        give(make_template(), make_member(), at + 30 * DAY)
    stopped = make_template()
    told = {"name": stopped.name, "ends_at": stopped.ends_at, "total": stopped.total, "per_person": 1}
    stopped = change_template(stopped.pk, **told, is_active=False, at=at)
    with pytest.raises(Refused, match=r"coupon\.inactive"):
        give(stopped, make_member(), at)


@pytest.mark.usefixtures("ledger")
def test_the_total_grows_and_shrinks_but_not_below_what_was_given(make_template, make_member, at):
    template = make_template(total=2)
    give(template, make_member(), at)
    told = {"name": "新名", "ends_at": template.ends_at, "per_person": 1, "is_active": True}
    change_template(template.pk, **told, total=5, at=at)
    assert remaining(template.stock_id).free == 4
    change_template(template.pk, **told, total=1, at=at + DAY)
    assert remaining(template.stock_id).free == 0
    change_template(template.pk, **told, total=3, at=at + 2 * DAY)
    give(template, make_member(), at)
    with pytest.raises(Refused, match=r"stock\.not_enough"):
        change_template(template.pk, **told, total=1, at=at + 3 * DAY)


@pytest.mark.usefixtures("ledger")
def test_a_withdrawn_coupon_may_be_given_again(make_template, make_member, at):
    template, member = make_template(total=1), make_member()
    coupon = give(template, member, at)
    withdraw_coupon(coupon.pk, at=at)
    withdraw_coupon(coupon.pk, at=at)
    assert remaining(template.stock_id).free == 1
    assert usable(member, at=at) == []
    again = give(template, member, at, "again")
    assert usable(member, at=at) == [again]


@pytest.mark.usefixtures("ledger")
def test_a_merged_record_has_the_coupons_of_the_person(make_template, make_member, at):
    template, member = make_template(), make_member()
    record = Member.objects.create(name="小号", canonical_id=member, created_at=at)
    coupon = give(template, record.pk, at)
    assert coupon.member_id == member
    assert usable(member, at=at) == [coupon]


@pytest.mark.usefixtures("shared_ledger")
def test_a_thousand_threads_with_a_limit_of_one_give_exactly_as_many_as_there_are(make_template, at_once, at):
    template = make_template(total=300, per_person=1)
    members = Member.objects.bulk_create([Member(name=f"成员{n}", created_at=at) for n in range(500)])
    # Every member asks twice, for two causes; three hundred of five hundred can have one.
    jobs = [
        lambda member=member, turn=turn: give(template, member.pk, at, f"{turn}:{member.pk}").pk
        for turn in range(2)
        for member in members
    ]
    results = at_once(jobs, 60)
    outcomes = Counter(each.code if isinstance(each, Refused) else type(each).__name__ for each in results)
    assert outcomes["int"] == 300
    assert set(outcomes) <= {"int", "stock.sold_out", "stock.limit"}, outcomes
    assert Coupon.objects.count() == Coupon.objects.values("member").distinct().count() == 300
    left = remaining(template.stock_id)
    assert (left.free, left.reserved, left.gone) == (0, 0, 300)


@pytest.mark.usefixtures("shared_ledger")
def test_several_gifts_of_a_transaction_and_a_run_never_wait_in_a_circle(make_template, make_member, at):
    template = make_template(total=3, per_person=1)
    one, two, three = make_member(), make_member(), make_member()
    with transaction.atomic():
        hold_takers(template, [one, two])
        give(template, one, at)
        # All that is left stands in one bucket, which the run waits for as long as this transaction lasts.
        run = begin_and_wait(lambda: give_coupons(template, [two, three], how="segment", cause="run:1", at=at))
        give(template, two, at)
    assert run() == (1, 1)
    assert remaining(template.stock_id).free == 0


@pytest.mark.usefixtures("shared_ledger")
def test_one_member_in_many_threads_gets_one(make_template, make_member, at_once, at):
    template, member = make_template(total=100, per_person=1), make_member()
    results = at_once([lambda n=n: give(template, member, at, f"{n}").pk for n in range(60)], 30)
    assert sum(isinstance(each, int) for each in results) == 1
    assert remaining(template.stock_id).gone == 1


@pytest.mark.usefixtures("ledger")
def test_a_code_becomes_one_coupon(make_template, make_member, at):
    template, member = make_template(), make_member()
    make_codes(template, 3, title="传单", at=at)
    code = CouponCode.objects.first().code
    assert len(code) == LENGTH
    typed = f" {shown_code(code).lower()} "
    coupon = claim_code(typed, member, asker="staff:1", at=at)
    assert claim_code(code, member, asker="staff:1", at=at) == coupon
    assert coupon.how == "code"
    assert not CodeAttempt.objects.exists()


@pytest.mark.usefixtures("ledger")
def test_a_code_tells_nothing_to_who_guesses(make_template, make_member, at):
    template, member, other = make_template(), make_member(), make_member()
    make_codes(template, 2, title="传单", at=at)
    used, mine = CouponCode.objects.values_list("code", flat=True)
    claim_code(used, other, asker="a", at=at)
    claim_code(mine, member, asker="b", at=at)
    make_codes(template, 1, title="再来", at=at)
    fresh = CouponCode.objects.filter(coupon=None).get().code
    said = set()
    for code in (used, "AAAABBBBCCCC", "", "'; DROP", fresh):
        with pytest.raises(Refused) as refused:
            claim_code(code, member, asker=f"c{code}", at=at)
        said.add((refused.value.code, tuple(refused.value.data)))
    # Used by somebody else, unknown, nonsense, and good but beyond the member's own limit: one answer.
    assert said == {("code.unusable", ())}


@pytest.mark.usefixtures("ledger")
def test_who_guesses_must_wait_and_a_good_code_does_not_help(make_template, make_member, at):
    template, member = make_template(), make_member()
    make_codes(template, 1, title="传单", at=at)
    code = CouponCode.objects.get().code
    for _turn in range(TRIES):
        with pytest.raises(Refused, match=r"code\.unusable"):
            claim_code("AAAABBBBCCCC", member, asker="staff:1", at=at)
    with pytest.raises(Refused, match=r"code\.wait"):
        claim_code(code, member, asker="staff:2", at=at)
    with pytest.raises(Refused, match=r"code\.wait"):
        claim_code(code, make_member(), asker="staff:1", at=at)
    assert claim_code(code, member, asker="staff:2", at=at + WINDOW)


@pytest.mark.usefixtures("ledger")
def test_a_segment_gets_theirs_in_batches_and_once(make_template, at, monkeypatch):
    monkeypatch.setattr("liuliang.commerce.giving.BATCH", 2)
    template = make_template(total=4)
    members = Member.objects.bulk_create([Member(name=f"成员{n}", created_at=at) for n in range(5)])
    give(template, members[0].pk, at)
    run = begin_run(template, BitMap([member.pk for member in members]), title="新客", at=at)
    turns = 1
    while go_on(run.pk, at=at):
        turns += 1
    assert not go_on(run.pk, at=at)
    run.refresh_from_db()
    assert (turns, run.given, run.refused, run.ended_at) == (3, 3, 2, at)
    assert remaining(template.stock_id).free == 0
    assert AuditEntry.objects.filter(action="coupon.run_begun").count() == 1


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("batch", [1, 2])
def test_a_person_of_two_records_is_one_of_those_who_got_theirs(make_template, make_member, at, monkeypatch, batch):
    monkeypatch.setattr("liuliang.commerce.giving.BATCH", batch)
    records = [make_member(), make_member()]
    run = begin_run(make_template(), BitMap(records), title="新客", at=at)
    merge_members(*records, at=at)
    while go_on(run.pk, at=at):
        pass
    run.refresh_from_db()
    assert (run.given, run.refused) == (1, 0)


@pytest.mark.usefixtures("ledger")
def test_who_is_held_back_by_lot_gets_none_of_a_run(make_template, at, monkeypatch):
    monkeypatch.setattr("liuliang.commerce.giving.BATCH", 7)
    template = make_template(total=500)
    ids = [each.pk for each in Member.objects.bulk_create([Member(name=f"成员{n}", created_at=at) for n in range(50)])]
    run = begin_run(template, BitMap(ids), title="新客", at=at, hold=20)
    held, given = BitMap.deserialize(bytes(run.held)), BitMap.deserialize(bytes(run.members))
    assert (run.size, run.held_size, len(given), len(held)) == (40, 10, 40, 10)
    assert given | held == BitMap(ids)
    while go_on(run.pk, at=at):
        pass
    assert set(Coupon.objects.values_list("member", flat=True)) == set(given)
    entry = AuditEntry.objects.get(action="coupon.run_begun")
    assert (entry.changes["count"], entry.changes["held"]) == ([None, 40], [None, 10])


@pytest.mark.usefixtures("ledger")
def test_everybody_is_as_likely_to_be_held_back_and_nobody_of_too_few(make_template, at):
    template = make_template()
    ids = [each.pk for each in Member.objects.bulk_create([Member(name=f"成员{n}", created_at=at) for n in range(9)])]
    times = Counter(
        member
        for _ in range(180)
        for member in BitMap.deserialize(bytes(begin_run(template, BitMap(ids), title="新客", at=at, hold=50).held))
    )
    # Each of nine is one of four held back 80 times of 180; 6.7 is one standard deviation.
    assert set(times) == set(ids)
    assert all(abs(count - 80) < 40 for count in times.values())
    with pytest.raises(Refused) as refused:
        begin_run(template, BitMap(ids), title="新客", at=at, hold=10)
    assert (refused.value.code, refused.value.data) == ("coupon.hold", {"fewest": 10})
    assert begin_run(template, BitMap(ids), title="新客", at=at).held_size == 0


def test_a_rule_gives_for_what_happens_from_its_start_on_and_once(
    transactional_db, make_template, make_member, make_community, at
):
    group, other = make_community("群"), make_community("别处")
    template = make_template(total=10)
    rule = add_rule(template, "join", community=group.id, at=at)
    before, here, there = make_member(), make_member(), make_member()

    def joins(member: int, community, when) -> Fact:
        return Fact(MemberJoined(), when, "test", f"{member}:{when}", member, community.id)

    def follow(*facts: Fact) -> None:
        append(facts)
        with time_machine.travel(at + 4 * DAY, tick=False):
            catch_up(CouponReaction())

    follow()
    follow(joins(before, group, at - DAY), joins(here, group, at + DAY), joins(there, other, at + DAY))
    follow(joins(here, group, at + 2 * DAY))
    assert list(Coupon.objects.values_list("member", "how")) == [(here, "rule")]
    rule = CouponRule.objects.get(pk=rule.pk)
    assert (rule.given, rule.refused) == (1, 1)
    stop_rule(rule.pk)
    follow(joins(there, group, at + 3 * DAY))
    assert Coupon.objects.count() == 1


def test_a_rule_gives_nothing_to_bots_or_to_who_invites_themselves(
    transactional_db, make_template, make_member, make_community, at
):
    group = make_community("群")
    template = make_template(total=10, per_person=9)
    add_rule(template, "join", community=group.id, at=at)
    add_rule(template, "invite", community=group.id, at=at)
    inviter, friend, bot = make_member(), make_member(), make_member()
    Member.objects.filter(pk=bot).update(is_bot=True)
    joins = [
        Fact(MemberJoined(inviter=by), at + DAY, "test", f"{who}", who, group.id)
        for who, by in ((friend, inviter), (inviter, inviter), (bot, bot))
    ]
    ensure_cursors(CouponReaction())
    append(joins)
    with time_machine.travel(at + 2 * DAY, tick=False):
        catch_up(CouponReaction())
    assert sorted(Coupon.objects.values_list("member", flat=True)) == sorted([friend, inviter, inviter])
