"""What staff change on one member: profile, tags, needs, notes, who they are, and whether they are known at all."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import MEMBERS_EDIT, MEMBERS_ERASE, MEMBERS_MERGE, MEMBERS_VIEW
from liuliang.console import errors
from liuliang.console.dialogs import done
from liuliang.console.doors import StaffRequest, find_member, page
from liuliang.console.leading import back
from liuliang.console.members.forms import AttributeForm, MergeForm, NeedsForm, NoteForm, TagForm
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.members.member import fields_of, side
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people import merging, queries
from liuliang.people.erasure import erase_member
from liuliang.people.models import AttributeDefinition, Member, Merge, Note, Tag
from liuliang.people.names import grams
from liuliang.people.profile import add_note, delete_note, set_attribute, set_needs
from liuliang.people.tagging import tag_members, untag_members
from liuliang.ui.toasts import close_dialog, toast

CANDIDATES = 8


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def attribute(request: StaffRequest, member: Member, key: str) -> HttpResponse:
    """Edit one field of the profile in its place."""
    definition = get_object_or_404(AttributeDefinition, key=key)
    records = [member, *Member.objects.filter(canonical=member)]
    if request.method == "POST":
        form = AttributeForm(definition, request.POST)
        if form.is_valid():
            try:
                set_attribute(member.id, definition, form.cleaned_data["value"])
            except Refused as refusal:
                form.add_error("value", errors.sentence(refusal))
            else:
                member.refresh_from_db()
                return _field(request, member, key)
        status = 422
    else:
        value = queries.attributes_of(records).get(key)
        stored = {True: "1", False: "0"}.get(value, value) if isinstance(value, bool) else value
        form, status = AttributeForm(definition, initial={"value": stored}), 200
    context = {"member": member, "definition": definition, "form": form}
    return render(request, "console/members/attribute_form.html", context, status=status)


@page(permission=MEMBERS_VIEW)
def field(request: StaffRequest, member: Member, key: str) -> HttpResponse:
    """Show one field of the profile again, without changing it."""
    return _field(request, member, key)


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def tag(request: StaffRequest, member: Member) -> HttpResponse:
    """Ask for a tag and put it on."""
    form = TagForm(request.POST or None)
    put: list[Tag] = []

    @transaction.atomic
    def put_on(_told: object) -> None:
        now = clock.now()
        put.append(form.chosen(now))
        tag_members([member.id], put[0], at=now, expires_at=form.expires_at)

    if done(form, put_on):
        return _part(request, member, "tags_card", _("已打标签“{tag}”。").format(tag=put[0].name))
    context = {"form": form, "member": member, "title": _("打标签")}
    return render(request, "console/members/member_tag_dialog.html", context, status=422 if form.errors else 200)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def untag(request: StaffRequest, member: Member, tag_id: int) -> HttpResponse:
    """Take a tag off; the toast can put it on again."""
    chosen = get_object_or_404(Tag.objects.select_related("group"), pk=tag_id)
    untag_members([member.id], chosen, at=clock.now())
    undo = reverse("console:member-retag", args=[member.public_id, tag_id])
    return _part(request, member, "tags_card", _("已去掉“{tag}”。").format(tag=chosen.name), undo=undo)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def retag(request: StaffRequest, member: Member, tag_id: int) -> HttpResponse:
    """Put a tag on again that was just taken off."""
    chosen = get_object_or_404(Tag.objects.select_related("group"), pk=tag_id)
    tag_members([member.id], chosen, at=clock.now())
    return HttpResponse()


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def needs(request: StaffRequest, member: Member) -> HttpResponse:
    """Say what the member is here for."""
    form = NeedsForm(request.POST if request.method == "POST" else None, initial={"needs": member.needs})
    if form.is_valid():
        set_needs(member.id, form.cleaned_data["needs"])
        return back(request, member_url(member), _("需求已更新。"))
    context = {"form": form, "member": member}
    return render(request, "console/members/needs_dialog.html", context, status=422 if form.errors else 200)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def note(request: StaffRequest, member: Member) -> HttpResponse:
    """Write a note."""
    form = NoteForm(request.POST)
    if form.is_valid():
        add_note(member.id, form.cleaned_data["text"], at=clock.now())
        messages.success(request, _("备注已添加。"))
    return redirect(member_url(member))


@page(permission=MEMBERS_EDIT, methods=("POST",))
def remove_note(request: StaffRequest, member: Member, note_id: int) -> HttpResponse:
    """Delete a note."""
    found = get_object_or_404(Note, pk=note_id, member__in=queries.records_of(member))
    delete_note(found)
    messages.success(request, _("备注已删除。"))
    return redirect(member_url(member))


@page(permission=MEMBERS_MERGE, methods=("GET", "POST"))
def merge(request: StaffRequest, member: Member) -> HttpResponse:
    """Merge another member into this one: search for them, say why, do it."""
    access = request.access
    form = MergeForm(request.POST or None)
    if form.is_valid():
        other = find_member(access, MEMBERS_VIEW, form.cleaned_data["other"])
        if other is None:
            form.add_error(None, _("没有找到这位成员。"))
        else:
            try:
                merging.merge_members(other.id, member.id, at=clock.now(), reason=form.cleaned_data["reason"])
            except Refused as refusal:
                form.add_error(None, errors.sentence(refusal))
            else:
                return back(request, f"{member_url(member)}?tab=identities", _("已合并，可以在“账号与合并”里撤销。"))
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = access.members(MEMBERS_VIEW).exclude(pk=member.pk)
    found = found.filter(name_grams__contains=grams(text)) if grams(text) else found.none()
    context = {
        "member": member,
        "name": shown_name(member),
        "form": form,
        "q": text,
        "candidates": found.select_related("activity").order_by("-activity__last_seen_at")[:CANDIDATES],
    }
    template = "merge_candidates" if "q" in request.GET else "merge_dialog"
    return render(request, f"console/members/{template}.html", context, status=422 if form.errors else 200)


@page(permission=MEMBERS_MERGE, methods=("POST",))
def split(request: StaffRequest, member: Member, merge_id: int) -> HttpResponse:
    """Undo a merge."""
    found = get_object_or_404(Merge, pk=merge_id, undone_at=None, record__in=queries.records_of(member))
    merging.split_member(found.record_id, at=clock.now())
    messages.success(request, _("已拆分，两位成员各自恢复。"))
    return redirect(f"{member_url(member)}?tab=identities")


@page(permission=MEMBERS_ERASE, methods=("POST",))
def erase(request: StaffRequest, member: Member) -> HttpResponse:
    """Erase what is personal of the member, for good."""
    erase_member(member.id, at=clock.now())
    messages.success(request, _("个人信息已删除，计数保留。"))
    return redirect("console:members")


def _field(request: StaffRequest, member: Member, key: str) -> HttpResponse:
    records = [member, *Member.objects.filter(canonical=member)]
    line = next((one for one in fields_of(records) if one.key == key), None)
    if line is None:
        return HttpResponse()
    context = {"member": member, "field": line, "may_edit": True}
    return render(request, "console/members/field.html", context)


def _part(request: StaffRequest, member: Member, template: str, text: str, *, undo: str = "") -> HttpResponse:
    records = [member, *Member.objects.filter(canonical=member)]
    context = {"member": member, "may_edit": True, **side(member, records)}
    response = render(request, f"console/members/{template}.html", context)
    return close_dialog(toast(response, text, undo=undo))
