"""Staff: who works here, with which roles, and what one may do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from liuliang.accounts import signin
from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import AUDIT_VIEW, STAFF_MANAGE
from liuliang.accounts.services import links, owners
from liuliang.accounts.words import normal_email
from liuliang.console import errors, history
from liuliang.console.accounts.forms import (
    EVERYWHERE,
    ConfirmForm,
    GrantForm,
    InviteForm,
    place_choices,
    role_title,
)
from liuliang.console.accounts.signin import INVALID
from liuliang.console.capacity import asking
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.kernel.errors import Refused
from liuliang.people import staffing
from liuliang.people.access import Access
from liuliang.people.models import Community, Grant
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, Text, cells
from liuliang.ui.templatetags import ui

OWNER, ACTIVE, INVITED, DEACTIVATED = "owner", "active", "invited", "deactivated"
STATES = {
    OWNER: (gettext_lazy("所有者"), "act"),
    ACTIVE: (gettext_lazy("正常"), ""),
    INVITED: (gettext_lazy("待接受邀请"), "warn"),
    DEACTIVATED: (gettext_lazy("已停用"), "bad"),
}

_LINK = "staff.link"
"""Where a fresh link waits in the session until the next page shows it, once."""


def state_of(staff: Staff) -> str:
    """Name the state a staff member is in."""
    if not staff.is_active:
        return DEACTIVATED
    if not staff.has_usable_password():
        return INVITED
    return OWNER if staff.is_owner else ACTIVE


def _narrow_to_state(queryset: QuerySet[Staff], state: str) -> QuerySet[Staff]:
    if state == DEACTIVATED:
        return queryset.filter(is_active=False)
    queryset = queryset.filter(is_active=True)
    if state == OWNER:
        return queryset.filter(is_owner=True)
    if state == INVITED:
        return queryset.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return queryset.filter(is_owner=False).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)


def _roles_of(staff: Staff) -> list[str]:
    grants: Iterable[Grant] = staff.shown_grants  # type: ignore[attr-defined]
    return [f"{role_title(grant.role)} · {grant.community.name if grant.community else _('全部')}" for grant in grants]


def _person(staff: Staff) -> SafeString:
    return format_html(
        '<span class="named">{}<span>{} <span class="faint">{}</span></span></span>',
        ui.face(staff.name),
        staff.name,
        staff.email,
    )


def _role_options(_request: object) -> list[Option]:
    return [Option(str(role.pk), role_title(role)) for role in Role.objects.order_by("id")]


STAFF = Listing(
    key="staff",
    title=gettext_lazy("员工"),
    columns=(
        Column("name", gettext_lazy("姓名"), cell=_person, sort="name", is_fixed=True),
        Column("email", gettext_lazy("邮箱"), sort="email", is_default=False),
        Column("roles", gettext_lazy("角色与范围"), value=_roles_of, show=cells.tags),
        Column("state", gettext_lazy("状态"), value=state_of, show=cells.state(STATES)),
        Column("last_login", gettext_lazy("上次登录"), show=cells.ago, sort="last_login", align="end"),
        Column(
            "created_at", gettext_lazy("加入时间"), show=cells.day, sort="created_at", align="end", is_default=False
        ),
    ),
    filters=(
        Text("q", gettext_lazy("搜索姓名或邮箱"), fields=("name", "email")),
        Choice(
            "state",
            gettext_lazy("状态"),
            options=[Option(key, words) for key, (words, _tone) in STATES.items()],
            narrow=_narrow_to_state,
        ),
    ),
    default_sort="name",
    row_url=lambda staff: reverse("console:colleague", args=[staff.pk]),
    export_name=gettext_lazy("员工"),
    empty=Empty(
        gettext_lazy("还没有同事"),
        gettext_lazy("邀请群主、内容官和客服，让每个人只看到、只改到自己负责的社群。"),
        gettext_lazy("邀请员工"),
        "/staff/invite/",
    ),
)


@finds("grant")
def find_grant(access: Access, permission: str, value: str) -> Grant | None:
    """Return the grant with this id, made where the permission holds."""
    if not value.isdecimal():
        return None
    return access.grants(permission).select_related("staff", "role", "community").filter(pk=int(value)).first()


@page(permission=STAFF_MANAGE)
def staff_list(request: StaffRequest) -> HttpResponseBase:
    """List the staff in one's scope, with the grants in one's scope."""
    access = request.access
    shown = access.grants(STAFF_MANAGE)
    rows = access.colleagues(STAFF_MANAGE).prefetch_related(
        Prefetch("grants", shown.select_related("role", "community").order_by("id"), to_attr="shown_grants")
    )
    by_role = Choice(
        "role",
        gettext_lazy("角色"),
        options=_role_options,
        # Only by what is shown: a role in somebody else's community is nobody's business here.
        narrow=lambda staff, role: staff.filter(pk__in=shown.filter(role=role).values("staff")),
    )
    listing = replace(STAFF, filters=(*STAFF.filters, by_role))
    return listing.respond(request, rows, template="console/accounts/staff_list.html")


@page(permission=STAFF_MANAGE, methods=("GET", "POST"))
def invite(request: StaffRequest) -> HttpResponse:
    """Invite someone, and show the link to hand over."""
    form = InviteForm(request.POST or None, **_offers(request.access))
    if form.is_valid():
        place, name = _place(request.access, form), form.cleaned_data["name"]
        known = Staff.objects.filter(email=normal_email(form.cleaned_data["email"])).first()
        asked = asking.before_giving(request, known, known.name if known else name, form.chosen_role, place)
        if asked is not None:
            return asked
        try:
            invited = staffing.invite_staff(
                request.access,
                email=form.cleaned_data["email"],
                name=name,
                role=form.chosen_role,
                community=place,
            )
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            if invited.token:
                _keep_link(request, invited.staff, invited.token)
            elif not invited.staff.has_usable_password():
                messages.success(
                    request, _("{name} 已有别人发出的邀请，已直接授予角色。").format(name=invited.staff.name)
                )
            else:
                messages.success(request, _("{name} 已有账号，已直接授予角色。").format(name=invited.staff.name))
            return redirect("console:colleague", invited.staff.pk)
    return render(request, "console/accounts/invite.html", {"form": form}, status=INVALID if form.errors else 200)


@page(permission=STAFF_MANAGE)
@never_cache
def colleague(request: StaffRequest, colleague: Staff) -> HttpResponse:
    """Show one staff member."""
    return _colleague_page(request, colleague)


@page(permission=STAFF_MANAGE, methods=("POST",))
def grant(request: StaffRequest, colleague: Staff) -> HttpResponse:
    """Give a role."""
    form = GrantForm(request.POST, **_offers(request.access))
    if not form.is_valid():
        return _colleague_page(request, colleague, form=form)
    place = _place(request.access, form)
    if (asked := asking.before_giving(request, colleague, colleague.name, form.chosen_role, place)) is not None:
        return asked
    staffing.grant_role(request.access, colleague, form.chosen_role, place)
    messages.success(request, _("已授予。"))
    return redirect("console:colleague", colleague.pk)


@page(permission=STAFF_MANAGE, methods=("POST",))
def revoke(request: StaffRequest, grant: Grant) -> HttpResponse:
    """Take a role back."""
    staffing.revoke_grant(request.access, grant)
    messages.success(request, _("已收回。"))
    if request.access.colleagues(STAFF_MANAGE).filter(pk=grant.staff_id).exists():
        return redirect("console:colleague", grant.staff_id)
    return redirect("console:staff")


@page(permission=STAFF_MANAGE, methods=("POST",))
def make_link(request: StaffRequest, colleague: Staff) -> HttpResponse:
    """Make a link for someone who has not joined, or who lost their password."""
    make = staffing.make_reset_link if colleague.has_usable_password() else staffing.renew_invitation
    _keep_link(request, colleague, make(request.access, colleague))
    return redirect("console:colleague", colleague.pk)


@page(permission=STAFF_MANAGE, methods=("POST",))
def deactivate(request: StaffRequest, colleague: Staff) -> HttpResponse:
    """Let someone in no more."""
    staffing.deactivate_staff(request.access, colleague)
    messages.success(request, _("{name} 已停用，所有登录已退出。").format(name=colleague.name))
    return redirect("console:colleague", colleague.pk)


@page(permission=STAFF_MANAGE, methods=("POST",))
def reactivate(request: StaffRequest, colleague: Staff) -> HttpResponse:
    """Let someone in again."""
    if (asked := asking.before_reactivating(request, colleague)) is not None:
        return asked
    staffing.reactivate_staff(request.access, colleague)
    messages.success(request, _("{name} 已恢复。").format(name=colleague.name))
    return redirect("console:colleague", colleague.pk)


@page(permission=STAFF_MANAGE, methods=("POST",))
@sensitive_post_parameters("password")
def change_ownership(request: StaffRequest, colleague: Staff) -> HttpResponse:
    """Make an owner, or unmake one, after asking for the password."""
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return _colleague_page(request, colleague, confirm=form)
    try:
        signin.confirm_password(request.user, form.cleaned_data["password"])
    except Refused as refusal:
        form.add_error("password", errors.sentence(refusal))
        return _colleague_page(request, colleague, confirm=form)
    change = owners.remove_owner if colleague.is_owner else owners.add_owner
    change(request.user, colleague)
    messages.success(request, _("已保存。"))
    return redirect("console:account" if colleague == request.user else "console:staff")


def _colleague_page(
    request: StaffRequest, colleague: Staff, *, form: GrantForm | None = None, confirm: ConfirmForm | None = None
) -> HttpResponse:
    access = request.access
    kept: dict[str, Any] = request.session.get(_LINK) or {}
    link = ""
    if kept.get("staff") == colleague.pk:
        link = kept["url"]
        del request.session[_LINK]
    invalid = any(one is not None and one.errors for one in (form, confirm))
    shown = access.grants(STAFF_MANAGE).filter(staff=colleague).select_related("role", "community").order_by("id")
    about = access.audit_entries(AUDIT_VIEW).filter(target_type="accounts.staff", target_id=str(colleague.pk))
    context = {
        "colleague": colleague,
        "state": state_of(colleague),
        "state_words": STATES[state_of(colleague)],
        "grants": [(one, role_title(one.role)) for one in shown],
        "form": form or GrantForm(**_offers(access)),
        "confirm": confirm or ConfirmForm(),
        "link": link,
        "link_days": links.INVITATION_VALID.days,
        "may_manage": staffing.may_manage(access, colleague),
        "is_oneself": colleague == request.user,
        "history": history.lines(about.select_related("staff").order_by("-at", "-id")[:20], access),
    }
    return render(request, "console/accounts/colleague.html", context, status=INVALID if invalid else 200)


def _keep_link(request: StaffRequest, staff: Staff, token: str) -> None:
    url = request.build_absolute_uri(reverse("console:welcome", args=[token]))
    request.session[_LINK] = {"staff": staff.pk, "url": url}


def _offers(access: Access) -> dict[str, Any]:
    """Return the roles and places this person may give: everything they hold themselves, where they hold it."""
    everywhere = access.may_everywhere(STAFF_MANAGE)
    communities = list(access.communities(STAFF_MANAGE).filter(archived_at__isnull=True))
    # Places where one holds the same are alike: with a thousand communities only a few need to be asked about.
    alike: dict[frozenset[str], Community] = {access.held(community): community for community in communities}
    places: list[Community | None] = [*([None] if everywhere else []), *alike.values()]
    roles = [role for role in Role.objects.order_by("id") if any(access.may_give(role, place) for place in places)]
    return {"roles": roles, "places": place_choices(communities, everywhere=everywhere)}


def _place(access: Access, form: GrantForm) -> Community | None:
    """Return the chosen community within the person's scope, None for everywhere."""
    chosen = form.cleaned_data["where"]
    return None if chosen == EVERYWHERE else access.communities(STAFF_MANAGE).get(public_id=chosen)
