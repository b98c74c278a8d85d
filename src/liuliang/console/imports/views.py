"""The pages of imports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import trigger_client_event

from liuliang.accounts.permissions import IMPORTS_RUN
from liuliang.console.bodies import form_limit
from liuliang.console.dialogs import INVALID, done
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.imports.cards import card_of
from liuliang.console.imports.forms import SourceForm, StartForm
from liuliang.console.imports.refusals import REASONS
from liuliang.importers import jobs, services
from liuliang.importers.base import Inspection, sources
from liuliang.importers.models import Import
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, Text, cells
from liuliang.ui.templatetags.ui import tag

AT_ONCE = 32 * 1024 * 1024
"""Bytes up to which a file is recognised while the person waits; larger ones are recognised by the worker."""

SHOWN_PROBLEMS = 50

NAMED = 2
"""Groups of one file that the list names."""

STATES = {
    "uploaded": (gettext_lazy("正在识别"), "act"),
    "ready": (gettext_lazy("等你确认"), "warn"),
    "queued": (gettext_lazy("排队中"), "act"),
    "running": (gettext_lazy("导入中"), "act"),
    "done": (gettext_lazy("已完成"), "good"),
    "failed": (gettext_lazy("失败"), "bad"),
    "cancelled": (gettext_lazy("已取消"), ""),
}


@finds("given")
def find_import(access: Access, permission: str, value: str) -> Import | None:
    """Return the import with this public id if the person may see it."""
    return _visible(access, permission).filter(public_id=value).first()


def _visible(access: Access, permission: str) -> QuerySet[Import]:
    """Return one's own imports, and those into communities where the permission holds."""
    rows = Import.objects.select_related("community", "staff")
    ids = access.community_ids(permission)
    return rows if ids is None else rows.filter(Q(staff=access.staff) | Q(community__in=ids))


def _state(row: Import) -> cells.Cell:
    title, tone = STATES[row.state]
    return tag(title, tone)


def _brought(row: Import) -> cells.Cell:
    if not row.counts:
        return "–"
    added, known = row.counts.get("added", 0), row.counts.get("known", 0)
    return format_html("{}", _("新增 {added:,}，已有 {known:,}").format(added=added, known=known))


def _place(row: Import) -> str:
    """Return the community that was chosen, else the groups that the file itself names: an import finds theirs."""
    if row.community is not None:
        return row.community.name
    chats = msgspec.convert(row.inspection, Inspection).chats if row.inspection else ()
    titles = [chat.title for chat in chats if chat.is_group and chat.title]
    return formats.listed(titles[:NAMED]) + ("…" if len(titles) > NAMED else "")


def _source(row: Import) -> str:
    source = sources().get(row.source)
    return str(source.title) if source else ""


HISTORY = Listing(
    key="imports",
    title=gettext_lazy("导入记录"),
    columns=(
        Column("file_name", gettext_lazy("文件"), sort="file_name", is_fixed=True, space="clipped"),
        Column("state", gettext_lazy("状态"), value=lambda row: str(STATES[row.state][0]), cell=_state),
        Column("source", gettext_lazy("格式"), value=_source, space="clipped"),
        Column("community", gettext_lazy("社群"), value=_place, space="clipped"),
        Column(
            "counts", gettext_lazy("带来了"), value=lambda row: row.counts.get("added", 0), cell=_brought, align="end"
        ),
        Column("unreadable", gettext_lazy("要看一看"), sort="unreadable", show=cells.count, align="end"),
        Column("staff", gettext_lazy("谁导入的"), value=lambda row: row.staff.name if row.staff else ""),
        Column("created_at", gettext_lazy("时间"), sort="created_at", show=cells.ago),
    ),
    default_sort="-created_at",
    filters=(
        Text("q", gettext_lazy("文件名"), fields=("file_name",)),
        Choice("state", gettext_lazy("状态"), options=[Option(key, title) for key, (title, _tone) in STATES.items()]),
    ),
    row_url=lambda row: reverse("console:import", args=[row.public_id]),
    export_name=gettext_lazy("导入记录"),
    empty=Empty(
        gettext_lazy("还没有导入过"),
        gettext_lazy("把聊天记录、成员名单、订单或推荐意愿评分拖到上面，每次导入都会记在这里。"),
    ),
)


@page(permission=IMPORTS_RUN)
def imports(request: StaffRequest) -> HttpResponseBase:
    """Show the place to drop files, and what was imported before."""
    rows = _visible(request.access, IMPORTS_RUN)
    context = {"formats": sorted(str(source.title) for source in sources()), "plain_limit": form_limit()}
    return HISTORY.respond(request, rows, template="console/imports/page.html", context=context)


@page(permission=IMPORTS_RUN, methods=("POST",))
def upload(request: StaffRequest) -> HttpResponseBase:
    """Take files in and answer with their cards; without a script, go to the page of the last one."""
    rows: list[Import] = []
    for file in request.FILES.getlist("file"):
        row = services.receive(file, file.name or "", staff=request.user)
        if row.size <= AT_ONCE:
            services.examine(row)
        else:
            jobs.examine_import.defer(import_id=row.pk)
        rows.append(row)
    if not rows:
        raise Refused("import.file_empty", name="")
    if not request.htmx and not request.headers.get("HX-Request"):
        return redirect("console:import", rows[-1].public_id)
    return render(request, "console/imports/card.html", _card(request, rows[0]))


@page(permission=IMPORTS_RUN)
def card(request: StaffRequest, given: Import) -> HttpResponse:
    """Draw the card anew."""
    response = render(request, "console/imports/card.html", _card(request, given))
    if given.state in {"done", "failed", "cancelled"}:
        # The history below the cards shows the same import; the page of the import itself has other things to say now.
        trigger_client_event(response, "listing:refresh", {})
        if request.GET.get("on") == "page":
            response["HX-Refresh"] = "true"
    return response


@page(permission=IMPORTS_RUN)
def show(request: StaffRequest, given: Import) -> HttpResponse:
    """Show one import: what it is, what may be corrected, what could not be read."""
    return render(request, "console/imports/import.html", _page(request, given))


@page(permission=IMPORTS_RUN, methods=("POST",))
def examine(request: StaffRequest, given: Import) -> HttpResponse:
    """Read the beginning again, in the format and encoding that the person names."""
    form = SourceForm(request.POST)
    if given.state not in {"ready", "failed"} or not given.path or not form.is_valid():
        raise Refused("import.not_ready", state=given.state)
    services.examine(given, source=form.cleaned_data["source"], encoding=form.cleaned_data["encoding"])
    return redirect("console:import", given.public_id)


@page(permission=IMPORTS_RUN, methods=("POST",))
def start(request: StaffRequest, given: Import) -> HttpResponse:
    """Start the import with what was corrected, or as recognised when asked from the card."""
    if given.state != "ready":
        raise Refused("import.not_ready", state=given.state)
    if request.POST.get("as") == "recognised":
        if not _may_create(request):
            raise Refused("import.no_community")
        jobs.start(given)
        given.refresh_from_db()
        return render(request, "console/imports/card.html", _card(request, given))
    form = _start_form(request, given, bound=True)

    def effect(told: Mapping[str, Any]) -> None:
        jobs.start(
            given,
            community=told["community"],
            timezone=told["timezone"],
            options=form.options(),
            is_sure=told.get("is_sure", False),
        )

    if not done(form, effect):
        return render(request, "console/imports/import.html", _page(request, given, form), status=INVALID)
    return redirect("console:import", given.public_id)


@page(permission=IMPORTS_RUN, methods=("POST",))
def cancel(request: StaffRequest, given: Import) -> HttpResponse:
    """Stop the import; what is in the log stays."""
    services.cancel(given)
    return redirect("console:import", given.public_id)


def _may_create(request: StaffRequest) -> bool:
    """Tell whether an import may find or make its own community: only for those who see all of them."""
    return request.access.community_ids(IMPORTS_RUN) is None


def _card(request: StaffRequest, row: Import) -> dict[str, object]:
    return {"card": card_of(row), "may_create": _may_create(request)}


def _start_form(request: StaffRequest, row: Import, *, bound: bool = False) -> StartForm:
    communities = request.access.communities(IMPORTS_RUN).filter(archived_at=None).order_by("name")
    return StartForm(row, communities, may_create=_may_create(request), data=request.POST if bound else None)


def _page(request: StaffRequest, row: Import, form: StartForm | None = None) -> dict[str, object]:
    context = _card(request, row)
    if row.state == "ready":
        context["start_form"] = form or _start_form(request, row)
    if row.state in {"ready", "failed"} and row.path:
        initial = {"source": row.source, "encoding": row.inspection.get("encoding", "")}
        context["source_form"] = SourceForm(initial=initial)
    context["problems"] = [
        (each, REASONS.get(each.reason, each.reason)) for each in row.problems.order_by("line", "id")[:SHOWN_PROBLEMS]
    ]
    return context
