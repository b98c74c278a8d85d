"""Doubtful pairs, side by side: staff say whether the two are one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import MEMBERS_CONTACT, MEMBERS_MERGE
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.members.member import IDENTITY_KINDS, masked
from liuliang.kernel import clock
from liuliang.people import merging, proposals
from liuliang.people.identities import CONTACT_KINDS
from liuliang.people.models import Activity, Community, Identity, Member, Membership, MergeProposal
from liuliang.ui import formats
from liuliang.ui.toasts import toast

PAGE = 20


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, with what helps to decide."""

    member: Member
    name: str
    url: str
    identities: tuple[str, ...]
    communities: tuple[str, ...]
    activity: Activity | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A proposal with both sides and its evidence in words."""

    proposal: MergeProposal
    first: Side
    second: Side
    evidence: tuple[str, ...]


@page(permission=MEMBERS_MERGE)
def listed(request: StaffRequest) -> HttpResponse:
    """Show the pairs that wait for a decision, the likeliest first."""
    waiting = MergeProposal.objects.filter(decided_at=None)
    rows = list(waiting.select_related("first", "second").order_by("-score", "id")[:PAGE])
    may_contact = request.access.may_everywhere(MEMBERS_CONTACT)
    context = {"pairs": _pairs(rows, may_contact=may_contact), "waiting": waiting.count()}
    return render(request, "console/members/proposals.html", context)


@page(permission=MEMBERS_MERGE, methods=("POST",))
def accept(request: StaffRequest, proposal_id: int) -> HttpResponse:
    """Merge the two; ``keep`` is the public id of the one that stays."""
    found = MergeProposal.objects.select_related("first", "second").filter(pk=proposal_id).first()
    keep = request.POST.get("keep", "")
    kept = next((one for one in (found.first, found.second) if one.public_id == keep), None) if found else None
    proposals.accept_proposal(proposal_id, at=clock.now(), keep=kept.id if kept else None)
    undo = reverse("console:undo-proposal", args=[proposal_id])
    return toast(_still_waiting(), _("已合并。"), undo=undo)


@page(permission=MEMBERS_MERGE, methods=("POST",))
def reject(request: StaffRequest, proposal_id: int) -> HttpResponse:
    """Say that the two are different people."""
    del request
    proposals.reject_proposal(proposal_id, at=clock.now())
    undo = reverse("console:undo-proposal", args=[proposal_id])
    return toast(_still_waiting(), _("已记下：不是同一人，不会再提示。"), undo=undo)


@page(permission=MEMBERS_MERGE, methods=("POST",))
def undo(request: StaffRequest, proposal_id: int) -> HttpResponse:
    """Take a decision back, so that the pair waits again."""
    found = MergeProposal.objects.filter(pk=proposal_id, decided_at__isnull=False).first()
    if found is not None and found.is_accepted:
        merged = Member.objects.filter(pk__in=[found.first_id, found.second_id], canonical__isnull=False)
        for record in merged.values_list("pk", flat=True):
            merging.split_member(record, at=clock.now())
    if found is not None:
        proposals.reopen_proposal(proposal_id)
        messages.success(request, _("已撤销。"))
    return HttpResponse()


def waiting(request: HttpRequest) -> int:
    """Count what waits, for the sidebar; counting stops at a hundred."""
    del request
    return MergeProposal.objects.filter(decided_at=None)[:100].count()


def _still_waiting() -> HttpResponse:
    """Take the pair off the page and put what is left beside the heading."""
    left = formats.count(MergeProposal.objects.filter(decided_at=None).count())
    return HttpResponse(format_html('<span class="faint" id="proposals-waiting" hx-swap-oob="true">{}</span>', left))


def _pairs(rows: list[MergeProposal], *, may_contact: bool) -> list[Pair]:
    ids = {member for row in rows for member in (row.first_id, row.second_id)}
    identities: dict[int, list[str]] = {}
    for one in Identity.objects.filter(member__in=ids).exclude(kind="name").order_by("kind", "value"):
        value = one.value if may_contact or one.kind not in CONTACT_KINDS else masked(one.kind, one.value)
        identities.setdefault(one.member_id, []).append(f"{IDENTITY_KINDS.get(one.kind, one.kind)} {value}")
    communities: dict[int, list[str]] = {}
    for row in Membership.objects.filter(member__in=ids).select_related("community").order_by("-messages"):
        communities.setdefault(row.member_id, []).append(row.community.name)
    seen = Activity.objects.in_bulk(ids)
    places = {value for row in rows for key in ("community", "tree") if (value := row.evidence.get(key))}
    names = dict(Community.objects.filter(pk__in=places).values_list("pk", "name"))

    def side(member: Member) -> Side:
        return Side(
            member, shown_name(member), member_url(member), tuple(identities.get(member.id, ())),
            tuple(communities.get(member.id, ())), seen.get(member.id),
        )  # fmt: skip

    return [Pair(row, side(row.first), side(row.second), _evidence(row.evidence, names)) for row in rows]


def _evidence(evidence: dict[str, Any], names: dict[int, str]) -> tuple[str, ...]:
    told = []
    if evidence.get("order"):
        told.append(_("同一张订单先后写了这两个人"))
    if evidence.get("rule") == "same_identity":
        told.append(_("同一行里写着这两个人的账号"))
    if evidence.get("rule") == "chat_name":
        told.append(_("这个账号在群里用这个名字"))
    if evidence.get("length"):
        told.append(_("名字相同"))
    if evidence.get("bearers") == 2:
        told.append(_("没有别人用这个名字"))
    elif evidence.get("bearers"):
        told.append(_("{count} 个人用这个名字").format(count=evidence["bearers"]))
    if evidence.get("community"):
        told.append(_("都在“{name}”").format(name=names.get(evidence["community"], "")))
    if evidence.get("tree"):
        told.append(_("都在“{name}”的社群里").format(name=names.get(evidence["tree"], "")))
    return tuple(told)
