"""What partners are to learn: written, ticked off once, taken back, and counted over what is taught now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liuliang.accounts.models import AuditEntry
from liuliang.kernel.errors import Refused
from liuliang.partners.models import Partner, TrainingDone, TrainingItem
from liuliang.partners.queries import with_training
from liuliang.partners.training import NewTraining, curriculum, lessons_of, note_trained, save_item, take_back_training


def counted() -> dict[str, tuple[int, int]]:
    return {one.name: (one.learnt, one.lessons) for one in with_training(Partner.objects.all())}


def test_what_is_learnt_is_counted_once_and_over_what_is_taught_now(ledger, at, make_partner):
    first, second = make_partner(), make_partner()
    assert counted() == {"导购0": (0, 0), "导购1": (0, 0)}
    taste, law, old = (save_item(NewTraining(title), at=at) for title in ("产品怎么讲", "什么话不能说", "去年的活动"))
    for item in (taste, old):
        note_trained(first, item, at=at)
    later = note_trained(first, taste, at=at + timedelta(days=3))
    assert later.at == at, "who learnt it on Monday did not learn it again on Thursday"
    note_trained(second, law, at=at)
    assert counted() == {"导购0": (2, 3), "导购1": (1, 3)}
    save_item(NewTraining("去年的活动", is_active=False), at=at, item=old)
    assert counted() == {"导购0": (1, 2), "导购1": (1, 2)}
    assert [(one.item.title, one.done is not None) for one in lessons_of(first)] == [
        ("产品怎么讲", True), ("什么话不能说", False), ("去年的活动", True)
    ]  # fmt: skip
    assert [one.item.title for one in lessons_of(second)] == ["产品怎么讲", "什么话不能说"]
    assert [(one.title, one.learnt) for one in curriculum()] == [
        ("产品怎么讲", 1),
        ("什么话不能说", 1),
        ("去年的活动", 1),
    ]
    Partner.objects.filter(pk=second.pk).update(is_active=False)
    assert [one.learnt for one in curriculum()] == [1, 0, 1], "who has left is not counted among those who learnt it"


def test_a_mark_made_by_mistake_is_taken_back_and_the_log_has_both(ledger, at, make_partner):
    partner, item = make_partner(), save_item(NewTraining("产品怎么讲"), at=at)
    note_trained(partner, item, at=at)
    for _again in range(2):
        take_back_training(partner, item)
    assert not TrainingDone.objects.exists()
    told = AuditEntry.objects.filter(action__in=("partner.trained", "partner.training_undone")).order_by("pk")
    assert [one.changes for one in told] == [{"training": [None, "产品怎么讲"]}, {"training": ["产品怎么讲", None]}]


def test_what_is_not_taught_any_more_is_not_learnt(ledger, at, make_partner):
    item = save_item(NewTraining("去年的活动", is_active=False), at=at)
    with pytest.raises(Refused, match=r"training\.inactive"):
        note_trained(make_partner(), item, at=at)
    assert not TrainingDone.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("told", "code"),
    [(NewTraining(" "), r"training\.title"), (NewTraining("话术", link="file:///etc/passwd"), r"partner\.link")],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing_behind(at, told, code):
    with pytest.raises(Refused, match=code):
        save_item(told, at=at)
    assert not TrainingItem.objects.exists()


def test_two_who_tick_the_same_off_at_once_make_one_mark(shared_ledger, at, at_once, make_partner):
    partner, item = make_partner(), save_item(NewTraining("产品怎么讲"), at=at)
    at_once([lambda: note_trained(partner, item, at=at)] * 4, 4)
    assert TrainingDone.objects.count() == 1
    assert AuditEntry.objects.filter(action="partner.trained").count() == 1
