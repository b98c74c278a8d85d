"""What staff plan and change of a community: its type, blueprint, identity, rules, place in the tree, and its end."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_VIEW, COMMUNITIES_EDIT, COMMUNITIES_VIEW
from liuliang.console import errors
from liuliang.console.capacity import asking
from liuliang.console.communities.forms import (
    TOP,
    CommunityForm,
    LogoForm,
    MoveForm,
    NewCommunityForm,
    TypeForm,
    parent_choices,
)
from liuliang.console.communities.listing import PLATFORMS, home_of
from liuliang.console.communities.plan_form import PlanForm
from liuliang.console.doors import StaffRequest, find_community, page
from liuliang.console.leading import lead_to
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people import communities as services
from liuliang.people.access import Access
from liuliang.people.blueprint import logo_from, read_blueprint, read_identity
from liuliang.people.communities import TYPES
from liuliang.people.models import Community
from liuliang.people.types import Target
from liuliang.ui import formats
from liuliang.ui.words import WEEKDAYS

INVALID = 422


@page(permission=COMMUNITIES_EDIT, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Make a community from the template of a type."""
    access = request.access
    form = NewCommunityForm(
        request.POST or None, parents=_places(access), initial={"parent": request.GET.get("parent", TOP)}
    )
    if form.is_valid():
        told = form.cleaned_data
        parent = _chosen_place(access, told["parent"])
        if told["is_group"] and (asked := asking.before_creating(request, parent)) is not None:
            return asked
        try:
            made = services.create_community(
                name=told["name"], at=clock.now(), type_key=told["type"], is_group=told["is_group"], parent=parent
            )
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            messages.success(request, _("社群已建好，蓝图、群规和接待流程来自模板，可以随时修改。"))
            return redirect("console:community-plan", made.public_id)
    return render(request, "console/communities/new.html", {"form": form}, status=INVALID if form.errors else 200)


@page(permission=COMMUNITIES_VIEW)
def plan(request: StaffRequest, community: Community) -> HttpResponse:
    """Show what a community is for and how it is run."""
    type_ = TYPES.get(community.type)
    blueprint = read_blueprint(community.blueprint)
    above = request.access.communities(COMMUNITIES_VIEW).filter(id__in=community.path[:-1])
    context = {
        **tabs(request, community, "community-plan"),
        "type": type_,
        "blueprint": PlanForm(blueprint).sections,
        "identity": read_identity(community.identity),
        "identity_sections": PlanForm(read_identity(community.identity), without=frozenset({"logo"})).sections,
        "targets": [(target, _goal(target)) for target in type_.targets] if type_ else [],
        "calendar": [(WEEKDAYS[slot.weekday - 1], slot) for slot in type_.calendar] if type_ else [],
        "above": sorted(above, key=lambda one: len(one.path)),
        "below": [
            (one, home_of(one, has_board=request.access.may(ANALYTICS_VIEW, one)))
            for one in request.access.communities(COMMUNITIES_VIEW).filter(parent=community).order_by("name")
        ],
        "chats": [
            (PLATFORMS.get(one.platform, one.platform), one.key) for one in community.chats.order_by("platform", "key")
        ],
        "may_edit": request.access.may(COMMUNITIES_EDIT, community),
    }
    return render(request, "console/communities/plan.html", context)


def _goal(target: Target) -> str:
    """Write the number to reach: a share, an amount, or a count."""
    if target.metric.startswith("gmv"):
        return formats.money(round(target.value))
    return formats.percent(target.value, 0) if target.value < 1 else formats.exact(target.value)


@page(permission=COMMUNITIES_EDIT, methods=("GET", "POST"))
def edit(request: StaffRequest, community: Community) -> HttpResponse:
    """Change name, time zone, size, rules."""
    fields = ("name", "timezone", "size_limit", "is_group", "house_rules")
    form = CommunityForm(request.POST or None, initial={field: getattr(community, field) for field in fields})
    if form.is_valid():
        try:
            services.change_community(community.id, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            return _saved(request, community)
    context = {**tabs(request, community, "community-edit"), "form": form}
    return render(request, "console/communities/edit.html", context, status=INVALID if form.errors else 200)


@page(permission=COMMUNITIES_EDIT, methods=("GET", "POST"))
def blueprint(request: StaffRequest, community: Community) -> HttpResponse:
    """Change the blueprint."""
    form = PlanForm(read_blueprint(community.blueprint), request.POST or None)
    told = form.read() if request.method == "POST" else None
    if told is not None:
        services.plan_community(community.id, blueprint=told)
        return _saved(request, community)
    context = {**tabs(request, community, "community-blueprint"), "form": form, "heading": _("社群蓝图")}
    return render(request, "console/communities/plan_edit.html", context, status=INVALID if form.errors else 200)


@page(permission=COMMUNITIES_EDIT, methods=("GET", "POST"))
def identity(request: StaffRequest, community: Community) -> HttpResponse:
    """Change the identity: logo, slogan, words, rituals, reception."""
    known = read_identity(community.identity)
    form = PlanForm(known, request.POST or None, without=frozenset({"logo"}))
    logo = LogoForm(request.POST or None, request.FILES or None)
    told = form.read() if request.method == "POST" and logo.is_valid() else None
    if told is not None:
        try:
            if logo.cleaned_data["logo"]:
                told.logo = logo_from(logo.cleaned_data["logo"].read())
            elif logo.cleaned_data["remove_logo"]:
                told.logo = ""
        except Refused as refusal:
            logo.add_error("logo", errors.sentence(refusal))
        else:
            services.plan_community(community.id, identity=told)
            return _saved(request, community)
    context = {
        **tabs(request, community, "community-identity"),
        "form": form,
        "logo_form": logo,
        "logo": known.logo,
        "heading": _("社群识别与接待"),
    }
    is_wrong = bool(form.errors or logo.errors)
    return render(request, "console/communities/plan_edit.html", context, status=INVALID if is_wrong else 200)


@page(permission=COMMUNITIES_EDIT, methods=("GET", "POST"))
def transform(request: StaffRequest, community: Community) -> HttpResponse:
    """Turn the community into another type."""
    form = TypeForm(request.POST or None, current=community.type)
    if form.is_valid():
        services.change_type(community.id, form.cleaned_data["type"])
        messages.success(request, _("已转型。没有改过的内容换成了新模板，改过的都保留。"))
        return _to_plan(request, community)
    return _dialog(
        request, community, form, "community-transform", title=_("社群转型"), button=_("转型"),
        text=_("没有改过的蓝图、群规和接待流程会换成新类型的模板；你们改过的每一处都保留。"),
    )  # fmt: skip


@page(permission=COMMUNITIES_EDIT, methods=("GET", "POST"))
def move(request: StaffRequest, community: Community) -> HttpResponse:
    """Hang the community elsewhere in the tree."""
    access = request.access
    current = community.parent.public_id if community.parent else TOP
    form = MoveForm(request.POST or None, parents=_places(access, without=community), initial={"parent": current})
    if form.is_valid():
        place = _chosen_place(access, form.cleaned_data["parent"])
        try:
            services.move_community(access, community.id, place.id if place else None)
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            messages.success(request, _("已移动，下面的社群一起过去了。"))
            return _to_plan(request, community)
    return _dialog(
        request, community, form, "community-move", title=_("移动社群"), button=_("移动"),
        text=_("下面的社群会一起移动。谁能看到它们，按新的位置算。"),
    )  # fmt: skip


@page(permission=COMMUNITIES_EDIT, methods=("POST",))
def archive(request: StaffRequest, community: Community) -> HttpResponse:
    """Close the community and what is below it."""
    services.archive_community(community.id, at=clock.now())
    messages.success(request, _("已归档。内容都还在，可以随时恢复。"))
    return redirect("console:community-plan", community.public_id)


@page(permission=COMMUNITIES_EDIT, methods=("POST",))
def restore(request: StaffRequest, community: Community) -> HttpResponse:
    """Open the community again."""
    if (asked := asking.before_restoring(request, community)) is not None:
        return asked
    services.restore_community(community.id)
    messages.success(request, _("已恢复。"))
    return redirect("console:community-plan", community.public_id)


def tabs(request: StaffRequest, community: Community, current: str) -> dict[str, Any]:
    """Return what the head of every page of a community needs."""
    access = request.access
    pages = []
    if community.is_group and access.may(ANALYTICS_VIEW, community):
        pages += [
            (_("概况"), "community"),
            (_("健康度"), "community-health"),
            (_("关系"), "community-graph"),
            (_("小圈子"), "community-circles"),
        ]
    pages.append((_("蓝图与群规"), "community-plan"))
    if access.may(COMMUNITIES_EDIT, community):
        pages += [
            (_("修改蓝图"), "community-blueprint"), (_("识别与接待"), "community-identity"), (_("设置"), "community-edit"),
        ]  # fmt: skip
    addresses = {name: reverse(f"console:{name}", args=[community.public_id]) for _title, name in pages}
    return {
        "community": community,
        "tabs": [(title, addresses[name], None) for title, name in pages],
        "tab_url": addresses.get(current, ""),
    }


def _places(access: Access, *, without: Community | None = None) -> list[tuple[str, str]]:
    rows = access.communities(COMMUNITIES_EDIT).filter(archived_at=None)
    if without is not None:
        rows = rows.exclude(path__contains=[without.id])
    return parent_choices(list(rows), may_be_top=access.may_everywhere(COMMUNITIES_EDIT))


def _chosen_place(access: Access, public_id: str) -> Community | None:
    return find_community(access, COMMUNITIES_EDIT, public_id) if public_id else None


def _dialog(
    request: StaffRequest, community: Community, form: Any, url_name: str, *, title: str, text: str, button: str
) -> HttpResponse:
    context = {"community": community, "form": form, "url_name": f"console:{url_name}", "title": title,
               "text": text, "button": button}  # fmt: skip
    return render(request, "console/communities/dialog.html", context, status=INVALID if form.errors else 200)


def _saved(request: StaffRequest, community: Community) -> HttpResponse:
    messages.success(request, _("已保存。"))
    return redirect("console:community-plan", community.public_id)


def _to_plan(request: StaffRequest, community: Community) -> HttpResponse:
    address = reverse("console:community-plan", args=[community.public_id])
    return lead_to(request, address)
