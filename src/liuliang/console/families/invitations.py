"""The invitations of a family: who was asked over, who came, and noting who will not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import MEMBERS_EDIT, MEMBERS_VIEW
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.families.ground import may_look, reached
from liuliang.console.families.listing import FOLDER
from liuliang.console.members.listing import shown_name
from liuliang.families.belonging import tiers_of
from liuliang.families.models import Family, Invitation
from liuliang.families.services import decline, withdraw
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, cells
from liuliang.ui.templatetags import ui
from liuliang.ui.toasts import refresh_lists, toast

STATES: dict[str, tuple[str | Promise, str]] = {
    "invited": (_("请了，等来"), "act"),
    "arrived": (_("来了"), "good"),
    "declined": (_("不来"), ""),
    "withdrawn": (_("撤回了"), ""),
}


@finds("invitation")
def find_invitation(access: Access, permission: str, value: str) -> Invitation | None:
    """Find an invitation of a family that the permission reaches."""
    if not value.isdecimal() or len(value) > 18:
        return None
    rows = Invitation.objects.select_related("family").filter(pk=int(value))
    return rows.filter(family__in=reached(access, permission)).first()


def _who(row: Invitation) -> SafeString | str:
    name = shown_name(row.member)
    return format_html('<span class="named">{}<span>{}</span></span>', ui.face(name), name)


def _group(row: Any) -> str:
    return str(row) if row is not None else "–"


INVITATIONS = Listing(
    key="family-invitations",
    title=_("邀请记录"),
    columns=(
        Column("member", pgettext_lazy("one", "成员"), value=lambda row: shown_name(row.member), cell=_who, is_fixed=True),
        Column("tier", _("请到哪一档"), value=lambda row: row.tier.name),
        Column("community", _("群"), value=lambda row: _group(row.community)),
        Column("origin", _("请的时候在"), value=lambda row: _group(row.origin)),
        Column("at", _("什么时候请的"), value="invited_at", show=cells.ago, sort="pk", align="end"),
        Column("by", _("谁请的"), value=lambda row: row.invited_by.name if row.invited_by else "–"),
        Column("state", _("状态"), value=lambda row: str(STATES[row.state][0]), cell=lambda row: cells.state(STATES)(row.state)),
        Column("ended", _("有结果的时间"), value="ended_at", show=cells.ago, align="end"),
    ),
    filters=(Choice("state", _("状态"), options=[Option(key, told[0]) for key, told in STATES.items()], is_primary=True),),
    default_sort="-at",
    row_url=lambda row: reverse("console:member", args=[row.member.public_id]),
    row_actions="console/families/invitation_actions.html",
    export_name=_("邀请记录"),
    empty=Empty(_("还没有请过人"), _("在家族页里勾选该换群的人，记下请他们去哪个群；他们进了群，这里会自己变成“来了”。")),
)  # fmt: skip


@page(permission=MEMBERS_VIEW)
def listed(request: StaffRequest, family: Family) -> HttpResponseBase:
    """List who was asked over."""
    may_see = may_look(request.access, tiers_of(family))
    rows = Invitation.objects.filter(family=family, member__erased_at=None) if may_see else Invitation.objects.none()
    rows = rows.select_related("member", "tier", "community", "origin", "invited_by", "family")
    listing = INVITATIONS if request.access.may_everywhere(MEMBERS_EDIT) else replace(INVITATIONS, row_actions="")
    return listing.respond(
        request, rows, template=f"{FOLDER}/invitations.html", context={"family": family, "may_see": may_see}
    )


@page(permission=MEMBERS_EDIT, methods=("POST",))
def end(request: StaffRequest, invitation: Invitation) -> HttpResponse:
    """Note that somebody will not come, or take the invitation back."""
    if not may_look(request.access, tiers_of(invitation.family)):
        raise Refused("family.for_everybody")
    if request.POST.get("how") == "withdraw":
        withdraw(invitation, at=clock.now())
        said = _now("邀请已撤回，还够格的话会再出现在该请的人里。")
    else:
        decline(invitation, at=clock.now())
        said = _now("记下了：不来。90 天内不会再列进该请的人。")
    return refresh_lists(toast(HttpResponse(), said))
