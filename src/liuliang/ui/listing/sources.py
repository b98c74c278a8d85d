"""Where the rows of a list come from: a queryset, a list in memory, or anything that can walk in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, Protocol

from django.db.models import QuerySet

from liuliang.ui.listing import keyset
from liuliang.ui.listing.keyset import Cursor, Order, Slice


class Source(Protocol):
    """Rows, already filtered. Implement it to list what is not in PostgreSQL."""

    def page(self, order: Order, cursor: Cursor | None, size: int) -> Slice:
        """Return the page at the cursor."""
        ...

    def count(self, limit: int) -> int:
        """Count the rows, but not beyond ``limit``."""
        ...

    def stream(self, order: Order) -> Iterator[Any]:
        """Give every row in order, without holding them."""
        ...


class QuerySetSource:
    """The rows of a queryset."""

    def __init__(self, queryset: QuerySet[Any]) -> None:
        self._queryset = queryset

    def page(self, order: Order, cursor: Cursor | None, size: int) -> Slice:
        """Return the page at the cursor."""
        return keyset.fetch(self._queryset, order, cursor, size)

    def count(self, limit: int) -> int:
        """Count the rows, but not beyond ``limit``."""
        return self._queryset.order_by()[:limit].count()

    def stream(self, order: Order) -> Iterator[Any]:
        """Give every row through a cursor of the server."""
        return keyset.ordered(self._queryset, order).iterator(chunk_size=2_000)


class ListSource:
    """Rows that are in memory already, such as a few hundred communities with their numbers."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def page(self, order: Order, cursor: Cursor | None, size: int) -> Slice:
        """Return the page at the cursor."""
        rows = self._ordered(order)
        start = 0
        if cursor is not None:
            key_of = attrgetter(order.tie_breaker)
            at = next((index for index, row in enumerate(rows) if str(key_of(row)) == str(cursor.key)), None)
            if at is not None:
                start = max(0, at - size) if cursor.is_backward else at + 1
        chosen = rows[start : start + size]
        if not chosen:
            return Slice([])
        return Slice(
            chosen,
            before=self._cursor(chosen[0], order, is_backward=True) if start > 0 else None,
            after=self._cursor(chosen[-1], order, is_backward=False) if start + size < len(rows) else None,
        )

    def count(self, limit: int) -> int:
        """Count the rows, but not beyond ``limit``."""
        return min(limit, len(self._rows))

    def stream(self, order: Order) -> Iterator[Any]:
        """Give every row in order."""
        return iter(self._ordered(order))

    def _ordered(self, order: Order) -> list[Any]:
        value_of, key_of = attrgetter(order.expression), attrgetter(order.tie_breaker)
        known = [row for row in self._rows if value_of(row) is not None]
        unknown = [row for row in self._rows if value_of(row) is None]
        known.sort(key=lambda row: (value_of(row), key_of(row)), reverse=order.is_descending)
        unknown.sort(key=key_of, reverse=order.is_descending)
        return known + unknown

    @staticmethod
    def _cursor(row: Any, order: Order, *, is_backward: bool) -> Cursor:
        # The tie-breaker alone finds the row again; the value would not survive every type of memory.
        return Cursor(None, str(attrgetter(order.tie_breaker)(row)), is_backward)
