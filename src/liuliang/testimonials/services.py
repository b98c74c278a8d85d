"""Collecting, consent, and moderation of what customers say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.kernel.models import LoggedEvent
from liuliang.people.models import Member
from liuliang.people.names import clean_name
from liuliang.people.pictures import Kept
from liuliang.testimonials.events import TestimonialAccepted, TestimonialWithdrawn
from liuliang.testimonials.models import Picture, Testimonial

COLLECTED = audit.action("testimonial.collected", _("收集客户见证"))
CONSENTED = audit.action("testimonial.consent_noted", _("记录见证的同意"))
WITHDRAWN = audit.action("testimonial.consent_withdrawn", _("记录撤回同意"))
DECIDED = audit.action("testimonial.decided", _("审核客户见证"))

SORTS: dict[str, str | Promise] = {"testimonial": _("见证"), "showcase": _("晒单")}
USES: dict[str, str | Promise] = {
    "group": _("在群里转发"),
    "page": _("放在落地页和商品页"),
    "social": _("发朋友圈、公众号、小红书"),
    "ad": _("用在广告里"),
}

LONGEST = 2_000
MOST_PICTURES = 6


@dataclass(frozen=True, slots=True)
class NewTestimonial:
    """What a member said or showed. ``source`` and ``source_id`` are those of the message it is taken from."""

    member: int
    sort: str = "testimonial"
    text: str = ""
    product: str = ""
    community: int | None = None
    source: str = ""
    source_id: str = ""


@transaction.atomic
def collect(told: NewTestimonial, pictures: Sequence[Kept] = (), *, at: datetime) -> Testimonial:
    """Take down what a member said or showed; their consent is to be asked. The same message again is the same one.

    Raises:
        Refused: ``testimonial.sort``, ``testimonial.empty``, ``testimonial.pictures``, ``member.erased``.
    """
    if told.sort not in SORTS:
        raise Refused("testimonial.sort")
    text = told.text.strip()[:LONGEST]
    if not text and not pictures:
        raise Refused("testimonial.empty")
    if len(pictures) > MOST_PICTURES:
        raise Refused("testimonial.pictures", most=MOST_PICTURES)
    member = Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=told.member)
    person = member.canonical or member
    if person.erased_at is not None:
        raise Refused("member.erased")
    if told.source:
        known = Testimonial.objects.filter(source=told.source, source_id=told.source_id).first()
        if known is not None:
            return known
    made = Testimonial.objects.create(
        sort=told.sort, member=person, community_id=told.community, text=text, product=clean_name(told.product)[:300],
        source=told.source, source_id=told.source_id, at=at, staff=audit.actor().staff,
    )  # fmt: skip
    Picture.objects.bulk_create(
        [Picture(testimonial=made, data=one.data, width=one.width, height=one.height) for one in pictures]
    )
    audit.record(
        COLLECTED, made, community=told.community, changes={"pictures": (None, len(pictures))}, personal={"text"}
    )
    return made


def collect_message(message: LoggedEvent, *, at: datetime) -> Testimonial:
    """Take down what a member said in a group.

    Raises:
        Refused: as `collect`; ``testimonial.not_said`` for what nobody known said in words.
    """
    text = str(message.data.get("text", ""))
    if message.kind != "message.sent" or message.member is None or message.data.get("is_recalled") or not text.strip():
        raise Refused("testimonial.not_said")
    told = NewTestimonial(
        message.member, text=text, community=message.community, source=message.source, source_id=message.source_id
    )
    return collect(told, at=at)


@transaction.atomic
def note_consent(testimonial: Testimonial, *, uses: Collection[str], how: str, at: datetime) -> None:
    """Note that the member consents to these uses; with none, that they decline.

    Raises:
        Refused: ``testimonial.use``, ``testimonial.how`` when it is not said how they consented, ``testimonial.withdrawn``.
    """
    row = Testimonial.objects.select_for_update(of=("self",)).get(pk=testimonial.pk)
    if row.consent == "withdrawn":
        raise Refused("testimonial.withdrawn")
    chosen = [use for use in USES if use in uses]
    if len(chosen) != len(set(uses)):
        raise Refused("testimonial.use")
    how = how.strip()[:200]
    if chosen and not how:
        raise Refused("testimonial.how")
    before = {"consent": row.consent, "uses": row.uses}
    row.consent, row.uses, row.consent_how = ("given" if chosen else "declined"), chosen, how
    row.consent_at, row.consent_by = at, audit.actor().staff
    row.save(update_fields=["consent", "uses", "consent_how", "consent_at", "consent_by"])
    audit.record(
        CONSENTED, row, community=row.community_id,
        changes={"consent": (before["consent"], row.consent), "uses": (before["uses"], chosen)},
    )  # fmt: skip


@transaction.atomic
def withdraw_consent(testimonial: Testimonial, *, at: datetime) -> None:
    """Note that the member withdraws: words and pictures are deleted, the record of the consent stays. Again changes nothing."""
    row = Testimonial.objects.select_for_update(of=("self",)).get(pk=testimonial.pk)
    if row.consent == "withdrawn":
        return
    before = row.consent
    row.pictures.all().delete()
    row.consent, row.withdrawn_at, row.text, row.product, row.reason = "withdrawn", at, "", "", ""
    row.save(update_fields=["consent", "withdrawn_at", "text", "product", "reason"])
    append(
        [
            Fact(
                TestimonialWithdrawn(row.pk), at, "testimonials", f"{row.pk}:withdrawn", row.member_id, row.community_id,
                _actor(),
            )
        ]
    )  # fmt: skip
    audit.record(WITHDRAWN, row, community=row.community_id, changes={"consent": (before, "withdrawn")})


@transaction.atomic
def decide(testimonial: Testimonial, *, is_accepted: bool, reason: str, at: datetime) -> None:
    """Accept or refuse. The first acceptance is told to the log, which may reward it; the same decision again changes nothing.

    Raises:
        Refused: ``testimonial.no_consent`` for accepting without consent, ``testimonial.reason`` for refusing without a reason,
            ``testimonial.withdrawn``.
    """
    row = Testimonial.objects.select_for_update(of=("self",)).get(pk=testimonial.pk)
    if row.consent == "withdrawn":
        raise Refused("testimonial.withdrawn")
    state = "accepted" if is_accepted else "refused"
    if row.state == state:
        return
    if is_accepted and row.consent != "given":
        raise Refused("testimonial.no_consent")
    reason = reason.strip()[:300]
    if not is_accepted and not reason:
        raise Refused("testimonial.reason")
    before = row.state
    row.state, row.reason, row.decided_at, row.decided_by = state, reason, at, audit.actor().staff
    row.save(update_fields=["state", "reason", "decided_at", "decided_by"])
    if is_accepted:
        told = TestimonialAccepted(row.pk, row.sort, row.pictures.count())
        # The log takes a source id once: who is accepted again is not rewarded again.
        append([Fact(told, at, "testimonials", f"{row.pk}:accepted", row.member_id, row.community_id, _actor())])
    audit.record(
        DECIDED, row, community=row.community_id, changes={"state": (before, state)},
        personal={"reason"} if reason else (),
    )  # fmt: skip


def _actor() -> int | None:
    staff = audit.actor().staff
    return staff.pk if staff else None
