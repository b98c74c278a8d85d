"""Dates and clocks as telephones write them: in every order, with every word for before and after noon.

A stamp such as ``2023/12/8 下午3:13`` or ``12/8/23, 3:13:07 PM`` says nothing of the order of its date. `OrderVote` decides
it once for a whole file; `Clock` then reads stamps quickly, for files of a million lines repeat the same days and minutes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

DateOrder = Literal["ymd", "mdy", "dmy"]

_ORDERS: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")

_MORNING = frozenset(
    {
        "am",
        "a",
        "上午",
        "早上",
        "清晨",
        "凌晨",
        "午夜",
        "半夜",
        "早",
        "午前",
        "오전",
        "ص",
        "πμ",
        "öö",
        "fm",
        "sa",
        "de",
        "पूर्वाह्न",
        "vm",
        "pg",
    }
)
_EVENING = frozenset(
    {"pm", "p", "下午", "傍晚", "午後", "오후", "م", "μμ", "ös", "em", "ch", "du", "अपराह्न", "nm", "ptg"}
)
_NIGHT = frozenset({"晚上", "晚"})
_NOON = frozenset({"中午", "正午"})

_DATE = r"(?P<a>\d{1,4})\s?(?P<sep>[./\-年])\s?(?P<b>\d{1,2})\s?[./\-月]\s?(?P<c>\d{1,4})[日.]?"
_WORD = r"[^\d\s:\[\],/\-][^\d:\[\],/\-]{0,11}"
_TIME = rf"(?:(?P<pre>{_WORD}?)\s?)?(?P<h>\d{{1,2}})[:.](?P<m>\d{{2}})(?:[:.](?P<s>\d{{2}}))?(?:\s?(?P<post>{_WORD}))?"
_BETWEEN = r"(?:\s?[,،]\s*|\s+)(?:(?:klo|kl\.?|um|à|às|at)\s)?"
_DATE_FIRST = re.compile(rf"(?P<date>{_DATE}){_BETWEEN}{_TIME}")
_TIME_FIRST = re.compile(rf"{_TIME}{_BETWEEN}(?P<date>{_DATE})")
# What was a date or a time before a character of it was lost.
_NEARLY_DATE = re.compile(r"[^\s./:年-]{1,4}\s?[./年-]\s?[^\s./:月-]{1,3}\s?[./月-]\s?[^\s./:,-]{1,5}")
_NEARLY_TIME = re.compile(r"\d[:.][^\s:.]{1,2}|[^\s:.]{1,2}[:.]\d")
_LEAST_DIGITS = 5

_MANY = 100_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """A stamp taken apart: the three numbers of its date as written, and its time of day on a 24-hour clock.

    ``clock`` is None when no clock shows it (25:71). ``is_twelve`` says the file's clock has twelve hours.
    """

    numbers: tuple[str, str, str]
    separator: str
    date_end: int
    clock: time | None
    is_twelve: bool
    is_cjk: bool


def read_stamp(text: str) -> Stamp | None:
    """Take a stamp apart; None when the text is none. Impossible dates and times are still stamps."""
    match = _DATE_FIRST.fullmatch(text) or _TIME_FIRST.fullmatch(text)
    if match is None:
        return None
    word = match["pre"] or match["post"] or ""
    half = _plain(word)
    if half and half not in _MORNING and half not in _EVENING and half not in _NIGHT and half not in _NOON:
        return None
    return Stamp(
        numbers=(match["a"], match["b"], match["c"]),
        separator=match["sep"],
        date_end=match.end("date") if match.start("date") == 0 else -1,
        clock=_time_of_day(int(match["h"]), int(match["m"]), int(match["s"] or 0), half),
        is_twelve=bool(half),
        is_cjk=match["sep"] == "年" or any(c > "\u2e7f" for c in word),
    )


def is_nearly_stamp(text: str) -> bool:
    """Tell whether a text that is no stamp was one before it was damaged: what is left of a date, what is left of a time."""
    date_part = _NEARLY_DATE.search(text)
    if date_part is None:
        return False
    rest = text[: date_part.start()] + " " + text[date_part.end() :]
    digits = sum(c.isdecimal() for c in text)
    written = sum(not c.isspace() for c in text)
    return digits >= _LEAST_DIGITS and 5 * digits >= 2 * written and _NEARLY_TIME.search(rest) is not None


def _plain(word: str) -> str:
    return word.lower().translate(_DOTS) if word else ""


_DOTS = dict.fromkeys(map(ord, ". \u00a0\u202f"))


def _time_of_day(hour: int, minute: int, second: int, half: str) -> time | None:
    if half in _EVENING:
        hour += 12 if hour < 12 else 0
    elif half in _NIGHT:
        hour = 0 if hour == 12 else hour + 12 if hour < 12 else hour
    elif half in _NOON:
        hour += 12 if hour < 10 else 0
    elif half in _MORNING and hour == 12:
        hour = 0
    try:
        return time(hour, minute, second)
    except ValueError:
        return None


def day_of(numbers: tuple[str, str, str], order: DateOrder) -> date | None:
    """Read a date's numbers in an order; None when there is no such day. Years of the Buddhist era become ours."""
    a, b, c = (int(number) for number in numbers)
    year, month, day = (a, b, c) if order == "ymd" else (c, a, b) if order == "mdy" else (c, b, a)
    if year < 100:
        year += 2000
    elif year > 2400:
        year -= 543
    try:
        return date(year, month, day) if year >= 1970 else None
    except ValueError:
        return None


class OrderVote:
    """Decides in which order a file writes its dates, from all of them.

    The order in which the fewest dates are impossible wins (a component over 12 is no month); then the one in which time
    runs backwards least often; then the one that needs the fewest days in all, because people chat day by day; then
    what the look of the stamps suggests.
    """

    def __init__(self) -> None:
        self._impossible = dict.fromkeys(_ORDERS, 0)
        self._backward = dict.fromkeys(_ORDERS, 0)
        self._travel = dict.fromkeys(_ORDERS, 0)
        self._last: dict[DateOrder, date | None] = dict.fromkeys(_ORDERS)
        self._example: Stamp | None = None

    def add(self, stamp: Stamp) -> None:
        """Count one stamp; repeats of the day before it cost nothing."""
        self._example = self._example or stamp
        for order in _ORDERS:
            day = day_of(stamp.numbers, order)
            if day is None:
                self._impossible[order] += 1
                continue
            last = self._last[order]
            if last is not None:
                self._backward[order] += day < last
                self._travel[order] += abs((day - last).days)
            self._last[order] = day

    def decide(self) -> tuple[DateOrder, bool]:
        """Return the order, and whether it had to be guessed because dates and their sequence fit another as well."""
        merits = {order: (self._impossible[order], self._backward[order]) for order in _ORDERS}
        suggested = self._suggested()
        best = min(_ORDERS, key=lambda order: (merits[order], self._travel[order], suggested.index(order)))
        # Outside of East Asia nobody puts a year of two digits first, so that reading raises no doubt.
        rivals = [order for order in _ORDERS if order != "ymd" or suggested[0] == "ymd"]
        return best, any(merits[order] == merits[best] for order in rivals if order != best)

    def _suggested(self) -> tuple[DateOrder, ...]:
        example = self._example
        if example is None or example.is_cjk or len(example.numbers[0]) == 4:
            return ("ymd", "dmy", "mdy")
        a, b, c = example.numbers
        is_american = example.separator == "/" and len(c) == 2 and (example.is_twelve or len(a) == 1 or len(b) == 1)
        return ("mdy", "dmy", "ymd") if is_american else ("dmy", "mdy", "ymd")


class Clock:
    """Reads the stamps of one file, whose date order is known."""

    def __init__(self, order: DateOrder) -> None:
        self._order = order
        self._days: dict[str, date] = {}
        self._minutes: dict[str, time] = {}

    def at(self, text: str) -> datetime | None:
        """Return the local time a stamp tells; None when it is no stamp, or tells a time that never was.

        Days and minutes are remembered by what is written, seconds are read: so nearly every stamp is found, and what is
        remembered stays small.
        """
        cut = text.find(" ")
        day = self._days.get(text[:cut])
        if day is not None:
            clock = text[cut:]
            minute = self._minutes.get(clock)
            if minute is not None:
                return datetime.combine(day, minute)
            second = clock.find(":", clock.find(":") + 1)
            if second > 0:
                minute = self._minutes.get(clock[:second] + clock[second + 3 :])
                if minute is not None:
                    value = clock[second + 1 : second + 3]
                    if len(value) == 2 and value.isdecimal() and value < "60":
                        return datetime(day.year, day.month, day.day, minute.hour, minute.minute, int(value))  # noqa: DTZ001
        return self._read(text, cut)

    def _read(self, text: str, cut: int) -> datetime | None:
        stamp = read_stamp(text)
        if stamp is None or stamp.clock is None:
            return None
        day = day_of(stamp.numbers, self._order)
        if day is None:
            return None
        if 0 < stamp.date_end <= cut:  # the blank stands between date and time, so the two may be remembered apart
            self._remember(text, cut, day, stamp.clock)
        return datetime.combine(day, stamp.clock)

    def _remember(self, text: str, cut: int, day: date, clock: time) -> None:
        if len(self._days) + len(self._minutes) > _MANY:
            self._days.clear()
            self._minutes.clear()
        written = text[cut:]
        second = written.find(":", written.find(":") + 1)
        if second > 0:
            written = written[:second] + written[second + 3 :]
        elif clock.second:  # 15.13.07: not worth a rule of its own
            return
        self._days[text[:cut]] = day
        self._minutes[written] = clock.replace(second=0)
