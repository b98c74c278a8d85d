from __future__ import annotations

from datetime import timedelta

import pytest

from liuliang.accounts import audit
from liuliang.accounts.models import AuditEntry, Staff
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.adjusting import change_programme
from liuliang.loyalty.models import Penalty
from liuliang.loyalty.penalties import appeal, is_blacklisted, lift, next_step, penalise, proposed_step, uphold
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.queries import balance_of
from liuliang.people.models import Member

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def staff(db, at):
    def make(name: str) -> Staff:
        return Staff.objects.create(email=f"{name}@example.com", name=name, created_at=at)

    return make


@pytest.mark.parametrize(
    ("had", "step"),
    [
        ([], "warn"), (["warn"], "mute"), (["warn", "mute"], "deduct"), (["remove", "warn"], "blacklist"),
        (["blacklist"], "blacklist"),
    ],
)  # fmt: skip
def test_each_penalty_makes_the_next_one_harder(had, step):
    assert next_step(had) == step


def test_the_ladder_forgets_after_ninety_days_and_what_was_lifted(make_member, staff, at):
    member = make_member()
    with audit.acting(staff("a")):
        penalise(member, "warn", reason="刷屏", at=at)
        row = penalise(member, "mute", reason="刷屏", at=at, until=at + timedelta(days=1))
        assert proposed_step(member, at=at) == "deduct"
        lift(row.pk, answer="误会", at=at)
    assert proposed_step(member, at=at) == "mute"
    assert proposed_step(member, at=at + timedelta(days=91)) == "warn"


def test_penalties_of_a_record_that_was_merged_make_the_next_one_harder(make_member, staff, at):
    record, person = make_member(), make_member()
    with audit.acting(staff("a")):
        penalise(record, "mute", reason="刷屏", at=at, until=at + timedelta(days=1))
    Member.objects.filter(pk=record).update(canonical=person)
    assert proposed_step(person, at=at) == "deduct"


def test_a_deduction_goes_through_the_ledger_and_comes_back_to_its_lots_when_it_is_lifted(make_member, staff, at):
    member = make_member()
    day = at.date() + timedelta(days=30)
    earn([Reward(member, 100, "gift:1", day)], at=at)
    with audit.acting(staff("a")):
        row = penalise(member, "deduct", reason="发广告", at=at, points=30)
        assert balance_of(member).available == 70
        lift(row.pk, answer="查清了", at=at)
        with pytest.raises(Refused, match=r"penalty\.decided"):
            lift(row.pk, answer="再来", at=at)
    assert balance_of(member).endings == ((day, 100),)


def test_a_deduction_of_more_than_there_is_leaves_nothing_behind(make_member, staff, at):
    member = make_member()
    with audit.acting(staff("a")), pytest.raises(Refused, match=r"points\.not_enough"):
        penalise(member, "deduct", reason="发广告", at=at, points=30)
    assert not Penalty.objects.exists()
    assert not LoggedEvent.objects.filter(kind="penalty.given").exists()


def test_no_penalty_takes_more_points_than_one_person_may(make_member, staff, at):
    member = make_member()
    earn([Reward(member, 100, "gift:1")], at=at)
    change_programme(worth_money=1, worth_points=100, approval_from=30)
    with audit.acting(staff("a")):
        with pytest.raises(Refused, match=r"penalty\.approval"):
            penalise(member, "deduct", reason="发广告", at=at, points=31)
        assert balance_of(member).available == 100
        penalise(member, "deduct", reason="发广告", at=at, points=30)
    assert balance_of(member).available == 70


def test_an_appeal_is_judged_by_somebody_else_and_told_to_the_log(make_member, staff, at):
    member = make_member()
    one, other = staff("a"), staff("b")
    with audit.acting(one):
        row = penalise(member, "remove", reason="辱骂", at=at)
        appeal(row.pk, text="是误会", at=at)
        with pytest.raises(Refused, match=r"penalty\.own"):
            uphold(row.pk, answer="不改", at=at)
        with pytest.raises(Refused, match=r"penalty\.decided"):
            appeal(row.pk, text="再说一次", at=at)
    with audit.acting(other):
        with pytest.raises(Refused, match=r"penalty\.answer"):
            uphold(row.pk, answer=" ", at=at)
        assert uphold(row.pk, answer="看过记录，维持", at=at).state == "standing"
    kinds = LoggedEvent.objects.filter(kind__startswith="penalty.").order_by("position").values_list("kind", flat=True)
    assert list(kinds) == ["penalty.given", "penalty.appealed", "penalty.upheld"]
    assert not any("辱骂" in str(entry.changes) for entry in AuditEntry.objects.all())


def test_the_blacklist_knows_a_person_by_every_record(make_member, staff, at):
    member, record = make_member(), make_member()
    Member.objects.filter(pk=record).update(canonical_id=member)
    with audit.acting(staff("a")):
        row = penalise(record, "blacklist", reason="诈骗", at=at)
        assert is_blacklisted(member)
        lift(row.pk, answer="认错人了", at=at)
    assert not is_blacklisted(member)


def test_what_makes_no_sense_is_refused(make_member, staff, at):
    member = make_member()
    with audit.acting(staff("a")):
        for step, more, code in (
            ("scold", {}, "penalty.step"), ("warn", {"reason": " "}, "penalty.reason"), ("mute", {}, "penalty.until"),
            ("mute", {"until": at}, "penalty.until"), ("deduct", {}, "points.amount"),
        ):  # fmt: skip
            with pytest.raises(Refused) as refusal:
                penalise(member, step, **{"reason": "x", "at": at, **more})
            assert refusal.value.code == code
        with pytest.raises(Refused, match=r"member\.unknown"):
            penalise(0, "warn", reason="x", at=at)
        with pytest.raises(Refused, match=r"penalty\.unknown"):
            lift(0, answer="x", at=at)
    assert not Penalty.objects.exists()
