"""Write instants as local text quickly: a million lines ask for it a million times."""

from __future__ import annotations

from datetime import date, timedelta

_EPOCH = date(1970, 1, 1)
_MINUTES = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60))
_SECONDS = tuple(f":{second:02d}" for second in range(60))


class LocalClock:
    """Turn seconds since 1970 (UTC) into the local day and time of day at a fixed offset from UTC."""

    def __init__(self, utc_offset: int) -> None:
        self._offset = utc_offset
        self._day_number = -1
        self._day = _EPOCH
        self._day_text = ""
        sign = "-" if utc_offset < 0 else "+"
        hours, minutes = divmod(abs(utc_offset) // 60, 60)
        self.offset_text = f"{sign}{hours:02d}:{minutes:02d}"

    def split(self, at: int) -> tuple[date, int]:
        """Return the local day and the second of that day."""
        number, second = divmod(at + self._offset, 86_400)
        if number != self._day_number:
            self._day_number = number
            self._day = _EPOCH + timedelta(days=number)
            self._day_text = self._day.isoformat()
        return self._day, second

    def stamp(self, at: int, between: str = " ") -> str:
        """Return ``2025-11-02 08:05:09``, with ``between`` between day and time."""
        _, second = self.split(at)
        return self._day_text + between + _MINUTES[second // 60] + _SECONDS[second % 60]

    def offset_stamp(self, at: int) -> str:
        """Return ``2025-11-02T08:05:09+08:00``."""
        return self.stamp(at, "T") + self.offset_text

    def minute(self, at: int) -> str:
        """Return ``08:05``."""
        return _MINUTES[self.split(at)[1] // 60]
