from __future__ import annotations

from datetime import date, timedelta

import pytest

from liuliang.accounts import audit
from liuliang.accounts.models import AuditEntry, Staff
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import catch_up, ensure_cursors
from liuliang.loyalty.adjusting import adjust, approve, change_programme, programme, reject
from liuliang.loyalty.expiry import clear_earned_before, earned_before
from liuliang.loyalty.models import Adjustment, Lot, Transfer
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.loyalty.queries import balance_of
from liuliang.loyalty.reactions import ForgetReasons
from liuliang.people.erasure import erase_member
from liuliang.people.merging import merge_members
from liuliang.people.models import Member


@pytest.fixture
def staff(db, at):
    def make(name: str) -> Staff:
        return Staff.objects.create(email=f"{name}@example.com", name=name, created_at=at)

    return make


@pytest.mark.usefixtures("ledger")
def test_a_small_amount_is_given_at_once_and_recorded_without_its_reason(make_member, staff, at):
    member = make_member()
    with audit.acting(staff("a")):
        assert adjust(member, 100, reason="王女士的生日", at=at).state == "done"
        assert adjust(member, -30, reason="记错了", at=at).state == "done"
    assert balance_of(member).available == 70
    assert [entry.changes["reason"] for entry in AuditEntry.objects.filter(action="points.adjusted")] == [None, None]
    assert Transfer.objects.filter(cause__startswith="adjustment:").exclude(actor=None).count() == 2


@pytest.mark.usefixtures("ledger")
def test_a_large_amount_waits_for_a_second_person(make_member, staff, at):
    member, first, second = make_member(), staff("a"), staff("b")
    with audit.acting(first):
        row = adjust(member, 1_001, reason="补发", at=at)
        assert (row.state, balance_of(member).available) == ("proposed", 0)
        with pytest.raises(Refused, match=r"adjustment\.own"):
            approve(row.pk, at=at)
    with audit.acting(second):
        assert approve(row.pk, at=at).decided_by == second
        with pytest.raises(Refused, match=r"adjustment\.decided"):
            approve(row.pk, at=at)
    assert balance_of(member).available == 1_001


@pytest.mark.usefixtures("ledger")
def test_what_is_rejected_is_never_given(make_member, staff, at):
    member = make_member()
    with audit.acting(staff("a")):
        row = adjust(member, 5_000, reason="误发", at=at)
    with audit.acting(staff("b")):
        assert reject(row.pk, at=at).state == "refused"
        with pytest.raises(Refused, match=r"adjustment\.unknown"):
            reject(0, at=at)
    assert not Transfer.objects.exists()


@pytest.mark.usefixtures("ledger")
def test_what_makes_no_sense_is_refused_and_leaves_nothing(make_member, at):
    member = make_member()
    yesterday = at.date() - timedelta(days=1)
    for amount, more, code in (
        (0, {}, "adjustment.amount"), (10**30, {}, "adjustment.amount"), (10**9 + 1, {}, "adjustment.amount"), (5, {"reason": " "}, "adjustment.reason"),
        (5, {"ends_on": yesterday}, "validity.past"), (-5, {}, "points.not_enough"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            adjust(member, amount, **{"reason": "x", "at": at, **more})
        assert refusal.value.code == code
    with pytest.raises(Refused, match=r"member\.unknown"):
        adjust(0, 5, reason="x", at=at)
    assert not Adjustment.objects.exists()


@pytest.mark.usefixtures("ledger")
def test_the_limit_can_be_changed(make_member, staff, at):
    change_programme(worth_money=1, worth_points=10, approval_from=0)
    assert (programme().worth_points, programme().approval_from) == (10, 0)
    with audit.acting(staff("a")):
        assert adjust(make_member(), 1, reason="x", at=at).state == "proposed"
    with pytest.raises(Refused, match=r"programme\.numbers"):
        change_programme(worth_money=1, worth_points=0, approval_from=0)


@pytest.mark.usefixtures("ledger")
def test_a_season_is_cleared_once_and_newer_points_stay(make_member, at):
    members = [make_member() for _ in range(5)]
    newer = at + timedelta(days=10)
    for member in members:
        earn([Reward(member, 10, f"old:{member}")], at=at)
        earn([Reward(member, 7, f"new:{member}")], at=newer)
    spend(members[0], 4, cause="mall:1", at=newer)
    assert earned_before(newer) == (5, 46)
    for _ in range(2):
        last = 0
        while last is not None:
            last = clear_earned_before(newer, season="2026-1", at=newer, after=last, limit=2)
    assert [balance_of(member).available for member in members] == [7] * 5
    assert earned_before(newer) == (0, 0)
    assert LoggedEvent.objects.filter(kind="points.deducted").count() == 5
    assert Lot.objects.filter(remaining=7).count() == 5


def test_what_was_written_about_somebody_goes_when_they_are_erased(shared_ledger, make_member, at):
    member = make_member()
    reaction = ForgetReasons()
    ensure_cursors(reaction)
    adjust(member, 5, reason="王女士的生日", at=at)
    erase_member(member, at=at)
    catch_up(reaction)
    assert (Adjustment.objects.get().reason, Adjustment.objects.get().amount) == ("", 5)


@pytest.mark.usefixtures("ledger")
def test_what_would_be_gone_at_once_or_is_for_nobody_any_more_is_not_approved(make_member, staff, at):
    member = make_member()
    with audit.acting(staff("a")):
        row = adjust(member, 5_000, reason="补发", at=at, ends_on=date(2026, 3, 2))
    with audit.acting(staff("b")):
        with pytest.raises(Refused, match=r"validity\.past"):
            approve(row.pk, at=at + timedelta(days=2))
        Member.objects.filter(pk=member).update(erased_at=at)
        with pytest.raises(Refused, match=r"member\.unknown"):
            approve(row.pk, at=at)
    assert not Transfer.objects.exists()


@pytest.mark.usefixtures("ledger")
def test_what_can_never_be_carried_out_is_not_even_proposed(make_member, staff, at):
    member, first, second = make_member(), staff("a"), staff("b")
    earn([Reward(member, 2_000, "gift:1")], at=at)
    with audit.acting(first):
        with pytest.raises(Refused, match=r"points\.not_enough"):
            adjust(member, -2_001, reason="扣回", at=at)
        row = adjust(member, -2_000, reason="扣回", at=at)
        assert row.state == "proposed"
    # One that was proposed before there was a limit is not carried out either.
    old = Adjustment.objects.create(member_id=member, amount=10**15, reason="旧", staff=first, at=at)
    with audit.acting(second):
        with pytest.raises(Refused, match=r"adjustment\.amount"):
            approve(old.pk, at=at)
        assert reject(old.pk, at=at).state == "refused"
        approve(row.pk, at=at)
    assert balance_of(member).available == 0


@pytest.mark.usefixtures("ledger")
def test_what_was_proposed_for_a_record_is_taken_from_the_person_it_was_merged_into(make_member, staff, at):
    record, person = make_member(), make_member()
    earn([Reward(record, 2_000, "gift:1"), Reward(person, 500, "gift:2")], at=at)
    with audit.acting(staff("a")):
        row = adjust(record, -1_500, reason="扣回", at=at)
    merge_members(record, person, at=at)
    spend(person, 700, cause="mall:1", at=at)
    with audit.acting(staff("b")):
        approve(row.pk, at=at)
    assert balance_of(person).available == 300
