"""Tags and fields of the profile: the words that staff describe members with."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from liuliang.accounts.permissions import MEMBERS_EDIT, MEMBERS_VIEW
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.forms import ChangeDefinitionForm, ChangeTagForm, DefinitionForm, GroupForm, NewTagForm
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people import profile, tagging
from liuliang.people.models import AttributeDefinition, Tag, TagGroup

INVALID = 422


@page(permission=MEMBERS_VIEW)
def tags(request: StaffRequest) -> HttpResponse:
    """Show the groups with their tags and how many members have each, and the fields of the profile."""
    counting = Q(member_tags__expires_at=None) | Q(member_tags__expires_at__gt=clock.now())
    held = Tag.objects.annotate(held=Count("member_tags", filter=counting)).order_by("name")
    context = {
        "groups": TagGroup.objects.prefetch_related(Prefetch("tags", held)).order_by("position", "name"),
        "definitions": AttributeDefinition.objects.order_by("position", "id"),
        "types": profile.TYPES,
        # Words are shared across the whole tree, so changing them is for those who may edit everywhere.
        "may_change": request.access.may_everywhere(MEMBERS_EDIT),
    }
    return render(request, "console/members/tags.html", context)


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def new_group(request: StaffRequest) -> HttpResponse:
    """Create a group of tags."""
    _for_everybody(request)
    form = GroupForm(request.POST or None)
    if form.is_valid():
        try:
            tagging.create_group(form.cleaned_data["name"], is_exclusive=form.cleaned_data["is_exclusive"])
        except Refused as refusal:
            form.add_error("name", errors.sentence(refusal))
        else:
            return _back(request, _("标签组已建好，接着往里加标签。"))
    return _dialog(request, form, _("新建标签组"), reverse("console:new-tag-group"))


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def group(request: StaffRequest, group_id: int) -> HttpResponse:
    """Change a group of tags."""
    _for_everybody(request)
    found = get_object_or_404(TagGroup, pk=group_id)
    form = GroupForm(request.POST or None, initial={"name": found.name, "is_exclusive": found.is_exclusive})
    if form.is_valid():
        try:
            tagging.change_group(found, name=form.cleaned_data["name"], is_exclusive=form.cleaned_data["is_exclusive"])
        except Refused as refusal:
            form.add_error("name", errors.sentence(refusal))
        else:
            return _back(request, _("标签组已更新。"))
    delete = "" if found.tags.exists() else reverse("console:delete-tag-group", args=[group_id])
    here = reverse("console:tag-group", args=[group_id])
    return _dialog(request, form, _("修改标签组"), here, delete=delete, name=found.name)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def remove_group(request: StaffRequest, group_id: int) -> HttpResponse:
    """Delete an empty group."""
    _for_everybody(request)
    tagging.delete_group(get_object_or_404(TagGroup, pk=group_id))
    return _back(request, _("标签组已删除。"))


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def new_tag(request: StaffRequest, group_id: int) -> HttpResponse:
    """Create a tag in a group."""
    _for_everybody(request)
    found = get_object_or_404(TagGroup, pk=group_id)
    form = NewTagForm(request.POST or None)
    if form.is_valid():
        try:
            tagging.create_tag(found, form.cleaned_data["name"], at=clock.now())
        except Refused as refusal:
            form.add_error("name", errors.sentence(refusal))
        else:
            return _back(request, _("标签已建好。"))
    title = _("在“{group}”里新建标签").format(group=found.name)
    return _dialog(request, form, title, reverse("console:new-tag", args=[group_id]))


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def tag(request: StaffRequest, tag_id: int) -> HttpResponse:
    """Change a tag."""
    _for_everybody(request)
    found = get_object_or_404(Tag.objects.select_related("group"), pk=tag_id)
    form = ChangeTagForm(request.POST or None, initial={"name": found.name, "group": found.group_id})
    if form.is_valid():
        try:
            tagging.change_tag(found, name=form.cleaned_data["name"], group=form.cleaned_data["group"])
        except Refused as refusal:
            form.add_error("name", errors.sentence(refusal))
        else:
            return _back(request, _("标签已更新。"))
    here, delete = reverse("console:tag", args=[tag_id]), reverse("console:delete-tag", args=[tag_id])
    return _dialog(request, form, _("修改标签"), here, delete=delete, name=found.name)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def remove_tag(request: StaffRequest, tag_id: int) -> HttpResponse:
    """Delete a tag from everybody."""
    _for_everybody(request)
    number = tagging.delete_tag(get_object_or_404(Tag, pk=tag_id))
    return _back(request, _("标签已删除，原来有 {count} 位成员带着它。").format(count=number))


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def new_field(request: StaffRequest) -> HttpResponse:
    """Create a field of the profile."""
    _for_everybody(request)
    form = DefinitionForm(request.POST or None)
    if form.is_valid():
        told = form.cleaned_data
        try:
            profile.define_attribute(
                told["title"], type_=told["type"], choices=form.lines, is_personal=told["is_personal"]
            )
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            return _back(request, _("字段已建好。"))
    return _dialog(request, form, _("新建资料字段"), reverse("console:new-field"))


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def field(request: StaffRequest, field_id: int) -> HttpResponse:
    """Change a field of the profile."""
    _for_everybody(request)
    found = get_object_or_404(AttributeDefinition, pk=field_id)
    initial = {"title": found.title, "choices": "\n".join(found.choices), "is_personal": found.is_personal}
    form = ChangeDefinitionForm(request.POST or None, initial=initial)
    if form.is_valid():
        told = form.cleaned_data
        try:
            profile.change_attribute(found, title=told["title"], choices=form.lines, is_personal=told["is_personal"])
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            return _back(request, _("字段已更新。"))
    here, delete = reverse("console:field", args=[field_id]), reverse("console:delete-field", args=[field_id])
    return _dialog(request, form, _("修改资料字段"), here, delete=delete, name=found.title)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def remove_field(request: StaffRequest, field_id: int) -> HttpResponse:
    """Delete a field of the profile; what members have in it is kept."""
    _for_everybody(request)
    profile.delete_attribute(get_object_or_404(AttributeDefinition, pk=field_id))
    return _back(request, _("字段已删除，成员已有的内容还在。"))


def _for_everybody(request: StaffRequest) -> None:
    if not request.access.may_everywhere(MEMBERS_EDIT):
        raise Refused("tag.for_everybody")


def _dialog(
    request: StaffRequest,
    form: GroupForm | NewTagForm | ChangeDefinitionForm,
    title: str,
    url: str,
    *,
    delete: str = "",
    name: str = "",
) -> HttpResponse:
    context = {"form": form, "title": title, "url": url, "delete_url": delete, "name": name}
    return render(request, "console/members/word_dialog.html", context, status=INVALID if form.errors else 200)


def _back(request: StaffRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return HttpResponseClientRedirect(reverse("console:tags")) if request.htmx else redirect("console:tags")
