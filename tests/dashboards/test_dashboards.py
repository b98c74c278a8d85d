"""Dashboards: who may read them, what their cards can ask, and how cards are put in order."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent))

from crowds import at_once  # noqa: F401 - a fixture
from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.dashboards.arranging import (
    MOST_CARDS,
    NewCard,
    add_card,
    change_card,
    copy_card,
    move_card,
    remove_card,
    restore_card,
    widen_card,
)
from liuliang.dashboards.models import Card, Dashboard
from liuliang.dashboards.queries import cards_of, changeable, visible
from liuliang.dashboards.questions import KINDS, read_question
from liuliang.dashboards.ready import FUNNELS, READY
from liuliang.dashboards.services import change_dashboard, copy_dashboard, create_dashboard, share_dashboard
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Community, Grant


class Office:
    """A brand with a group below it, another brand, and who works there."""

    def __init__(self) -> None:
        ensure_built_in_roles(Role)
        self.brand = self._community("甲")
        self.group = self._community("甲一群", self.brand)
        self.other = self._community("乙")
        self.boss = Staff.objects.create(email="boss@example.com", name="老板", is_owner=True, created_at=clock.now())
        self.anna = self.staff("anna", "analyst", self.brand)

    def _community(self, name: str, parent: Community | None = None) -> Community:
        made = Community.objects.create(name=name, type="interest", parent=parent, created_at=clock.now())
        made.path = [*(parent.path if parent else []), made.pk]
        made.save()
        return made

    def staff(self, name: str, role: str, where: Community | None) -> Staff:
        made = Staff.objects.create(email=f"{name}@example.com", name=name, created_at=clock.now())
        Grant.objects.create(staff=made, role=Role.objects.get(key=role), community=where)
        return made

    def board(self, where: Community | None = None, cards: tuple = ()) -> Dashboard:
        return create_dashboard("早会", owner=self.anna, community=where, cards=cards, at=clock.now())


@pytest.fixture
def office(db) -> Office:
    return Office()


def reads(staff: Staff, board: Dashboard) -> bool:
    return visible(Access(staff)).filter(pk=board.pk).exists()


def test_a_dashboard_is_read_by_its_owner_and_those_with_a_shared_role_in_its_branch(office):
    board = office.board(office.brand)
    in_group = office.staff("in_group", "partner", office.group)
    above = office.staff("above", "partner", None)
    elsewhere = office.staff("elsewhere", "partner", office.other)
    with_another_role = office.staff("other_role", "supervisor", office.brand)
    everyone = (in_group, above, elsewhere, with_another_role)
    assert [reads(each, board) for each in (office.anna, office.boss, *everyone)] == [True, True, *([False] * 4)]
    share_dashboard(board, [Role.objects.get(key="partner")], by=Access(office.anna), at=clock.now())
    assert [reads(each, board) for each in everyone] == [True, True, False, False]
    assert not any(changeable(Access(each)).exists() for each in everyone)
    share_dashboard(board, [], by=Access(office.anna), at=clock.now())
    assert not any(reads(each, board) for each in everyone)


def test_a_role_held_twice_reads_a_dashboard_once(office):
    board = office.board(office.brand)
    partner, supervisor = (Role.objects.get(key=key) for key in ("partner", "supervisor"))
    share_dashboard(board, [partner, supervisor], by=Access(office.anna), at=clock.now())
    both = office.staff("both", "partner", office.brand)
    Grant.objects.create(staff=both, role=supervisor, community=office.group)
    assert list(visible(Access(both))) == [board]


def test_only_who_sees_every_community_shares_what_is_tied_to_none(office):
    board = office.board()
    partner = Role.objects.get(key="partner")
    with pytest.raises(Refused, match=r"dashboard\.share_everywhere"):
        share_dashboard(board, [partner], by=Access(office.anna), at=clock.now())
    assert not board.roles.exists()
    share_dashboard(board, [partner], by=Access(office.boss), at=clock.now())
    assert reads(office.staff("elsewhere", "partner", office.other), board)
    tied = office.board(office.brand)
    share_dashboard(tied, [partner], by=Access(office.anna), at=clock.now())
    with pytest.raises(Refused, match=r"dashboard\.share_everywhere"):
        change_dashboard(tied, name="早会", meaning="", community=None, days=30, by=Access(office.anna), at=clock.now())


def test_a_role_that_sees_no_figures_cannot_be_shared_with(office):
    with pytest.raises(Refused, match=r"dashboard\.role_blind"):
        share_dashboard(
            office.board(office.brand), [Role.objects.get(key="helper")], by=Access(office.anna), at=clock.now()
        )


def test_what_is_ready_made_can_all_be_asked():
    for ready in READY.values():
        for card in ready.cards:
            assert card.width in {1, 2, 4}
            read_question(card.kind, card.question)
    for card in FUNNELS.values():
        read_question(card.kind, card.question)


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("luck", {}),
        ("metric", {}),
        ("metric", {"metric": "nothing"}),
        ("metric", {"metric": "gmv", "view": "split", "split": "how"}),
        ("metric", {"metric": "gmv", "more": 1}),
        ("funnel", {"steps": [{"kind": "member.joined"}]}),
        ("funnel", {"steps": [{"kind": "member.joined"}] * 21}),
        ("funnel", {"steps": [{"kind": "a"}, {"kind": "b"}], "window": "for ever"}),
        ("retention", {"unit": "minute"}),
        ("survival", {"end": "bored"}),
        ("segment", {}),
        ("goals", {"goal": "x" * 61}),
    ],
)
def test_what_cannot_be_asked_is_refused_and_changes_nothing(office, kind, question):
    board = office.board()
    with pytest.raises(Refused, match=r"card\.(kind|question)"):
        add_card(board, NewCard(kind, question), at=clock.now())
    assert not cards_of(board)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["up", "down"])), max_size=12))
def test_moving_is_swapping_with_the_neighbour(django_db_blocker, django_db_setup, moves):
    with django_db_blocker.unblock():
        from django.db import transaction

        with transaction.atomic():
            office = Office()
            board = office.board(cards=READY["daily"].cards[:5])
            expected = [card.pk for card in cards_of(board)]
            by_place = list(cards_of(board))
            for place, way in moves:
                move_card(by_place[place], way, at=clock.now())
                at = expected.index(by_place[place].pk)
                other = at - 1 if way == "up" else at + 1
                if 0 <= other < len(expected):
                    expected[at], expected[other] = expected[other], expected[at]
            assert [card.pk for card in cards_of(board)] == expected
            transaction.set_rollback(True)


def test_a_removed_card_comes_back_to_its_place_for_a_day(office):
    board = office.board(cards=READY["daily"].cards[:3])
    first, second, third = cards_of(board)
    now = clock.now()
    remove_card(second, at=now)
    assert cards_of(board) == [first, third]
    move_card(third, "up", at=now)
    restore_card(second, at=now)
    assert {each.pk for each in cards_of(board)} == {first.pk, second.pk, third.pk}
    remove_card(second, at=now)
    remove_card(first, at=now + timedelta(days=2))
    assert not Card.objects.filter(pk=second.pk).exists()


def test_copies_stand_behind_their_originals_and_every_change_is_recorded(office):
    board = office.board(cards=READY["daily"].cards[:2])
    first, second = cards_of(board)
    before = AuditEntry.objects.count()
    copy = copy_card(first, at=clock.now())
    assert [each.pk for each in cards_of(board)] == [first.pk, copy.pk, second.pk]
    widen_card(copy, 4, at=clock.now())
    change_card(copy, NewCard("health", {}, days=None, width=2), at=clock.now())
    remove_card(copy, at=clock.now())
    assert AuditEntry.objects.count() == before + 4
    for width in (0, 3, 5):
        with pytest.raises(Refused, match=r"card\.width"):
            widen_card(first, width, at=clock.now())
    with pytest.raises(Refused, match=r"card\.days"):
        change_card(first, NewCard("health", {}, days=8), at=clock.now())


def test_a_copied_dashboard_is_ones_own_and_shared_with_nobody(office):
    board = office.board(office.brand, READY["sales"].cards)
    share_dashboard(board, [Role.objects.get(key="partner")], by=Access(office.anna), at=clock.now())
    reader = office.staff("reader", "partner", office.group)
    mine = copy_dashboard(board, name="我的", owner=reader, at=clock.now())
    assert [card.question for card in cards_of(mine)] == [card.question for card in cards_of(board)]
    assert not mine.roles.exists()
    assert not reads(office.anna, mine)


@pytest.mark.django_db(transaction=True)
def test_many_who_add_at_once_never_get_beyond_the_most(at_once):  # noqa: F811 - the fixture
    office = Office()
    board = office.board()
    Card.objects.bulk_create(Card(dashboard=board, position=at, kind="health") for at in range(MOST_CARDS - 3))
    answers = at_once([lambda: add_card(board, NewCard("health", {}), at=clock.now()) for _ in range(12)], 6)
    assert sum(isinstance(each, Refused) for each in answers) == 9
    cards = cards_of(board)
    assert len(cards) == MOST_CARDS
    assert len({card.position for card in cards}) == MOST_CARDS


def test_every_kind_has_words_and_a_form():
    for kind in KINDS.values():
        assert str(kind.title)
        assert kind.width in {1, 2, 4}
