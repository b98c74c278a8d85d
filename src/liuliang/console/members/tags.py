"""Tags and fields of the profile: the words that staff describe members with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Prefetch
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import MEMBERS_EDIT, MEMBERS_VIEW
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.console.members.forms import ChangeDefinitionForm, ChangeTagForm, DefinitionForm, GroupForm, NewTagForm
from liuliang.cultivation.finding import passed_over
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people import profile, queries, tagging
from liuliang.people.models import AttributeDefinition, Tag, TagGroup
from liuliang.segments.models import Segment
from liuliang.segments.queries import using_tag, visible
from liuliang.ui import formats

INVALID = 422


@page(permission=MEMBERS_VIEW)
def tags(request: StaffRequest) -> HttpResponse:
    """Show the groups with their tags and how many of the members one may see have each, and the fields of the profile."""
    held = queries.holders(request.access.members(MEMBERS_VIEW), clock.now())
    groups = TagGroup.objects.prefetch_related(Prefetch("tags", Tag.objects.order_by("name")))
    context = {
        "groups": [
            (group, [(tag, held.get(tag.pk, 0)) for tag in group.tags.all()])
            for group in groups.order_by("position", "name")
        ],
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
    if _done(form, lambda told: tagging.create_group(told["name"], is_exclusive=told["is_exclusive"])):
        return _back(request, _("标签组已建好，接着往里加标签。"))
    return _dialog(request, form, _("新建标签组"), reverse("console:new-tag-group"))


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def group(request: StaffRequest, group_id: int) -> HttpResponse:
    """Change a group of tags."""
    _for_everybody(request)
    found = get_object_or_404(TagGroup, pk=group_id)
    form = GroupForm(request.POST or None, initial={"name": found.name, "is_exclusive": found.is_exclusive})
    if _done(form, lambda told: tagging.change_group(found, name=told["name"], is_exclusive=told["is_exclusive"])):
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
    if _done(form, lambda told: tagging.create_tag(found, told["name"], at=clock.now())):
        return _back(request, _("标签已建好。"))
    title = _("在“{group}”里新建标签").format(group=found.name)
    return _dialog(request, form, title, reverse("console:new-tag", args=[group_id]))


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def tag(request: StaffRequest, tag_id: int) -> HttpResponse:
    """Change a tag."""
    _for_everybody(request)
    found = get_object_or_404(Tag.objects.select_related("group"), pk=tag_id)
    form = ChangeTagForm(request.POST or None, initial={"name": found.name, "group": found.group_id})
    if _done(form, lambda told: tagging.change_tag(found, name=told["name"], group=told["group"])):
        return _back(request, _("标签已更新。"))
    here, delete = reverse("console:tag", args=[tag_id]), reverse("console:delete-tag", args=[tag_id])
    seen = set(visible(request.access, MEMBERS_VIEW).values_list("pk", flat=True))
    users = [each for each in using_tag(found.pk) if each.pk in seen]
    return _dialog(
        request,
        form,
        _("修改标签"),
        here,
        delete=delete,
        name=found.name,
        users=users,
        is_passed_over=found.pk in passed_over(),
    )


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

    def define(told: Mapping[str, Any]) -> None:
        profile.define_attribute(told["title"], type_=told["type"], choices=form.lines, is_personal=told["is_personal"])

    if _done(form, define):
        return _back(request, _("字段已建好。"))
    return _dialog(request, form, _("新建资料字段"), reverse("console:new-field"))


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def field(request: StaffRequest, field_id: int) -> HttpResponse:
    """Change a field of the profile."""
    _for_everybody(request)
    found = get_object_or_404(AttributeDefinition, pk=field_id)
    initial = {"title": found.title, "choices": "\n".join(found.choices), "is_personal": found.is_personal}
    form = ChangeDefinitionForm(request.POST or None, initial=initial)

    def change(told: Mapping[str, Any]) -> None:
        profile.change_attribute(found, title=told["title"], choices=form.lines, is_personal=told["is_personal"])

    if _done(form, change):
        return _back(request, _("字段已更新。"))
    here, delete = reverse("console:field", args=[field_id]), reverse("console:delete-field", args=[field_id])
    return _dialog(request, form, _("修改资料字段"), here, delete=delete, name=found.title)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def remove_field(request: StaffRequest, field_id: int) -> HttpResponse:
    """Delete a field of the profile; what members have in it is kept."""
    _for_everybody(request)
    profile.delete_attribute(get_object_or_404(AttributeDefinition, pk=field_id))
    return _back(request, _("字段已删除，成员已有的内容还在。"))


def _done(form: Form, change: Callable[[Mapping[str, Any]], object]) -> bool:
    """Make the change that a form asks for; where it was refused, the form says so."""
    if not form.is_valid():
        return False
    try:
        change(form.cleaned_data)
    except Refused as refusal:
        form.add_error("name" if "name" in form.fields else None, errors.sentence(refusal))
        return False
    return True


def _for_everybody(request: StaffRequest) -> None:
    if not request.access.may_everywhere(MEMBERS_EDIT):
        raise Refused("tag.for_everybody")


def _dialog(
    request: StaffRequest,
    form: Form,
    title: str,
    url: str,
    *,
    delete: str = "",
    name: str = "",
    users: Sequence[Segment] = (),
    is_passed_over: bool = False,
) -> HttpResponse:
    """Show the dialog of a word; ``users`` are the segments whose rules need it."""
    context = {
        "form": form,
        "title": title,
        "url": url,
        "delete_url": delete,
        "name": name,
        "users": users,
        "is_passed_over": is_passed_over,
        "user_names": formats.listed(each.name for each in users),
    }
    return render(request, "console/members/word_dialog.html", context, status=INVALID if form.errors else 200)


def _back(request: StaffRequest, text: str) -> HttpResponse:
    return back(request, reverse("console:tags"), text)
