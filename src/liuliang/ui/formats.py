"""Numbers, money and times as people read them, in the language that is active.

The page's script draws axes and keeps times fresh by the same rules (``frontend/src/numbers.js`` and ``times.js``); a
test compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import get_language

from liuliang.kernel import clock
from liuliang.ui.words import WORDS

_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "JP¥", "HKD": "HK$", "TWD": "NT$", "KRW": "₩"}
# ISO 4217: currencies without a minor unit.
_WITHOUT_MINOR = frozenset({"JPY", "KRW", "VND"})

WEEK = timedelta(days=7)


def is_chinese() -> bool:
    """Tell whether the active language is Chinese."""
    return (get_language() or "zh").startswith("zh")


def exact(value: float) -> str:
    """Write every digit, grouped by thousands; fractions get at most two places."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def count(value: float) -> str:
    """Write a count: exact below ten thousand, then 12.8 万 in Chinese and 128k in English."""
    size = abs(value)
    if size < 10_000:
        return exact(value)
    sign = "-" if value < 0 else ""
    if is_chinese():
        return sign + (f"{_short(size, 10**4)} 万" if size < 99_995_000 else f"{_short(size, 10**8)} 亿")
    if size < 999_500:
        return f"{sign}{_short(size, 10**3)}k"
    return sign + (f"{_short(size, 10**6)}M" if size < 999_500_000 else f"{_short(size, 10**9)}B")


def _short(size: float, unit: int) -> str:
    """Write ``size`` in ``unit``s: one place below a hundred, none above."""
    tenths = _nearest(size * 10 / unit) / 10
    return exact(tenths if tenths < 100 else _nearest(size / unit))


def _nearest(value: float) -> int:
    """Round as the script does, halves up; Python's own way takes halves to the even neighbour."""
    return math.floor(value + 0.5)


def listed(texts: Iterable[object]) -> str:
    """Write things one after another, as the language separates them: 甲、乙 and A, B."""
    return ("、" if is_chinese() else ", ").join(str(text) for text in texts)


def badge(value: int) -> str:
    """Write how many things wait, in the little room of a badge: 99+ beyond that, where counting may stop."""
    return "99+" if value > 99 else str(value)


def percent(ratio: float, places: int = 1) -> str:
    """Write a ratio (0.123) as a percentage (12.3%)."""
    return f"{ratio * 100:.{places}f}%"


def chance(likelihood: float, places: int = 0) -> str:
    """Write a likelihood as a percentage. Nothing foretold is certain: where 100% or 0% would stand, it says beyond what it is."""
    step = 10.0**-places
    if round(likelihood * 100, places) >= 100:
        bound = f"{100 - step:.{places}f}%"
        return f"超过 {bound}" if is_chinese() else f"over {bound}"
    if round(likelihood * 100, places) <= 0:
        bound = f"{step:.{places}f}%"
        return f"不到 {bound}" if is_chinese() else f"under {bound}"
    return percent(likelihood, places)


def symbol(currency: str) -> str:
    """Return the sign of a currency (ISO 4217 code), or the code itself and a space."""
    return _SYMBOLS.get(currency, f"{currency} ")


def money(minor: int, currency: str = "CNY") -> str:
    """Write an amount of minor units exactly: ¥1,234.50."""
    sign = "-" if minor < 0 else ""
    if currency in _WITHOUT_MINOR:
        return f"{sign}{symbol(currency)}{abs(minor):,}"
    return f"{sign}{symbol(currency)}{abs(minor) // 100:,}.{abs(minor) % 100:02d}"


def major(minor: int, currency: str = "CNY") -> Decimal:
    """Return an amount in the unit people count in, exactly: what a cell of a workbook holds."""
    return Decimal(minor) if currency in _WITHOUT_MINOR else Decimal(minor).scaleb(-2)


def money_short(minor: int, currency: str = "CNY") -> str:
    """Write an amount shortly, for cards and axes: ¥12.8 万."""
    amount = float(major(abs(minor), currency))
    sign = "-" if minor < 0 else ""
    rounded = _nearest(amount) if amount >= 100 else amount
    return f"{sign}{symbol(currency)}{count(rounded)}"


def exact_time(instant: datetime) -> str:
    """Write an instant to the second, in the current time zone."""
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M:%S}"


def short_time(instant: datetime) -> str:
    """Write an instant as lists show it: 10-26 22:00 this year, 2025-10-26 in others."""
    local = timezone.localtime(instant)
    this_year = timezone.localtime(clock.now()).year
    return f"{local:%m-%d %H:%M}" if local.year == this_year else f"{local:%Y-%m-%d}"


def day(value: date) -> str:
    """Write a day: 2026-11-21."""
    return f"{value:%Y-%m-%d}"


def ago(instant: datetime, now: datetime | None = None) -> str:
    """Write how long ago (or ahead) an instant is, up to a week; beyond that, the instant itself."""
    distance = (now or clock.now()) - instant
    if abs(distance) >= WEEK:
        return short_time(instant)
    seconds = abs(distance).total_seconds()
    if seconds < 60:
        return str(WORDS["now"])
    unit, size = next(
        (unit, size) for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)) if seconds >= size
    )
    number = int(seconds // size)
    key = ("day" if unit == "days" and number == 1 else unit) + ("Ahead" if distance < timedelta() else "Ago")
    return str(WORDS[key]).format(n=number)


def duration(seconds: float) -> str:
    """Write a length of time in the one unit that fits: 30 秒, 48 分钟, 3.5 小时."""
    if seconds < 59.5:
        return str(WORDS["inSeconds"]).format(n=exact(_nearest(seconds)))
    if seconds < 90 * 60:
        minutes = _nearest(seconds / 6) / 10 if seconds < 600 else _nearest(seconds / 60)
        return str(WORDS["inMinutes"]).format(n=exact(minutes))
    return str(WORDS["inHours"]).format(n=exact(_nearest(seconds / 360) / 10))


def file_size(size: int) -> str:
    """Write a number of bytes: 3.4 MB."""
    amount = float(size)
    for unit in ("B", "KB", "MB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GB"
