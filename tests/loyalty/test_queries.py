from __future__ import annotations

from datetime import date, timedelta

import pytest

from liuliang.kernel.projections import verify
from liuliang.kernel.readers import catch_up
from liuliang.loyalty.expiry import expire_due
from liuliang.loyalty.growth import earn_growth
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.loyalty.projections import PointsDayProjection, PointsEndingProjection, StandingProjection
from liuliang.loyalty.queries import (
    Cause,
    Inflation,
    balance_of,
    board,
    entries,
    given_by_rule,
    inflation,
    liability,
    read_cause,
)  # fmt: skip
from liuliang.loyalty.refunds import refund
from liuliang.loyalty.reversals import reverse_reward
from liuliang.loyalty.stock import open_budget
from liuliang.people.merging import merge_members
from liuliang.people.models import Member

DAY = date(2026, 3, 1)


def give(member: int, amount: int, cause: str, at, ends_on: date | None = None, **more) -> int:
    (posting,) = earn([Reward(member, amount, cause, ends_on, **more)], at=at)
    assert posting.transfer is not None
    return posting.transfer


@pytest.mark.usefixtures("ledger")
def test_a_balance_can_be_followed_entry_by_entry_to_its_lots(make_member, at):
    member, record = make_member(), make_member()
    give(record, 5, "rule:1:abc", at, DAY)
    Member.objects.filter(id=record).update(canonical_id=member)
    give(member, 20, "b", at)
    spend(member, 8, cause="mall:1", at=at)
    refund("mall:1", cause="mall:1:back", at=at, amount=2)
    pages, before = [], None
    while True:
        page = entries(member, before=before, size=2)
        pages.append(page.entries)
        if page.before is None:
            break
        before = page.before
    lines = [line for page in pages for line in page]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [(line.kind, line.amount, line.after) for line in lines] == [
        ("refunded", 2, 19), ("spent", -3, 17), ("spent", -5, 20), ("earned", 20, 25), ("earned", 5, 5),
    ]  # fmt: skip
    assert [(lot.cause, lot.amount, lot.ends_on) for line in lines[:3] for lot in line.lots] == [
        ("b", -2, None), ("b", 3, None), ("rule:1:abc", 5, DAY),
    ]  # fmt: skip
    assert balance_of(member).endings == ((None, 19),)
    assert entries(0).entries == ()


def test_a_cause_can_be_read():
    assert read_cause("rule:7:0199-aa") == Cause("rule", 7, "0199-aa")
    assert read_cause("undo:7:aa:bb") == Cause("undo", 7, "aa", "bb")
    assert read_cause("mall:5:x") == Cause("mall", rest="5:x")
    assert read_cause("rule:x") == Cause("rule", rest="x")


@pytest.mark.usefixtures("shared_ledger")
def test_the_report_adds_up(make_member, at):
    first, second = make_member(), make_member()
    open_budget("spring", 100, cause="fund", at=at)
    invite = give(first, 50, "a", at, DAY, rule=3, budget="spring")
    give(second, 30, "b", at, DAY + timedelta(days=9), rule=4)
    give(second, 9, "c", at, DAY)
    spend(first, 20, cause="mall:1", at=at)
    refund("mall:1", cause="back", at=at, amount=5)
    reverse_reward(invite, cause="left", at=at, rule=3)
    expire_due(at=at + timedelta(days=1))
    for projection in (PointsDayProjection(), PointsEndingProjection()):
        catch_up(projection)
    report = liability(DAY, DAY + timedelta(days=1), worth=(1, 2))
    assert (report.outstanding, report.owed, report.budgets, report.value) == (30, 15, 100, 15)
    assert (report.issued, report.spent, report.expired, report.reversed, report.refunded) == (89, 20, 9, 50, 5)
    assert report.endings == ((DAY + timedelta(days=9), 30),)
    assert liability(DAY + timedelta(days=1), DAY + timedelta(days=1)).issued == 0
    assert list(given_by_rule(DAY, DAY)) == [(3, 1, 50), (4, 1, 30)]
    assert inflation(report, liability(DAY - timedelta(days=2), DAY - timedelta(days=1))) == Inflation(
        (89 - 50) / (20 + 9 - 5), None, is_growing=False
    )


@pytest.mark.usefixtures("shared_ledger")
def test_the_board_ranks_persons_and_equal_ones_share_a_place(make_member, at):
    people = [make_member() for _ in range(4)]
    record = make_member()
    for member, amount in zip([*people, record], (10, 30, 30, 7, 25), strict=True):
        give(member, amount, f"{member}", at)
    earn_growth([Reward(people[1], 4, "g")], at=at)
    spend(people[0], 3, cause="mall:1", at=at)
    catch_up(StandingProjection())
    merge_members(record, people[0], at=at)
    Member.objects.filter(id=people[3]).update(erased_at=at)
    catch_up(StandingProjection())

    def ranked(by: str) -> list[tuple[int, int, int]]:
        return [(each.place, each.member, each.amount) for each in board(by, limit=10)]

    assert ranked("points") == [(1, people[0], 32), (2, people[1], 30), (2, people[2], 30)]
    assert ranked("earned")[0] == (1, people[0], 35)
    assert ranked("growth") == [(1, people[1], 4)]
    assert verify(StandingProjection()).is_none
    with pytest.raises(ValueError, match="no board"):
        board("beauty")
