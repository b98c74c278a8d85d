from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from crowds import begin_and_wait
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import catch_up
from liuliang.loyalty.growth import earn_growth, reverse_growth
from liuliang.loyalty.leveling import (
    NewLevel,
    explain,
    raise_members,
    review_due,
    rises,
    set_ladder,
    who_would_fall,
    who_would_rise,
)
from liuliang.loyalty.models import Level, MemberLevel
from liuliang.loyalty.points import Reward
from liuliang.loyalty.projections import StandingProjection

pytestmark = pytest.mark.usefixtures("shared_ledger")
LADDER = [
    NewLevel("silver", "银", 0, 0),
    NewLevel("gold", "金", 100, 30, ("生日礼",)),
    NewLevel("black", "黑", 500, 80),
]


@pytest.fixture
def member(make_member) -> int:
    set_ladder(LADDER)
    return make_member()


def grow(member: int, amount: int, at, cause: str = "") -> int:
    (posting,) = earn_growth([Reward(member, amount, cause or f"{member}:{amount}:{at}")], at=at)
    assert posting.transfer is not None
    return posting.transfer


def level_of(member: int) -> str:
    return MemberLevel.objects.get(member=member).level.key


def told(kind: str) -> list[dict]:
    return list(LoggedEvent.objects.filter(kind=kind).order_by("position").values_list("data", flat=True))


def test_a_member_rises_at_once_over_as_many_levels_as_growth_reaches(member, at):
    grow(member, 10, at)
    assert level_of(member) == "silver"
    grow(member, 600, at)
    assert level_of(member) == "black"
    assert [(each["before"], each["level"], each["growth"]) for each in told("level.reached")] == [
        ("", "silver", 10), ("silver", "black", 610),
    ]  # fmt: skip


def test_who_does_not_keep_a_level_falls_one_step_on_schedule_and_is_told_why(member, at):
    grow(member, 600, at)
    assert review_due(at=at + timedelta(days=80)) == 0
    # The first period holds the growth that reached the level.
    assert review_due(at=at + timedelta(days=93)) == 1
    assert level_of(member) == "black"
    grow(member, 79, at + timedelta(days=100))
    assert review_due(at=at + timedelta(days=186)) == 1
    assert review_due(at=at + timedelta(days=186)) == 0
    assert level_of(member) == "gold"
    lost = told("level.lost")[0]
    assert (lost["before"], lost["level"], lost["growth"], lost["needed"]) == ("black", "gold", 79, 80)


def test_growth_that_goes_back_is_missed_at_the_next_review(member, at):
    reward = grow(member, 120, at)
    assert reverse_growth(reward, cause="undo", at=at).taken == 120
    assert level_of(member) == "gold"
    with pytest.raises(Refused, match=r"growth\.unknown_reward"):
        reverse_growth(0, cause="x", at=at)
    review_due(at=at + timedelta(days=93))
    assert level_of(member) == "silver"


def test_a_member_is_told_where_they_stand(member, at):
    grow(member, 130, at)
    told = explain(member, at=at)
    assert (told.level, told.growth, told.next_level, told.missing, told.keep, told.earned, told.rights) == (
        "gold", 130, "black", 370, 30, 130, ("生日礼",),
    )  # fmt: skip
    assert explain(0, at=at).level == ""


def test_who_would_move_is_known_before(member, make_member, at):
    other = make_member()
    grow(member, 130, at - timedelta(days=400))
    grow(other, 130, at)
    MemberLevel.objects.filter(member=member).update(review_on=at.date())
    assert set(who_would_fall()) == {member}
    catch_up(StandingProjection())
    moves = who_would_rise([*LADDER[:2], NewLevel("black", "黑", 120, 80)])
    assert {who: move.after for who, move in moves.items()} == {member: "black", other: "black"}


def test_a_ladder_can_change_but_not_lose_a_level_that_members_are_on(member, at):
    grow(member, 130, at)
    with pytest.raises(Refused, match=r"level\.in_use"):
        set_ladder([LADDER[0], LADDER[2]])
    set_ladder([NewLevel("gold", "金", 0), NewLevel("silver", "银", 100)])
    assert list(Level.objects.order_by("threshold").values_list("key", flat=True)) == ["gold", "silver"]
    with pytest.raises(Refused, match=r"level\.thresholds"):
        set_ladder([NewLevel("gold", "金", 0), NewLevel("silver", "银", 0)])


def test_who_would_rise_by_another_ladder_is_counted_over_all_and_rises_when_it_is_set(make_member, at):
    set_ladder(LADDER)
    people = [make_member() for _ in range(6)]
    for number, person in enumerate(people):
        grow(person, 60 * (number + 1), at)
    catch_up(StandingProjection())
    easier = [LADDER[0], NewLevel("gold", "金", 100, 30), NewLevel("black", "黑", 200, 80)]

    # Growth is 60, 120, …, 360: from 240 on it reaches the new black, and nobody had it.
    assert rises(LADDER) == []
    assert rises(easier) == [("gold", "black", 3)]
    assert {person: move.after for person, move in who_would_rise(easier).items()} == dict.fromkeys(people[3:], "black")
    set_ladder(easier)
    after: int | None = 0
    while after is not None:
        after = raise_members(at=at, after=after)
    assert [level_of(person) for person in people] == ["silver", "gold", "gold", "black", "black", "black"]
    assert rises(easier) == []


def test_who_would_fall_can_be_asked_of_another_ladder(member, at):
    grow(member, 150, at)
    assert who_would_fall() == {}
    harder = [LADDER[0], NewLevel("gold", "金", 100, 200), NewLevel("black", "黑", 500, 200)]
    assert [move.after for move in who_would_fall(levels=harder).values()] == ["silver"]


def test_growth_that_went_back_is_not_missing_to_the_level_one_has(member, at):
    reward = grow(member, 120, at)
    grow(member, 30, at, cause="another")
    reverse_growth(reward, cause="undo", at=at)
    told = explain(member, at=at)
    assert (told.level, told.growth, told.next_level, told.missing) == ("gold", 30, "black", 470)


@pytest.mark.parametrize("level", [NewLevel("a", "甲", 10**9 + 1), NewLevel("a", "甲", 5, 10**14)])
def test_a_level_beyond_all_growth_is_refused(db, level):
    with pytest.raises(Refused, match=r"level\.highest"):
        set_ladder([level])


def test_a_level_without_a_name_is_refused(db):
    with pytest.raises(Refused, match=r"level\.name"):
        set_ladder([NewLevel("a", " ", 0)])


def test_who_rises_by_earning_is_not_put_back_by_a_change_of_the_ladder_at_that_moment(make_member, at):
    member = make_member()
    grow(member, 200, at)
    catch_up(StandingProjection())
    set_ladder(LADDER)

    with transaction.atomic():
        grow(member, 600, at)
        rise = begin_and_wait(lambda: raise_members(at=at))
    rise()
    assert level_of(member) == "black"
