"""Training: what partners are to learn, and who has learnt what, as staff say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.partners.links import checked_link
from liuliang.partners.models import Partner, TrainingDone, TrainingItem
from liuliang.people.names import clean_name

SAVED = audit.action("partner.training_saved", _("保存合伙人培训"))
DONE = audit.action("partner.trained", _("记合伙人学完培训"))
UNDONE = audit.action("partner.training_undone", _("撤回合伙人的培训记录"))


@dataclass(frozen=True, slots=True)
class NewTraining:
    """Something to learn, as staff write it."""

    title: str
    text: str = ""
    link: str = ""
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Lesson:
    """Something to learn, and when the partner it is shown for has learnt it, if they have."""

    item: TrainingItem
    done: TrainingDone | None


@transaction.atomic
def save_item(told: NewTraining, *, at: datetime, item: TrainingItem | None = None) -> TrainingItem:
    """Make something to learn, or change it; who has learnt it keeps that.

    Raises:
        Refused: ``training.title``, ``partner.link``.
    """
    row = TrainingItem.objects.select_for_update().get(pk=item.pk) if item else TrainingItem(created_at=at)
    fields = ("title", "link", "is_active")
    before = {field: getattr(row, field) if item else None for field in fields}
    said = row.text
    row.title, row.text, row.link = clean_name(told.title)[:80], told.text.strip()[:2_000], checked_link(told.link)
    row.is_active = told.is_active
    if not row.title:
        raise Refused("training.title")
    row.save()
    changes: dict[str, tuple[object, object]] = {field: (before[field], getattr(row, field)) for field in fields}
    audit.record(SAVED, row, name=row.title, changes=changes, personal={"text"} if said != row.text else ())
    return row


@transaction.atomic
def note_trained(partner: Partner, item: TrainingItem, *, at: datetime) -> TrainingDone:
    """Note that a partner has learnt something. Again changes nothing, the day least of all.

    Raises:
        Refused: ``training.inactive`` for what is not taught any more.
    """
    if not item.is_active:
        raise Refused("training.inactive", title=item.title)
    asked = {"at": at, "staff": audit.actor().staff}
    done, is_new = TrainingDone.objects.get_or_create(partner=partner, item=item, defaults=asked)
    if is_new:
        audit.record(DONE, partner, changes={"training": (None, item.title)})
    return done


@transaction.atomic
def take_back_training(partner: Partner, item: TrainingItem) -> None:
    """Take back that a partner has learnt something; it was noted by mistake. Again changes nothing."""
    count, _by_model = TrainingDone.objects.filter(partner=partner, item=item).delete()
    if count:
        audit.record(UNDONE, partner, changes={"training": (item.title, None)})


def lessons_of(partner: Partner) -> Sequence[Lesson]:
    """Return what there is to learn in the order it was written, with what the partner has learnt.

    What is not taught any more is there for those who learnt it.
    """
    done = {one.item_id: one for one in partner.training.select_related("staff")}
    items = TrainingItem.objects.filter(Q(is_active=True) | Q(pk__in=done)).order_by("created_at", "pk")
    return [Lesson(item, done.get(item.pk)) for item in items]


def curriculum() -> QuerySet[TrainingItem]:
    """Return everything to learn, what is taught first, with how many partners who are active learnt it (``learnt``)."""
    learnt = Count("done", filter=Q(done__partner__is_active=True))
    return TrainingItem.objects.annotate(learnt=learnt).order_by("-is_active", "created_at", "pk")
