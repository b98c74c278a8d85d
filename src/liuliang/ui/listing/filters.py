"""Filters of a list. Each reads its value from the address, narrows a queryset, and says in words what it does."""

from __future__ import annotations

import operator
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import Any, ClassVar

from django.db.models import DateTimeField, Field, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from liuliang.ui import formats

Narrow = Callable[[QuerySet[Any], Any], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Option:
    """A choice: its value in the address and its words."""

    value: str
    title: str | Promise


Options = Sequence[Option] | Callable[[HttpRequest], Sequence[Option]]


@dataclass(frozen=True, slots=True)
class Chip:
    """What is filtered, in words, and the parameters that go when the chip is removed: a name, and the value or ''."""

    text: str
    removes: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Filter(ABC):
    """What all filters have: a key in the address and a title.

    ``is_primary`` puts the filter into the toolbar instead of the panel. ``narrow`` replaces what the filter does by
    itself to a queryset.
    """

    template: ClassVar[str]

    key: str
    title: str | Promise
    _: KW_ONLY
    is_primary: bool = False
    narrow: Narrow | None = None

    @abstractmethod
    def read(self, parameters: QueryDict) -> Any:
        """Return the value in the address, or None; what cannot be understood is None."""

    @abstractmethod
    def chips(self, value: Any) -> list[Chip]:
        """Say what the value does."""

    @abstractmethod
    def default_narrow(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """Narrow the queryset to the value."""

    def apply(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """Narrow the queryset, the page's own way if it has one."""
        return self.narrow(queryset, value) if self.narrow else self.default_narrow(queryset, value)

    def parameters(self) -> tuple[str, ...]:
        """Name the parameters the filter uses in the address."""
        return (self.key,)

    def for_request(self, request: HttpRequest) -> Filter:
        """Return the filter with what depends on who asks filled in."""
        del request
        return self


@dataclass(frozen=True)
class Text(Filter):
    """Text that is contained in any of the fields, whatever its case."""

    template: ClassVar[str] = "ui/listing/text.html"

    _: KW_ONLY
    fields: Sequence[str] = ()
    is_primary: bool = True

    def read(self, parameters: QueryDict) -> str | None:
        """Return the text, normalised and without NUL, which PostgreSQL has no place for."""
        text = unicodedata.normalize("NFC", parameters.get(self.key, "").replace("\0", "")).strip()
        return text[:200] or None

    def chips(self, value: str) -> list[Chip]:
        """Quote the text."""
        return [Chip(f"{self.title}: {value}", [(self.key, "")])]

    def default_narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Look into every field."""
        return queryset.filter(reduce(operator.or_, (Q(**{f"{field}__icontains": value}) for field in self.fields)))


@dataclass(frozen=True)
class MultiChoice(Filter):
    """Any of several choices."""

    template: ClassVar[str] = "ui/listing/multi_choice.html"

    _: KW_ONLY
    options: Options
    field: str = ""

    def for_request(self, request: HttpRequest) -> Filter:
        """Ask for the choices once a request."""
        return replace(self, options=self.options(request)) if callable(self.options) else self

    @property
    def known(self) -> dict[str, str]:
        """Return the words of each value; only for a filter that has its choices."""
        if callable(self.options):
            msg = f"the choices of the filter {self.key!r} depend on the request: use for_request"
            raise TypeError(msg)
        return {option.value: str(option.title) for option in self.options}

    def read(self, parameters: QueryDict) -> tuple[str, ...] | None:
        """Return the chosen values that are known."""
        return tuple(value for value in dict.fromkeys(parameters.getlist(self.key)) if value in self.known) or None

    def chips(self, value: tuple[str, ...]) -> list[Chip]:
        """Say each choice by itself."""
        return [Chip(f"{self.title}: {self.known[one]}", [(self.key, one)]) for one in value]

    def default_narrow(self, queryset: QuerySet[Any], value: tuple[str, ...]) -> QuerySet[Any]:
        """Keep rows whose field is one of the values."""
        return queryset.filter(**{f"{self.field or self.key}__in": value})


@dataclass(frozen=True)
class Choice(MultiChoice):
    """One of several choices. Its value is a text, not a tuple."""

    template: ClassVar[str] = "ui/listing/choice.html"

    def read(self, parameters: QueryDict) -> Any:
        """Return the last known value."""
        values = super().read(parameters)
        return values[-1] if values else None

    def chips(self, value: Any) -> list[Chip]:
        """Say the choice."""
        return super().chips((value,))

    def default_narrow(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """Keep rows with the value."""
        return queryset.filter(**{self.field or self.key: value})


@dataclass(frozen=True)
class Boolean(Filter):
    """Yes or no."""

    template: ClassVar[str] = "ui/listing/boolean.html"

    _: KW_ONLY
    field: str = ""
    yes: str | Promise = ""
    no: str | Promise = ""

    def read(self, parameters: QueryDict) -> bool | None:
        """Return the truth."""
        return {"1": True, "0": False}.get(parameters.get(self.key, ""))

    def chips(self, value: bool) -> list[Chip]:
        """Say the truth."""
        words = (self.yes or _("是")) if value else (self.no or _("否"))
        return [Chip(f"{self.title}: {words}", [(self.key, "1" if value else "0")])]

    def default_narrow(self, queryset: QuerySet[Any], value: bool) -> QuerySet[Any]:
        """Keep rows with the truth."""
        return queryset.filter(**{self.field or self.key: value})


@dataclass(frozen=True, slots=True)
class Range:
    """From and to, both included; None is open."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True)
class _RangeFilter(Filter):
    """What ranges have in common: two parameters and one chip."""

    _: KW_ONLY
    field: str = ""

    def parameters(self) -> tuple[str, ...]:
        """Name both ends."""
        return (f"{self.key}_from", f"{self.key}_to")

    def read(self, parameters: QueryDict) -> Range | None:
        """Return the range; an end that cannot be understood is open."""
        low, high = (self.parse(parameters.get(name, "").strip()) for name in self.parameters())
        return None if low is None and high is None else Range(low, high)

    def chips(self, value: Range) -> list[Chip]:
        """Say the range in one chip."""
        low, high = (None if end is None else self.write(end) for end in (value.low, value.high))
        if low is None:
            words = _("{title} 不超过 {high}")
        elif high is None:
            words = _("{title} 不少于 {low}")
        else:
            words = _("{title} {low} 至 {high}")
        text = words.format(title=self.title, low=low, high=high)
        return [Chip(text, [(name, "") for name in self.parameters()])]

    @abstractmethod
    def parse(self, text: str) -> Any:
        """Read one end, or None."""

    @abstractmethod
    def write(self, end: Any) -> str:
        """Write one end in words."""


@dataclass(frozen=True)
class DateRange(_RangeFilter):
    """Days from and to, in the current time zone. The field may hold days or instants."""

    template: ClassVar[str] = "ui/listing/date_range.html"

    def parse(self, text: str) -> date | None:
        """Read a day as the browser writes it; the ends of the calendar have no day beside them and are not read."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return day if 1 < day.year < 9999 else None

    def write(self, end: date) -> str:
        """Write a day."""
        return formats.day(end)

    def default_narrow(self, queryset: QuerySet[Any], value: Range) -> QuerySet[Any]:
        """Keep rows within the days. Instants are compared with the days' ends, so that an index serves."""
        field = self.field or self.key
        if not _holds_instants(queryset, field):
            return _between(queryset, field, value.low, value.high, "lte")
        zone = timezone.get_current_timezone()
        low = None if value.low is None else datetime.combine(value.low, time.min, zone)
        high = None if value.high is None else datetime.combine(value.high + timedelta(days=1), time.min, zone)
        return _between(queryset, field, low, high, "lt")


@dataclass(frozen=True)
class NumberRange(_RangeFilter):
    """Numbers from and to. With ``scale`` 100 people write yuan and the field holds fen."""

    template: ClassVar[str] = "ui/listing/number_range.html"

    _: KW_ONLY
    unit: str | Promise = ""
    scale: int = 1

    def parse(self, text: str) -> Decimal | None:
        """Read a number."""
        try:
            number = Decimal(text.replace(",", ""))
        except InvalidOperation:
            return None
        # Beyond what a bigint holds there is nothing to find.
        return number if number.is_finite() and abs(number * self.scale) < 2**63 else None

    def write(self, end: Decimal) -> str:
        """Write a number with its unit."""
        return f"{formats.exact(float(end))}{f' {self.unit}' if self.unit else ''}"

    def default_narrow(self, queryset: QuerySet[Any], value: Range) -> QuerySet[Any]:
        """Keep rows within the numbers."""
        low, high = (None if end is None else end * self.scale for end in (value.low, value.high))
        return _between(queryset, self.field or self.key, low, high, "lte")


def _between(queryset: QuerySet[Any], field: str, low: Any, high: Any, upper: str) -> QuerySet[Any]:
    if low is not None:
        queryset = queryset.filter(**{f"{field}__gte": low})
    return queryset if high is None else queryset.filter(**{f"{field}__{upper}": high})


def _holds_instants(queryset: QuerySet[Any], path: str) -> bool:
    """Tell whether a field path or annotation of the queryset holds instants."""
    annotation = queryset.query.annotations.get(path)
    if annotation is not None:
        return isinstance(annotation.output_field, DateTimeField)
    field: Field[Any, Any] | Any = None
    meta = queryset.model._meta  # noqa: SLF001 - Django's documented model API
    for name in path.split("__"):
        field = meta.get_field(name)
        if field.is_relation:
            meta = field.related_model._meta  # noqa: SLF001 - Django's documented model API
    return isinstance(field, DateTimeField)
