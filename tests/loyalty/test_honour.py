from __future__ import annotations

import io
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.accounts import audit
from liuliang.accounts.models import Staff
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.boards import Span, points_board, span_of, times_board
from liuliang.loyalty.certificates import HEIGHT, WIDTH, Certificate, draw_certificate, drawable
from liuliang.loyalty.honour import ICONS, Rule, give_badge, give_by_rules, revoke_badge, write_badge
from liuliang.loyalty.ledger import faults
from liuliang.loyalty.models import Award, Badge
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.loyalty.reversals import reverse_reward
from liuliang.people.models import Member
from telling import local

NOON = local(2026, 3, 10, 12)


@pytest.fixture
def acting(transactional_db):
    with audit.acting(Staff.objects.create(email="a@example.com", name="阿珍", created_at=NOON)):
        yield


def badge(rule: Rule | None = None, name: str = "话痨", **more) -> Badge:
    return write_badge(Badge(name=name, icon=ICONS[0], **more), rule, at=NOON)


def holders(of: Badge) -> set[str]:
    return set(Award.objects.filter(badge=of, revoked_at=None).values_list("member__name", flat=True))


def test_a_badge_is_given_by_rule_once_and_after_it_was_taken_away_not_again(told, acting):
    group = told.community()
    talker, quiet = told.member("话多"), told.member("话少")
    for hour in range(3):
        told.says(talker, group, NOON - timedelta(hours=hour + 1))
    told.says(quiet, group, NOON - timedelta(hours=1))
    told.settle()
    made = badge(Rule("times", 3, "speak"))

    assert give_by_rules(at=NOON) == 1
    assert give_by_rules(at=NOON) == 0
    assert holders(made) == {"话多"}
    revoke_badge(Award.objects.get(), at=NOON)
    assert give_by_rules(at=NOON) == 0
    assert holders(made) == set()
    assert list(LoggedEvent.objects.filter(kind__startswith="badge.").order_by("position").values_list("kind", flat=True)) == [
        "badge.given", "badge.revoked",
    ]  # fmt: skip


def test_a_badge_of_a_community_counts_what_happened_there_and_below(told, acting):
    here, elsewhere = told.community("这里"), told.community("那里")
    one, two = told.member("甲"), told.member("乙")
    told.says(one, here, NOON - timedelta(hours=1))
    told.says(two, elsewhere, NOON - timedelta(hours=1))
    told.settle()
    made = badge(Rule("times", 1, "speak"), community=here)
    give_by_rules(at=NOON)
    assert holders(made) == {"甲"}


def test_a_badge_for_points_counts_all_that_were_ever_earned_and_kept(told, acting):
    rich, poor = told.member("富"), told.member("穷")
    earn([Reward(rich.pk, 100, "gift:1"), Reward(poor.pk, 100, "gift:2")], at=NOON)
    spend(rich.pk, 90, cause="mall:1", at=NOON)
    reverse_reward(earn([Reward(poor.pk, 1, "gift:2")], at=NOON)[0].transfer, cause="undo:1", at=NOON)
    told.settle()
    made = badge(Rule("earned", 100))
    give_by_rules(at=NOON, badge=made.pk)
    assert holders(made) == {"富"}


def test_robots_and_merged_records_get_no_badge_of_their_own(told, acting):
    group = told.community()
    person, robot = told.member("人"), told.member("机器人", is_bot=True)
    for who in (person, robot):
        told.says(who, group, NOON - timedelta(hours=1))
    told.settle()
    made = badge(Rule("times", 1, "speak"))
    record = told.member("小号")
    Award.objects.create(badge=made, member=record, at=NOON)
    Member.objects.filter(pk=record.pk).update(canonical=person)
    assert give_by_rules(at=NOON) == 0


def test_by_hand_a_badge_is_given_once_and_comes_back_after_it_was_taken_away(told, acting):
    made, member = badge(), told.member()
    award = give_badge(made, member.pk, reason="整理笔记", at=NOON)
    with pytest.raises(Refused, match=r"badge\.held"):
        give_badge(made, member.pk, reason="又一次", at=NOON)
    revoke_badge(award, at=NOON)
    with pytest.raises(Refused, match=r"badge\.gone"):
        revoke_badge(award, at=NOON)
    assert give_badge(made, member.pk, reason="重新颁发", at=NOON + timedelta(hours=1)).pk == award.pk
    assert holders(made) == {"小满"}


def test_what_makes_no_sense_is_refused_and_leaves_nothing(told, acting):
    here = told.community()
    for make, code in (
        (lambda: badge(name=" "), "badge.name"), (lambda: badge(Rule("luck", 1)), "badge.rule"),
        (lambda: badge(Rule("earned", 0)), "badge.rule"), (lambda: badge(Rule("times", 1, "flying")), "rule.behaviour"),
        (lambda: badge(Rule("earned", 5), community=here), "badge.everywhere"),
        (lambda: write_badge(Badge(name="x", icon="bomb"), None, at=NOON), "badge.icon"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            make()
        assert refusal.value.code == code
    assert not Badge.objects.exists()
    made = badge()
    with pytest.raises(Refused, match=r"badge\.name"):
        badge()
    with pytest.raises(Refused, match=r"badge\.reason"):
        give_badge(made, told.member().pk, reason=" ", at=NOON)
    with pytest.raises(Refused, match=r"member\.unknown"):
        give_badge(made, 0, reason="x", at=NOON)


def test_a_board_of_points_is_what_was_earned_in_the_days_less_what_was_taken_back(told):
    here, other = told.community("这里"), told.community("那里")
    one, two, three = told.member("甲"), told.member("乙"), told.member("丙")
    old = NOON - timedelta(days=20)
    earn([Reward(one.pk, 500, "old:1", community=here.pk)], at=old)
    postings = earn(
        [
            Reward(one.pk, 30, "new:1", community=here.pk), Reward(two.pk, 50, "new:2", community=here.pk),
            Reward(three.pk, 40, "new:3", community=other.pk), Reward(three.pk, 10, "new:4", community=here.pk),
        ],
        at=NOON,
    )  # fmt: skip
    spend(two.pk, 45, cause="mall:1", at=NOON)
    # Of the 20 points that go back only five are still there; fifteen are owed. Both are gone from the board.
    reverse_reward(postings[1].transfer, cause="undo:1", at=NOON, amount=20)
    told.settle()
    week = span_of("week", NOON.date())

    def names(ranked) -> list[tuple[int, str, int]]:
        return [(each.place, Member.objects.get(pk=each.member).name, each.amount) for each in ranked]

    assert names(points_board(week)) == [(1, "丙", 50), (2, "甲", 30), (2, "乙", 30)]
    assert names(points_board(week, [here.pk])) == [(1, "甲", 30), (1, "乙", 30), (3, "丙", 10)]
    assert names(points_board(Span(None, NOON.date())))[0] == (1, "甲", 530)
    assert names(points_board(Span(None, NOON.date()), [here.pk]))[0] == (1, "甲", 530)
    assert faults() == []


def test_a_board_of_deeds_counts_them_for_who_did_them(told):
    group = told.community()
    one, two, guest = told.member("甲"), told.member("乙"), told.member("客人")
    robot = told.member("机器人", is_bot=True)
    for number in range(3):
        told.says(one, group, NOON - timedelta(hours=number + 1))
        told.says(robot, group, NOON - timedelta(hours=number + 1))
    told.says(two, group, NOON - timedelta(days=40))
    told.joins(guest, group, NOON - timedelta(hours=5), inviter=two)
    told.settle()
    month = span_of("month", NOON.date())
    assert [(each.member, each.amount) for each in times_board("speak", month)] == [(one.pk, 3)]
    assert [(each.member, each.amount) for each in times_board("invite", month)] == [(two.pk, 1)]


@pytest.mark.parametrize(
    ("period", "first"),
    [
        ("week", date(2026, 3, 9)), ("month", date(2026, 3, 1)), ("quarter", date(2026, 1, 1)),
        ("year", date(2026, 1, 1)), ("all", None),
    ],
)  # fmt: skip
def test_periods_of_boards_begin_where_the_calendar_says(period, first):
    assert span_of(period, date(2026, 3, 11)) == Span(first, date(2026, 3, 11))


def test_a_certificate_is_a_picture_with_ink_where_the_name_stands():
    def drawn(name: str) -> Image.Image:
        whole = Certificate("荣誉证书", name, "获得“常驻嘉宾”", "整理了三年的读书笔记", "山野读书会", "2026-03-10")
        return Image.open(io.BytesIO(draw_certificate(whole)))

    picture, other = drawn("小满"), drawn("小雪")
    assert picture.size == (WIDTH, HEIGHT)
    name = (400, 350, 1200, 490)
    assert picture.crop(name).tobytes() != other.crop(name).tobytes()
    below = (400, 540, 1200, 1000)
    assert picture.crop(below).tobytes() == other.crop(below).tobytes()
    # A name too long for the line does not run over the frame.
    wide = drawn("很长的名字" * 40)
    assert wide.crop((0, 350, 60, 490)).tobytes() == picture.crop((0, 350, 60, 490)).tobytes()


def test_what_the_typeface_cannot_draw_is_left_out():
    assert drawable("小满🌾Lee\n") == "小满Lee"
