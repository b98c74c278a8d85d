"""The list of members and what is done to many of them, and the search across everything."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from liuliang.accounts.permissions import COMMUNITIES_VIEW, MEMBERS_EDIT, MEMBERS_EXPORT, MEMBERS_VIEW
from liuliang.console.dialogs import done
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.forms import TagForm, UntagForm
from liuliang.console.members.listing import MEMBERS, chosen_for, listing_for, may_search_contacts, rows_for
from liuliang.kernel import clock
from liuliang.people import queries
from liuliang.people.identities import CONTACT_KINDS
from liuliang.people.models import Tag
from liuliang.people.names import grams
from liuliang.people.tagging import tag_members, untag_members
from liuliang.ui.toasts import close_dialog, toast

FOUND = 8
"""Members and communities each that a search shows."""


@page(permission=MEMBERS_VIEW)
def members(request: StaffRequest) -> HttpResponseBase:
    """List the members in one's scope."""
    listing = listing_for(request.access, request.GET)
    # May somebody export, they may in some communities: others' people stay out of the file.
    rows = rows_for(request.access, MEMBERS_EXPORT) if listing.is_exported(request) else rows_for(request.access)
    return listing.respond(request, rows, template="console/members/members.html")


@page(permission=MEMBERS_EDIT, methods=("POST",))
def tag_chosen(request: StaffRequest) -> HttpResponse:
    """Ask which tag to put on the chosen members, then put it on."""
    form = TagForm(request.POST if "tag" in request.POST else None)
    said: list[str] = []

    @transaction.atomic
    def put_on(_told: object) -> None:
        now = clock.now()
        tag = form.chosen(now)
        number = tag_members(chosen_for(request, request.access), tag, at=now, expires_at=form.expires_at)
        said.append(_("给 {count} 位成员打上了“{tag}”。").format(count=number, tag=tag.name))

    if not done(form, put_on):
        return _dialog(request, form, "console:members-tag", _("打标签"), has_tags=True)
    return _done(said[0])


@page(permission=MEMBERS_EDIT, methods=("POST",))
def untag_chosen(request: StaffRequest) -> HttpResponse:
    """Ask which tag to take off the chosen members, then take it off."""
    form = UntagForm(request.POST if "tag" in request.POST else None)
    if not form.is_valid():
        return _dialog(request, form, "console:members-untag", _("去标签"), has_tags=Tag.objects.exists())
    tag: Tag = form.cleaned_data["tag"]
    number = untag_members(chosen_for(request, request.access), tag, at=clock.now())
    return _done(_("从 {count} 位成员去掉了“{tag}”。").format(count=number, tag=tag.name))


@page(permission="")
def search(request: StaffRequest) -> HttpResponse:
    """Find members and communities: a panel for the search box, a page for everybody who pressed Enter."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    access = request.access
    found: dict[str, object] = {"q": text, "members": [], "communities": []}
    if grams(text):
        if access.may(COMMUNITIES_VIEW):
            named = access.communities(COMMUNITIES_VIEW).filter(name__icontains=text)
            found["communities"] = list(named.order_by("archived_at", "name")[:FOUND])
        if access.may(MEMBERS_VIEW):
            condition = queries.named(text, with_contacts=may_search_contacts(access), contact_kinds=CONTACT_KINDS)
            people = access.members(MEMBERS_VIEW).filter(condition)
            found["members"] = list(people.order_by("-activity__last_seen_at", "-pk")[:FOUND])
    is_panel = bool(request.htmx) and "search-panel" in request.headers.get("HX-Target", "")
    return render(request, f"console/members/{'search_panel' if is_panel else 'search'}.html", found)


def _dialog(request: StaffRequest, form: UntagForm, url_name: str, title: str, *, has_tags: bool) -> HttpResponse:
    context = {
        "form": form,
        "url_name": url_name,
        "title": title,
        "carried": MEMBERS.chosen_fields(request),
        "has_tags": has_tags,
    }
    return render(request, "console/members/tag_dialog.html", context, status=422 if form.errors else 200)


def _done(text: str) -> HttpResponse:
    return close_dialog(toast(trigger_client_event(HttpResponse(), "listing:refresh", {}), text))
