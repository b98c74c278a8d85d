"""One page of a list as the templates draw it: rows, heads, chips, and the addresses all of them lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from liuliang.ui import formats
from liuliang.ui.listing import preferences
from liuliang.ui.listing.cells import Cell
from liuliang.ui.listing.columns import Column
from liuliang.ui.listing.filters import Filter
from liuliang.ui.listing.keyset import Order, Slice

if TYPE_CHECKING:
    from liuliang.ui.listing.lists import BulkAction, Empty, Listing

# Parameters of one moment: they are never part of a view or of a filter's address.
_PASSING = ("after", "before", "export", "prefer", "column", "density", "size")


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; ``url`` sorts by it, ``aria_sort`` says that it is."""

    column: Column
    url: str
    aria_sort: str
    arrow: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its key, where it opens, and its drawn cells, each with its classes."""

    key: str
    url: str
    cells: Sequence[tuple[Cell, str]]
    source: Any


@dataclass(frozen=True, slots=True)
class Linked:
    """Something with words and an address: a chip that removes itself, a view, an export."""

    title: str | Promise
    url: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A filter with its value, for its template."""

    filter: Filter
    value: Any


@dataclass
class ListPage:
    """A page of a list. Templates read its properties; nothing here asks the database again."""

    listing: Listing
    path: str
    parameters: QueryDict
    filters: Sequence[Filter]
    values: dict[str, Any]
    sort: str
    order: Order
    slice: Slice
    total: int
    is_more_than_total: bool
    preferences: preferences.Preferences
    bulk: Sequence[BulkAction]
    may_export: bool
    empty: Empty

    @property
    def id(self) -> str:
        """Return the id of the list's element."""
        return f"list-{self.listing.key}"

    @property
    def total_text(self) -> str:
        """Write how many rows match."""
        return f"{formats.exact(self.total)}{'+' if self.is_more_than_total else ''}"

    @property
    def is_filtered(self) -> bool:
        """Tell whether any filter is in force."""
        return bool(self.values)

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing at all, filters or not."""
        return self.total == 0 and not self.is_filtered

    @cached_property
    def columns(self) -> list[Column]:
        """Return the columns that are shown."""
        chosen = self.preferences.columns
        if chosen is None:
            return [column for column in self.listing.columns if column.is_default or column.is_fixed]
        return [column for column in self.listing.columns if column.key in chosen or column.is_fixed]

    @cached_property
    def heads(self) -> list[Head]:
        """Return the heads of the shown columns."""
        return [self._head(column) for column in self.columns]

    def _head(self, column: Column) -> Head:
        if not column.sort:
            return Head(column, "", "", "")
        if self.sort.removeprefix("-") != column.key:
            sort = f"-{column.key}" if column.sorts_down_first else column.key
            return Head(column, self._url(sort=sort), "", "selector")  # icon
        turned = column.key if self.order.is_descending else f"-{column.key}"
        arrow = "chevron-down" if self.order.is_descending else "chevron-up"  # icons
        return Head(column, self._url(sort=turned), "descending" if self.order.is_descending else "ascending", arrow)

    @cached_property
    def rows(self) -> list[Row]:
        """Return the drawn rows."""
        key_of, url_of = attrgetter(self.listing.key_field), self.listing.row_url
        return [
            Row(
                str(key_of(row)),
                url_of(row) if url_of else "",
                [(column.draw(row), column.css) for column in self.columns],
                row,
            )
            for row in self.slice.rows
        ]

    @property
    def width(self) -> int:
        """Count the columns of the table, with those of boxes and actions."""
        return len(self.columns) + bool(self.bulk) + bool(self.listing.row_actions)

    @cached_property
    def chips(self) -> list[Linked]:
        """Return what is filtered, each leading to the list without it."""
        shown = ((one, self.values[one.key]) for one in self.filters if one.key in self.values)
        return [Linked(chip.text, self._without(chip.removes)) for one, value in shown for chip in one.chips(value)]

    def _without(self, removes: Sequence[tuple[str, str]]) -> str:
        query = self._query()
        for name, value in removes:
            left = [one for one in query.getlist(name) if value and one != value]
            if left:
                query.setlist(name, left)
            else:
                query.pop(name, None)
        return self._address(query)

    @property
    def clear_url(self) -> str:
        """Lead to the list without filters."""
        query = self._query()
        for one in self.filters:
            for name in one.parameters():
                query.pop(name, None)
        return self._address(query)

    @cached_property
    def views(self) -> list[Linked]:
        """Return the views that come with the list, the whole list first."""
        if not self.listing.views:
            return []
        here = self._comparable(self._query())
        whole = [(_("全部"), "")] if all(view.query for view in self.listing.views) else []
        titles = whole + [(str(view.title), view.query) for view in self.listing.views]
        return [
            Linked(title, self._view_url(query), self._comparable(QueryDict(query)) == here) for title, query in titles
        ]

    def _view_url(self, query: str) -> str:
        kept = {name for name in self.parameters if name not in self._own_names and name not in _PASSING}
        address = QueryDict(query, mutable=True)
        for name in kept:
            address.setlist(name, self.parameters.getlist(name))
        return self._address(address)

    @cached_property
    def _own_names(self) -> set[str]:
        return {"sort", *(name for one in self.filters for name in one.parameters())}

    def _comparable(self, query: QueryDict) -> dict[str, list[str]]:
        """Return the parameters of this list that say something, to tell whether two addresses are one view."""
        said = {name: sorted(filter(None, query.getlist(name))) for name in query if name in self._own_names}
        default = ("sort", [self.listing.default_sort])
        return {name: values for name, values in said.items() if values and (name, values) != default}

    @property
    def shown_filters(self) -> list[Shown]:
        """Return the filters of the toolbar."""
        return [Shown(one, self.values.get(one.key)) for one in self.filters if one.is_primary]

    @property
    def panel_filters(self) -> list[Shown]:
        """Return the filters of the panel."""
        return [Shown(one, self.values.get(one.key)) for one in self.filters if not one.is_primary]

    @property
    def panel_count(self) -> int:
        """Count the filters of the panel that are in force."""
        return sum(1 for shown in self.panel_filters if shown.value is not None)

    @property
    def hidden_fields(self) -> list[tuple[str, str]]:
        """Return what the form of the filters must carry on: the sort, and whatever else the page has in its address."""
        fields = {one for shown in self.filters for one in shown.parameters()}
        return [(name, value) for name, values in self._query().lists() for value in values if name not in fields]

    @property
    def all_fields(self) -> list[tuple[str, str]]:
        """Return what the form of the display settings must carry on: everything but the page."""
        return [(name, value) for name, values in self._query().lists() for value in values]

    @property
    def query(self) -> str:
        """Return the filters in force as the query of an address: what "all that match" means."""
        names = {name for one in self.filters for name in one.parameters()}
        query = self._query()
        for name in set(query) - names:
            del query[name]
        return query.urlencode()

    @property
    def here_url(self) -> str:
        """Lead to this very page."""
        query = self.parameters.copy()
        for name in _PASSING[2:]:
            query.pop(name, None)
        return self._address(query)

    @property
    def before_url(self) -> str:
        """Lead to the page before; nothing on the first."""
        return self._url(before=self.slice.before.encode(self.order)) if self.slice.before else ""

    @property
    def after_url(self) -> str:
        """Lead to the page after; nothing on the last."""
        return self._url(after=self.slice.after.encode(self.order)) if self.slice.after else ""

    @property
    def exports(self) -> list[Linked]:
        """Lead to the files, with the filters and the sort in force."""
        if not self.may_export:
            return []
        return [
            Linked(_("Excel 表格 (.xlsx)"), self._url(export="xlsx")),
            Linked(_("CSV 文件 (.csv)"), self._url(export="csv")),
        ]

    @property
    def column_choices(self) -> list[tuple[Column, bool]]:
        """Return every column that may be hidden, and whether it is shown."""
        shown = {column.key for column in self.columns}
        return [(column, column.key in shown) for column in self.listing.columns if not column.is_fixed]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the page sizes there are."""
        return preferences.SIZES

    def _query(self) -> QueryDict:
        query = self.parameters.copy()
        for name in _PASSING:
            query.pop(name, None)
        return query

    def _url(self, **changes: str) -> str:
        query = self._query()
        for name, value in changes.items():
            query[name] = value
        return self._address(query)

    def _address(self, query: QueryDict) -> str:
        text = query.urlencode()
        return f"{self.path}?{text}" if text else self.path
