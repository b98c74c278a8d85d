"""What a list is: its declaration, and how it answers a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from tempfile import TemporaryFile
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel import clock
from liuliang.ui import navigation
from liuliang.ui.listing import export, preferences
from liuliang.ui.listing.columns import Column
from liuliang.ui.listing.filters import Filter
from liuliang.ui.listing.keyset import Cursor, Order
from liuliang.ui.listing.pages import ListPage
from liuliang.ui.listing.sources import QuerySetSource, Source

# Counting stops here: beyond, the list says "10,000+".
EXPORTED = audit.action("list.exported", _("导出列表"))

COUNT_LIMIT = 10_000

Rows = QuerySet[Any] | Callable[[Mapping[str, Any]], Source]


@dataclass(frozen=True, slots=True)
class View:
    """A view that comes with the list: a title and the query of its address, such as ``layer=silent&sort=-gmv``."""

    title: str | Promise
    query: str = ""


@dataclass(frozen=True, slots=True)
class BulkAction:
    """Something done to the chosen rows: a POST to ``url_name``, whose view asks ``Listing.chosen`` what was chosen.

    The answer is swapped into the dialog place: a form to fill in (its own post carries the hidden fields of
    ``Listing.chosen_fields``), or nothing, with a toast and the event ``listing:refresh``.
    """

    key: str
    title: str | Promise
    url_name: str
    icon: str = ""
    permission: str = ""
    confirm: str | Promise = ""
    is_danger: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """What the list says when there is nothing in it at all.

    Only who has ``permission`` is offered the button. It leads to ``url``, or opens it as a dialog (``is_dialog``).
    """

    title: str | Promise
    text: str | Promise
    button: str | Promise = ""
    url: str = ""
    picture: str = "list"
    permission: str = ""
    is_dialog: bool = False


@dataclass(frozen=True)
class Listing:
    """A list. Declared once for a page, it holds no state and serves every request.

    ``default_sort`` is the key of a column, with a minus for the largest first. ``tie_breaker`` is a unique field of the
    rows, never null. ``key_field`` is what bulk actions name rows by. ``row_actions`` is a template that draws the links
    of a row's last column and gets ``row``. ``export_name`` (without it there is no export) is the file's name;
    ``export_permission`` who may at all; which rows they may take is the page's to decide (`is_exported`).
    """

    key: str
    title: str | Promise
    columns: Sequence[Column]
    default_sort: str
    filters: Sequence[Filter] = ()
    tie_breaker: str = "pk"
    key_field: str = "pk"
    row_url: Callable[[Any], str] | None = None
    row_actions: str = ""
    views: Sequence[View] = ()
    bulk: Sequence[BulkAction] = ()
    export_name: str | Promise = ""
    export_permission: str = ""
    empty: Empty = field(default_factory=lambda: Empty(_("这里还没有内容"), _("有了内容，它们会列在这里。")))

    def respond(
        self, request: HttpRequest, rows: Rows, *, template: str, context: Mapping[str, Any] | None = None
    ) -> HttpResponseBase:
        """Answer a GET: the page, the part of it that htmx asks for, or the file of an export.

        ``rows`` is a queryset, or a function that takes the values of the filters by key and returns a `Source`. The
        template gets the list as ``listing``.
        """
        bound = [one.for_request(request) for one in self.filters]
        parameters = request.GET
        if self.is_exported(request):
            return self._export(request, bound, rows)
        chosen = preferences.read_choice(parameters)
        page = self._page(request, bound, rows, chosen or preferences.read(request, self.key))
        part = self._part(request)
        response = render(request, part or template, {**(context or {}), "listing": page})
        if chosen is not None:
            preferences.keep(response, request, self.key, chosen)
        return _of_many_answers(response)

    def begin(
        self, request: HttpRequest, *, template: str, context: Mapping[str, Any] | None = None
    ) -> HttpResponseBase | None:
        """Answer with the page around the list, of which ``{% listing_later listing %}`` asks for the list once it is shown.

        For lists that take long to put together, on pages that need not wait for them. None when the list itself, a part of
        it or its file is asked for: `respond` is what answers then.
        """
        if self._part(request) or self.is_exported(request):
            return None
        return _of_many_answers(render(request, template, {**(context or {}), "listing": self}))

    def chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of ``queryset`` a bulk action's POST has chosen: those named, or all that match the filters."""
        if "all" in request.POST:
            bound = [one.for_request(request) for one in self.filters]
            return self._narrowed(bound, queryset, self._values(bound, QueryDict(request.POST["all"])))
        keys = [key for key in request.POST.getlist("row") if key and "\0" not in key]
        try:
            return queryset.filter(**{f"{self.key_field}__in": keys})
        except (ValueError, TypeError):
            return queryset.none()

    @staticmethod
    def chosen_fields(request: HttpRequest) -> list[tuple[str, str]]:
        """Return the hidden fields (name and value) that carry the choice on to the form of a bulk action's dialog."""
        if "all" in request.POST:
            return [("all", request.POST["all"])]
        return [("row", key) for key in request.POST.getlist("row")]

    def may_export(self, request: HttpRequest) -> bool:
        """Tell whether this person may take the list away as a file."""
        return bool(self.export_name) and _may(request, self.export_permission)

    def is_exported(self, request: HttpRequest) -> bool:
        """Tell whether the answer will be the file. The page then gives only the rows that may go into it."""
        return "export" in request.GET and self.may_export(request)

    def _page(
        self, request: HttpRequest, bound: Sequence[Filter], rows: Rows, liked: preferences.Preferences
    ) -> ListPage:
        values = self._values(bound, request.GET)
        source = self._source(bound, rows, values)
        sort, order = self._order(request.GET)
        place = _cursor(request.GET, order)
        total = source.count(COUNT_LIMIT + 1)
        return ListPage(
            listing=self,
            path=request.path,
            parameters=request.GET,
            filters=bound,
            values=values,
            sort=sort,
            order=order,
            slice=source.page(order, place, liked.size),
            total=min(total, COUNT_LIMIT),
            is_more_than_total=total > COUNT_LIMIT,
            preferences=liked,
            bulk=[action for action in self.bulk if _may(request, action.permission)],
            may_export=self.may_export(request),
            empty=self.empty if _may(request, self.empty.permission) else replace(self.empty, button=""),
        )

    def _part(self, request: HttpRequest) -> str:
        """Name the template of the part that htmx asks for; none for a whole page."""
        if request.headers.get("HX-Request") != "true":
            return ""
        target = request.headers.get("HX-Target", "")
        parts = {
            f"div#list-{self.key}-results": "ui/listing/results.html",
            f"div#list-{self.key}-frame": "ui/listing/frame.html",
            f"section#list-{self.key}": "ui/listing/listing.html",
        }
        return parts.get(target, "")

    def _values(self, bound: Sequence[Filter], parameters: QueryDict) -> dict[str, Any]:
        read = ((one.key, one.read(parameters)) for one in bound)
        return {key: value for key, value in read if value is not None}

    def _narrowed(self, bound: Sequence[Filter], queryset: QuerySet[Any], values: Mapping[str, Any]) -> QuerySet[Any]:
        for one in bound:
            if one.key in values:
                queryset = one.apply(queryset, values[one.key])
        return queryset

    def _source(self, bound: Sequence[Filter], rows: Rows, values: Mapping[str, Any]) -> Source:
        if isinstance(rows, QuerySet):
            return QuerySetSource(self._narrowed(bound, rows, values))
        return rows(values)

    def _order(self, parameters: QueryDict) -> tuple[str, Order]:
        """Return the sort in force, as the address writes it, and the order it means."""
        sortable = {column.key: column for column in self.columns if column.sort}
        asked = parameters.get("sort", "")
        sort = asked if asked.removeprefix("-") in sortable else self.default_sort
        column = sortable[sort.removeprefix("-")]
        return sort, Order(column.sort, sort.startswith("-"), self.tie_breaker)

    def _export(self, request: HttpRequest, bound: Sequence[Filter], rows: Rows) -> HttpResponseBase:
        values = self._values(bound, request.GET)
        source = self._source(bound, rows, values)
        self._note_export(source)
        _sort, order = self._order(request.GET)
        columns = [column for column in self.columns if column.is_exported]
        name = f"{self.export_name}-{timezone.localtime(clock.now()):%Y%m%d}"
        if request.GET["export"] == "csv":
            lines = export.csv_lines(columns, source.stream(order))
            response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
            disposition = content_disposition_header(as_attachment=True, filename=f"{name}.csv")
            response.headers["Content-Disposition"] = disposition or "attachment"
            return response
        file = TemporaryFile()  # noqa: SIM115 - the answer closes what it sends
        try:
            export.write_xlsx(file, columns, source.stream(order), str(self.title))
        except BaseException:
            file.close()
            raise
        return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx")

    def _note_export(self, source: Source) -> None:
        """Note who takes which list away, and how long it is. What was searched for stays out: it may be somebody's name."""
        staff = audit.actor().staff
        if staff is None:
            return
        size = source.count(COUNT_LIMIT + 1)
        told = {
            "list": (None, str(self.export_name)),
            "rows": (None, f"{COUNT_LIMIT}+" if size > COUNT_LIMIT else size),
        }
        with transaction.atomic():
            audit.record(EXPORTED, staff, changes=told)


def _of_many_answers(response: HttpResponse) -> HttpResponse:
    """Mark the answer of an address that has several: a browser that goes back must not be shown a part as the page."""
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    response["Cache-Control"] = "no-store"
    return response


def _may(request: HttpRequest, permission: str) -> bool:
    return not permission or navigation.installed().may(request, permission)


def _cursor(parameters: QueryDict, order: Order) -> Cursor | None:
    before, after = (parameters.getlist(name)[-1:] for name in ("before", "after"))
    if before:
        return Cursor.decode(before[0], order, is_backward=True)
    return Cursor.decode(after[0], order) if after else None
