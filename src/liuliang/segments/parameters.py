"""Values put into a statement of the lake by number, so that many conditions can share one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any


class Parameters:
    """Collects the values of a statement and hands out their placeholders."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def add(self, value: object, kind: str) -> str:
        """Return the placeholder of ``value``, as ClickHouse type ``kind``."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{kind}}}"

    def text(self, value: str) -> str:
        """Return the placeholder of a text."""
        return self.add(value, "String")

    def texts(self, values: Iterable[str]) -> str:
        """Return the placeholder of several texts."""
        return self.add(sorted(values), "Array(String)")

    def number(self, value: int) -> str:
        """Return the placeholder of a whole number."""
        return self.add(value, "Int64")

    def numbers(self, values: Iterable[int]) -> str:
        """Return the placeholder of several ids."""
        return self.add(sorted(values), "Array(UInt32)")

    def day(self, value: date) -> str:
        """Return the placeholder of a day."""
        return self.add(value.isoformat(), "Date")

    def instant(self, value: datetime) -> str:
        """Return the placeholder of an instant, to the millisecond."""
        return self.add(value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3], "DateTime64(3, 'UTC')")
