"""Columns of a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from django.template.loader import render_to_string
from django.utils.functional import Promise

from liuliang.ui.listing import cells


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    ``value`` is a function of the row or a dotted attribute path (by default the key); it is what the export writes, but for a
    state, of which it writes the words.
    The cell is drawn by ``cell`` from the row, by ``template`` (which gets ``row`` and ``value``), or by ``show`` from the
    value, the first of these that is given. ``sort`` is the expression rows are ordered by (a field path or an annotation
    of the queryset; for a `ListSource` an attribute path); without it the column cannot be sorted. Numbers stand at the
    end and are sorted from the largest first.
    """

    key: str
    title: str | Promise
    value: Callable[[Any], Any] | str = ""
    show: Callable[[Any], cells.Cell] = cells.text
    cell: Callable[[Any], cells.Cell] | None = None
    template: str = ""
    sort: str = ""
    align: Literal["start", "end", "center"] = "start"
    is_default: bool = True
    is_fixed: bool = False
    space: Literal["", "wrapping", "clipped"] = ""
    hint: str | Promise = ""
    is_exported: bool = True

    @property
    def css(self) -> str:
        """Return the classes of the column's cells."""
        classes = [f"is-{self.align}"] if self.align != "start" else []
        if self.is_fixed:
            classes.append("is-fixed")
        if self.space:
            classes.append(f"is-{self.space}")
        return " ".join(classes)

    @property
    def sorts_down_first(self) -> bool:
        """Tell whether the first click sorts from the largest."""
        return self.align == "end"

    def value_of(self, row: Any) -> Any:
        """Return the plain value of a row in this column."""
        if callable(self.value):
            return self.value(row)
        return attrgetter(self.value or self.key)(row)

    def exported(self, row: Any) -> Any:
        """Return what a file holds of a row in this column: the value, and of a state its words."""
        value = self.value_of(row)
        return self.show.words(value) if isinstance(self.show, cells.state) else value

    def draw(self, row: Any) -> cells.Cell:
        """Draw the cell of a row."""
        if self.cell is not None:
            return self.cell(row)
        if self.template:
            return render_to_string(self.template, {"row": row, "value": self.value_of(row)})
        return self.show(self.value_of(row))
