"""What staff change about testimonials: take one down, note consent and its end, accept and refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import TESTIMONIALS_MANAGE
from liuliang.console.choosing import chosen_member, people_named
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, find_community, finds, page
from liuliang.console.fields import place_field
from liuliang.console.leading import back
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.people.access import Access
from liuliang.people.pictures import LARGEST, made_anew
from liuliang.testimonials.models import Testimonial
from liuliang.testimonials.services import (
    SORTS,
    USES,
    NewTestimonial,
    collect,
    collect_message,
    decide,
    note_consent,
    withdraw_consent,
)


class NewForm(forms.Form):
    """What somebody said or showed."""

    sort = forms.ChoiceField(label=gettext_lazy("类型"), choices=list(SORTS.items()))
    text = forms.CharField(
        label=gettext_lazy("他说了什么"), max_length=2_000, required=False, widget=forms.Textarea({"rows": 4})
    )
    product = forms.CharField(label=gettext_lazy("关于哪件商品"), max_length=300, required=False)
    picture = forms.FileField(
        label=gettext_lazy("图片"), required=False,
        widget=forms.FileInput({"accept": "image/png,image/jpeg,image/webp"}),
        help_text=gettext_lazy("JPEG、PNG 或 WebP，不超过 2 MB。会重新生成，拍摄地点等信息不保留。"),
    )  # fmt: skip

    def __init__(self, access: Access, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["community"] = place_field(access, TESTIMONIALS_MANAGE)


class ConsentForm(forms.Form):
    """What the member agreed to, and how."""

    uses = forms.MultipleChoiceField(
        label=gettext_lazy("他同意用在"), choices=list(USES.items()), required=False,
        widget=forms.CheckboxSelectMultiple, help_text=gettext_lazy("一个都不勾，就记为不同意。"),
    )  # fmt: skip
    how = forms.CharField(
        label=gettext_lazy("怎么同意的"), max_length=200, required=False,
        help_text=gettext_lazy("例如“3 月 2 日微信回复：可以用”。"),
    )  # fmt: skip


class ReasonForm(forms.Form):
    """Why not."""

    reason = forms.CharField(label=gettext_lazy("原因"), max_length=300, required=False)


@finds("message")
def find_message(access: Access, permission: str, value: str) -> LoggedEvent | None:
    """Find a message of a community where the permission holds."""
    if not value.isdecimal() or len(value) > 18:
        return None
    found = LoggedEvent.objects.filter(position=int(value), kind="message.sent").first()
    if found is None or found.community is None or not access.may(permission, found.community):
        return None
    return found


@page(permission=TESTIMONIALS_MANAGE, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Take down what a member said or showed."""
    form = NewForm(request.access, request.POST or None, request.FILES or None)
    made: list[Testimonial] = []

    def effect(told: Mapping[str, Any]) -> None:
        member = chosen_member(request, request.POST.get("member", ""))
        if member is None:
            raise Refused("order.buyer")
        public_id = told["community"]
        place = find_community(request.access, TESTIMONIALS_MANAGE, public_id) if public_id else None
        asked = NewTestimonial(member.pk, told["sort"], told["text"], told["product"], place.pk if place else None)
        pictures = [made_anew(_bytes(told["picture"]))] if told["picture"] else []
        made.append(collect(asked, pictures, at=clock.now()))

    if done(form, effect):
        return back(request, _page(made[0]), _("已收下。接下来问他同不同意用，把结果记在这里。"))
    query = request.GET.get("q", request.POST.get("q", ""))
    people = {"people": people_named(request, query), "q": query}
    if request.headers.get("HX-Target", "").endswith("people-found"):
        return render(request, "console/people_found.html", people)
    return dialog(request, form, _("录入见证"), _("收下"), people_label=_("谁说的"), **people)


def _bytes(sent: UploadedFile[Any]) -> bytes:
    """Return a file's bytes, and one more than is allowed at the most."""
    return bytes(sent.read(LARGEST + 1))


@page(permission=TESTIMONIALS_MANAGE, methods=("POST",))
def take(request: StaffRequest, message: LoggedEvent) -> HttpResponse:
    """Take a message of a group as a testimonial."""
    made = collect_message(message, at=clock.now())
    return back(request, _page(made), _("已取为见证。接下来问他同不同意用，把结果记在这里。"))


@page(permission=TESTIMONIALS_MANAGE, methods=("GET", "POST"))
def consent(request: StaffRequest, testimonial: Testimonial) -> HttpResponse:
    """Note what the member agreed to."""
    initial = {"uses": testimonial.uses, "how": testimonial.consent_how}
    form = ConsentForm(request.POST if request.method == "POST" else None, initial=initial)
    if done(form, lambda told: note_consent(testimonial, at=clock.now(), **told)):
        return back(request, _page(testimonial), _("已记下。"))
    text = _("只能用在他同意的地方。谁记的、什么时候、同意了什么，都会留下；他随时可以撤回。")
    return dialog(request, form, _("记录同意"), _("记下"), text=text)


@page(permission=TESTIMONIALS_MANAGE, methods=("POST",))
def withdraw(request: StaffRequest, testimonial: Testimonial) -> HttpResponse:
    """Note that the member withdraws."""
    withdraw_consent(testimonial, at=clock.now())
    return back(request, _page(testimonial), _("已撤回，文字和图片已经删除。请把发出去的也撤下来。"))


@page(permission=TESTIMONIALS_MANAGE, methods=("POST",))
def accept(request: StaffRequest, testimonial: Testimonial) -> HttpResponse:
    """Accept one."""
    decide(testimonial, is_accepted=True, reason="", at=clock.now())
    return back(request, _page(testimonial), _("已采用。"))


@page(permission=TESTIMONIALS_MANAGE, methods=("GET", "POST"))
def refuse(request: StaffRequest, testimonial: Testimonial) -> HttpResponse:
    """Refuse one with a reason."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if done(form, lambda told: decide(testimonial, is_accepted=False, at=clock.now(), **told)):
        return back(request, _page(testimonial), _("已记为不采用。"))
    return dialog(request, form, _("不采用"), _("不采用"))


def _page(one: Testimonial) -> str:
    return reverse("console:testimonial", args=[one.public_id])
