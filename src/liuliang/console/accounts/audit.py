"""The audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import AuditEntry, Staff
from liuliang.accounts.permissions import AUDIT_VIEW
from liuliang.console import history
from liuliang.console.doors import StaffRequest, access_of, page
from liuliang.people.access import Access
from liuliang.ui.listing import (
    Choice,
    Column,
    Cursor,
    DateRange,
    Empty,
    Listing,
    Option,
    Order,
    QuerySetSource,
    Slice,
    Text,
    cells,
)


def _linked(target: history.Target) -> SafeString:
    if not target.url:
        return format_html("{}", target.name or "–")
    return format_html('<a href="{}">{}</a>', target.url, target.name)


def _changes(line: history.Line) -> SafeString:
    return format_html_join("", "<div>{}</div>", ((change,) for change in line.changes))


def _action_options(_request: object) -> list[Option]:
    return [Option(action.key, action.title) for action in audit.ACTIONS.values()]


def _staff_options(request: HttpRequest) -> list[Option]:
    """Offer those whose names stand in the entries that the reader sees."""
    access = access_of(request)
    return [Option(str(pk), name) for pk, name in _who_acted(access).values_list("pk", "name")] if access else []


AUDIT = Listing(
    key="audit",
    title=_("操作日志"),
    columns=(
        Column("at", _("时间"), show=cells.instant, sort="at", is_fixed=True),
        Column("who", _("员工")),
        Column("did", _("操作")),
        Column("target", _("对象"), value=lambda line: line.target.name, cell=lambda line: _linked(line.target)),
        Column("place", _("社群"), value=lambda line: line.place.name, cell=lambda line: _linked(line.place)),
        Column("changes", _("改动"), value=lambda line: line.text, cell=_changes, space="wrapping"),
        Column("address", _("IP 地址"), is_default=False),
    ),
    filters=(
        Text("q", _("搜索对象"), fields=("target_name",)),
        Choice("action", _("操作"), options=_action_options),
        Choice(
            "staff",
            _("员工"),
            options=_staff_options,
        ),
        DateRange("at", _("时间")),
    ),
    default_sort="-at",
    export_name=_("操作日志"),
    empty=Empty(_("还没有操作"), _("谁在什么时候改了什么，都会记在这里，不能修改也不能删除。")),
)


class _Lines(QuerySetSource):
    """Entries in words; names are looked up a page at a time."""

    def __init__(self, queryset: QuerySet[AuditEntry], access: Access) -> None:
        super().__init__(queryset)
        self._access = access

    def page(self, order: Order, cursor: Cursor | None, size: int) -> Slice:
        """Return the page at the cursor."""
        found = super().page(order, cursor, size)
        return Slice(list(history.lines(found.rows, self._access)), found.before, found.after)

    def stream(self, order: Order) -> Iterator[Any]:
        """Give every line in order."""
        entries = super().stream(order)
        while some := list(islice(entries, 500)):
            yield from history.lines(some, self._access)


@page(permission=AUDIT_VIEW)
def audit_log(request: StaffRequest) -> HttpResponseBase:
    """List what was changed, by whom, when."""
    access = request.access
    entries = access.audit_entries(AUDIT_VIEW).select_related("staff")

    def rows(values: Mapping[str, Any]) -> _Lines:
        narrowed = entries
        for one in AUDIT.filters:
            if one.key in values:
                narrowed = one.apply(narrowed, values[one.key])
        return _Lines(narrowed, access)

    return AUDIT.respond(request, rows, template="console/accounts/audit.html")


def _who_acted(access: Access) -> QuerySet[Staff]:
    acted = access.audit_entries(AUDIT_VIEW).filter(staff__isnull=False).values("staff")
    return Staff.objects.filter(pk__in=acted).order_by("name")
