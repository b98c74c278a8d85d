"""Keyset pagination: a page is found by the last row of the page before it, never by counting rows.

The order is (value, tie-breaker), nulls last whichever way, so every sort is total and stable. A page that must cross into
the nulls asks two queries; each of them walks an index on (value, tie-breaker) from one end, however far the page is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import BooleanField, F, Field, Func, QuerySet, Value

_SORT = "keyset_value"
_signer = Signer(salt="liuliang.ui.listing")


@dataclass(frozen=True, slots=True)
class Order:
    """What rows are ordered by. ``tie_breaker`` is unique and never null; it follows the direction."""

    expression: str
    is_descending: bool = False
    tie_breaker: str = "pk"

    @property
    def name(self) -> str:
        """Name the order, so that a cursor of another one is not taken for one of this."""
        return f"{'-' if self.is_descending else ''}{self.expression}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between rows: just after (or, looking backward, just before) the row with this value and tie-breaker."""

    value: Any
    key: Any
    is_backward: bool = False

    def encode(self, order: Order) -> str:
        """Write the cursor for an address. It is signed: an address cannot be bent into a query nobody meant."""
        return _signer.sign_object([order.name, _plain(self.value), _plain(self.key)])

    @classmethod
    def decode(cls, text: str, order: Order, *, is_backward: bool = False) -> Cursor | None:
        """Read a cursor from an address; None when it is not one of this order."""
        try:
            name, value, key = _signer.unsign_object(text)
        except (BadSignature, ValueError, TypeError):
            return None
        return cls(value, key, is_backward) if name == order.name else None


@dataclass(frozen=True, slots=True)
class Slice:
    """A page's rows, and the cursors of the pages beside it (None where there is none)."""

    rows: list[Any]
    before: Cursor | None = None
    after: Cursor | None = None


class _Beyond(Func):
    """(a, b) > (x, y): a comparison of rows, which PostgreSQL answers from an index on (a, b) even among many equals."""

    output_field = BooleanField()
    arity = 4

    def __init__(self, *expressions: Any, sign: str) -> None:
        super().__init__(*expressions)
        self.sign = sign

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Compile the comparison."""
        del connection, extra
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        (a, _a), (b, _b), (x, _x), (y, _y) = parts
        return f"({a}, {b}) {self.sign} ({x}, {y})", [value for _sql, values in parts for value in values]


def fetch(queryset: QuerySet[Any], order: Order, cursor: Cursor | None, size: int) -> Slice:
    """Return the page of ``size`` rows at the cursor. The queryset's own order is replaced."""
    queryset = queryset.annotate(**{_SORT: F(order.expression)})
    place = _typed(cursor, queryset, order)
    rows = _rows(queryset, order, place, size + 1)
    is_backward = place is not None and place.is_backward
    if is_backward and len(rows) < size:
        # The first page is always a full one: start over rather than show the few rows before the cursor.
        return fetch(queryset, order, None, size)
    has_more = len(rows) > size
    rows = rows[:size]
    if is_backward:
        rows.reverse()
    if not rows:
        return Slice([])
    has_before = has_more if is_backward else place is not None
    has_after = place is not None if is_backward else has_more
    return Slice(
        rows,
        before=_cursor(rows[0], order, is_backward=True) if has_before else None,
        after=_cursor(rows[-1], order, is_backward=False) if has_after else None,
    )


def ordered(queryset: QuerySet[Any], order: Order) -> QuerySet[Any]:
    """Return the whole queryset in this order, for an export."""
    value = F(order.expression)
    first = value.desc(nulls_last=True) if order.is_descending else value.asc(nulls_last=True)
    return queryset.order_by(first, f"{'-' if order.is_descending else ''}{order.tie_breaker}")


def _rows(queryset: QuerySet[Any], order: Order, place: Cursor | None, limit: int) -> list[Any]:
    """Walk from the place over the rows with a value and those without, in the order of the walk."""
    is_backward = place is not None and place.is_backward
    stretches = [False, True] if _may_be_null(queryset, order.expression) else [False]
    if is_backward:
        stretches.reverse()
    starts_in_nulls = place is not None and place.value is None
    if place is not None and starts_in_nulls in stretches:
        stretches = stretches[stretches.index(starts_in_nulls) :]
    rows: list[Any] = []
    for position, nulls in enumerate(stretches):
        if len(rows) < limit:
            rows += _stretch(queryset, order, place if position == 0 else None, is_backward, nulls)[: limit - len(rows)]
    return rows


def _stretch(
    queryset: QuerySet[Any], order: Order, place: Cursor | None, is_backward: bool, nulls: bool
) -> QuerySet[Any]:
    """Return the rows on one side of the place, all with a value or all without, in the order of the walk."""
    is_descending = order.is_descending != is_backward
    sign, minus = ("<", "-") if is_descending else (">", "")
    if nulls:
        part = queryset.filter(**{f"{order.expression}__isnull": True}).order_by(f"{minus}{order.tie_breaker}")
        lookup = "lt" if is_descending else "gt"
        return part if place is None else part.filter(**{f"{order.tie_breaker}__{lookup}": place.key})
    part = queryset.order_by(f"{minus}{order.expression}", f"{minus}{order.tie_breaker}")
    if _may_be_null(queryset, order.expression):
        part = part.filter(**{f"{order.expression}__isnull": False})
    if place is None:
        return part
    fields = _output_field(queryset), _key_field(queryset, order)
    values = Value(place.value, output_field=fields[0]), Value(place.key, output_field=fields[1])
    return part.filter(_Beyond(F(order.expression), F(order.tie_breaker), *values, sign=sign))


def _cursor(row: Any, order: Order, *, is_backward: bool) -> Cursor:
    return Cursor(getattr(row, _SORT), getattr(row, order.tie_breaker), is_backward)


def _typed(cursor: Cursor | None, queryset: QuerySet[Any], order: Order) -> Cursor | None:
    """Give a cursor from an address the types of the columns; None when the columns have changed since."""
    if cursor is None:
        return None
    try:
        value = None if cursor.value is None else _output_field(queryset).to_python(cursor.value)
        key = _key_field(queryset, order).to_python(cursor.key)
    except ValidationError:
        return None
    return Cursor(value, key, cursor.is_backward)


def _output_field(queryset: QuerySet[Any]) -> Field[Any, Any]:
    field: Field[Any, Any] = queryset.query.annotations[_SORT].output_field
    return field


def _key_field(queryset: QuerySet[Any], order: Order) -> Field[Any, Any]:
    meta = queryset.model._meta  # noqa: SLF001 - Django's documented model API
    field: Field[Any, Any] = meta.pk if order.tie_breaker == "pk" else meta.get_field(order.tie_breaker)
    return field


def _may_be_null(queryset: QuerySet[Any], expression: str) -> bool:
    """Tell whether the expression may be null; what is not a plain field of the model may."""
    if expression == "pk":
        return False
    try:
        return bool(queryset.model._meta.get_field(expression).null)  # noqa: SLF001 - Django's documented model API
    except FieldDoesNotExist:
        return True


def _plain(value: Any) -> Any:
    """Write a value as JSON can, losing nothing: `Field.to_python` reads it back."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta | Decimal | UUID):
        return str(value)
    return value
