"""Words of customers: taken down, consented to, decided on, withdrawn, rewarded once, and gone with their member."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from liuliang.accounts.models import AuditEntry
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.behaviours import behaviour
from liuliang.loyalty.models import EarningRule
from liuliang.people.erasure import erase_member
from liuliang.people.models import Member
from liuliang.people.pictures import made_anew
from liuliang.testimonials import models
from liuliang.testimonials.models import Picture
from liuliang.testimonials.queries import shown
from liuliang.testimonials.services import (
    NewTestimonial,
    collect,
    collect_message,
    decide,
    note_consent,
    withdraw_consent,
)

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.fixture
def said(db):
    member = Member.objects.create(name="阿珍", created_at=AT)
    return collect(NewTestimonial(member.pk, text="喝了就回不去"), at=AT)


def accept(one: models.Testimonial) -> None:
    note_consent(one, uses=["group", "page"], how="微信回复：可以", at=AT)
    decide(one, is_accepted=True, reason="", at=AT)


def test_nothing_is_shown_before_consent_and_a_decision(said):
    with pytest.raises(Refused, match=r"testimonial\.no_consent"):
        decide(said, is_accepted=True, reason="", at=AT)
    assert not shown().exists()
    note_consent(said, uses=["page", "group"], how="微信回复：可以", at=AT)
    assert not shown().exists()
    decide(said, is_accepted=True, reason="", at=AT)
    assert shown("page").get() == said
    assert not shown("ad").exists(), "consent is for what it was given for"
    said.refresh_from_db()
    assert (said.uses, said.consent_how, said.consent_at) == (["group", "page"], "微信回复：可以", AT)


def test_who_withdraws_takes_words_and_pictures_along_and_the_record_stays(said, make_picture):
    kept = made_anew(make_picture())
    Picture.objects.create(testimonial=said, data=kept.data, width=kept.width, height=kept.height)
    accept(said)
    for _time in range(2):
        withdraw_consent(said, at=AT)
    said.refresh_from_db()
    assert (said.text, said.consent, said.uses) == ("", "withdrawn", ["group", "page"])
    assert not Picture.objects.exists()
    assert not shown().exists()
    assert LoggedEvent.objects.filter(kind="testimonial.withdrawn").count() == 1
    for again in (
        lambda: note_consent(said, uses=["page"], how="又行了", at=AT),
        lambda: decide(said, is_accepted=True, reason="", at=AT),
    ):
        with pytest.raises(Refused, match=r"testimonial\.withdrawn"):
            again()


def test_consent_says_for_what_and_how_and_no_use_is_a_no(said):
    with pytest.raises(Refused, match=r"testimonial\.how"):
        note_consent(said, uses=["page"], how=" ", at=AT)
    with pytest.raises(Refused, match=r"testimonial\.use"):
        note_consent(said, uses=["resale"], how="微信", at=AT)
    note_consent(said, uses=[], how="", at=AT)
    said.refresh_from_db()
    assert said.consent == "declined"
    with pytest.raises(Refused, match=r"testimonial\.no_consent"):
        decide(said, is_accepted=True, reason="", at=AT)


def test_a_refusal_needs_a_reason_and_words_never_stand_in_the_audit_log(said):
    with pytest.raises(Refused, match=r"testimonial\.reason"):
        decide(said, is_accepted=False, reason="", at=AT)
    decide(said, is_accepted=False, reason="说的是别家", at=AT)
    written = str(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert "回不去" not in written
    assert "别家" not in written


def test_an_acceptance_is_told_once_and_can_be_rewarded_by_a_rule(told):
    member = told.member("阿珍")
    told.settle()
    EarningRule.objects.create(title="晒单有礼", behaviour="testimonial", low=20, high=20, starts_at=AT, created_at=AT)
    one = collect(NewTestimonial(member.pk, "showcase", "到货啦"), at=AT)
    note_consent(one, uses=["group"], how="群里说的", at=AT)
    for is_accepted in (True, False, True):
        decide(one, is_accepted=is_accepted, reason="先放放", at=datetime.now(UTC))
        told.settle()
    assert behaviour("testimonial").title
    earned = [event.data["amount"] for event in LoggedEvent.objects.filter(kind="points.earned", member=member.pk)]
    assert earned == [20]


def test_a_message_is_taken_once_and_only_words_of_somebody_known(told):
    group = told.community()
    member = told.member("阿珍")
    told.says(member, group, AT, "这豆子真香")
    told.says(member, group, AT, "撤回的", is_recalled=True)
    told.settle()
    first, recalled = LoggedEvent.objects.filter(kind="message.sent").order_by("position")
    assert collect_message(first, at=AT) == collect_message(first, at=AT)
    one = models.Testimonial.objects.get()
    assert (one.text, one.member, one.community, one.consent) == ("这豆子真香", member, group, "asked")
    with pytest.raises(Refused, match=r"testimonial\.not_said"):
        collect_message(recalled, at=AT)


def test_an_erased_members_testimonials_go_with_their_pictures(told, make_picture):
    member, other = told.member("阿珍"), told.member("小明")
    for one in (member, other):
        collect(NewTestimonial(one.pk, text="好喝"), [made_anew(make_picture())], at=AT)
    told.settle()
    erase_member(member.pk, at=AT)
    told.settle()
    assert models.Testimonial.objects.get().member == other
    assert Picture.objects.count() == 1
    with pytest.raises(Refused, match=r"member\.erased"):
        collect(NewTestimonial(member.pk, text="又来"), at=AT)


def test_nothing_and_too_much_are_refused(said, make_picture):
    with pytest.raises(Refused, match=r"testimonial\.empty"):
        collect(NewTestimonial(said.member_id, text="  "), at=AT)
    with pytest.raises(Refused, match=r"testimonial\.sort"):
        collect(NewTestimonial(said.member_id, "novel", "好"), at=AT)
    with pytest.raises(Refused, match=r"testimonial\.pictures"):
        collect(NewTestimonial(said.member_id, text="好"), [made_anew(make_picture())] * 7, at=AT)
