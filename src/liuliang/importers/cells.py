"""What a cell of a spreadsheet means: an instant, a day, an amount of money, a count, a way to reach somebody."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from liuliang.importers.clocks import DateOrder, OrderVote, Stamp, day_of, read_stamp
from liuliang.importers.fields import iso_instant
from liuliang.people.identities import normal_phone

_SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's dates have no zone
_SERIALS = range(20_000, 80_000)
"""Day numbers that are dates of orders and people: 1954 to 2119."""

_SECONDS = range(500_000_000, 5_000_000_000)
_DATE = re.compile(r"(\d{1,4})\s?([./\-年])\s?(\d{1,2})\s?[./\-月]\s?(\d{1,4})\s?[日号]?")
_PACKED = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:[ T]?(\d\d):?(\d\d)(?::?(\d\d))?)?")
_CHINESE_TIME = re.compile(r"(\d{1,2})\s?[时時点點]\s?(?:(\d{1,2})\s?分)?\s?(?:(\d{1,2})\s?秒)?")
_WEEKDAY = re.compile(r"\s*[(（]?(?:星期|周|週)[一二三四五六日天][)）]?\s*")
_ENGLISH = ("%b %d %Y", "%d %b %Y", "%B %d %Y", "%d %B %Y")
_ENGLISH_TIME = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")

_CURRENCIES = {
    "¥": "CNY", "元": "CNY", "rmb": "CNY", "cny": "CNY", "人民币": "CNY", "$": "USD", "usd": "USD", "美元": "USD", "€": "EUR",
    "eur": "EUR", "欧元": "EUR", "£": "GBP", "gbp": "GBP", "英镑": "GBP", "hk$": "HKD", "hkd": "HKD", "港币": "HKD", "港元": "HKD",
    "nt$": "TWD", "twd": "TWD", "新台币": "TWD", "台币": "TWD", "jpy": "JPY", "日元": "JPY", "円": "JPY", "krw": "KRW", "韩元": "KRW",
    "s$": "SGD", "sgd": "SGD", "新加坡元": "SGD", "mop": "MOP", "澳门元": "MOP", "澳币": "AUD", "aud": "AUD", "cad": "CAD",
}  # fmt: skip
_NO_DECIMALS = frozenset({"JPY", "KRW", "VND"})
_SYMBOL = re.compile(
    r"人民币|[美欧港日韩]元|新加坡元|澳门元|英镑|hk\$|nt\$|s\$|[¥$€£元円]"
    r"|\b(?:rmb|cny|usd|eur|gbp|hkd|twd|jpy|krw|sgd|mop|aud|cad)\b"
)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?")
_DUST = Decimal("0.000001")
"""A spreadsheet's sums are off by less than this; more is an amount that no coin can pay."""

_MOST = Decimal(10) ** 15


def narrow(text: str) -> str:
    """Return text with full-width digits and marks as plain ones, without the blanks around."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFKC", text).strip()


class DateVote:
    """Decides in which order a column writes its dates."""

    def __init__(self) -> None:
        self._vote = OrderVote()
        self._has_any = False

    def add(self, text: str) -> None:
        """Count one cell."""
        text = narrow(text)
        if (match := _DATE.match(text)) and len(match[1]) < 4:
            stamp = Stamp((match[1], match[3], match[4]), match[2], -1, None, is_twelve=False, is_cjk=False)
            self._vote.add(stamp)
            self._has_any = True

    def decide(self) -> DateOrder:
        """Return the order; the year first where no date says otherwise."""
        return self._vote.decide()[0] if self._has_any else "ymd"


def when(text: str, order: DateOrder) -> datetime | None:
    """Read a cell as a time: aware where it tells an instant, else local and naive; None when it is no time.

    Takes ISO 8601, 2024年3月5日 12:01, 2024/3/5 下午3:01, 20240305120100, 5/3/2024 (by ``order``), Mar 5, 2024, day numbers of a
    spreadsheet, and seconds or milliseconds since 1970.
    """
    text = _WEEKDAY.sub(" ", narrow(text)).strip()
    if not text or len(text) > 60:
        return None
    if _NUMBER.fullmatch(text):
        return _counted(text)
    if len(text) >= 10 and text[4] == "-" and (at := iso_instant(text)) is not None:
        return at
    stamp = read_stamp(text)
    if stamp is not None:
        day = day_of(stamp.numbers, order if len(stamp.numbers[0]) < 4 else "ymd")
        return None if day is None or stamp.clock is None else datetime.combine(day, stamp.clock)
    return _dated(text, order) or _english(text)


def _counted(text: str) -> datetime | None:
    """Read digits: a packed date, an epoch, or the day number of a spreadsheet."""
    if len(text) in {8, 12, 14} and (match := _PACKED.fullmatch(text)):
        numbers = [int(number) for number in match.groups("0")]
        try:
            return datetime(*numbers)  # type: ignore[arg-type] # noqa: DTZ001 - a table's local time
        except ValueError:
            pass
    try:
        value = float(text)
    except ValueError:
        return None
    if not 0 < value < 1e14:
        return None
    if int(value) in _SERIALS:
        return _SERIAL_EPOCH + timedelta(seconds=round(value * 86_400))
    if int(value / 1000) in _SECONDS:
        value /= 1000
    return datetime.fromtimestamp(value, UTC) if int(value) in _SECONDS else None


def _dated(text: str, order: DateOrder) -> datetime | None:
    """Read a date alone, or with a time that is written in Chinese."""
    match = _DATE.match(text)
    if match is None:
        return None
    day = day_of((match[1], match[3], match[4]), order if len(match[1]) < 4 else "ymd")
    rest = text[match.end() :].strip(" T,，")
    if day is None:
        return None
    clock = _clock(rest)
    return None if clock is None else datetime.combine(day, clock)


def _clock(text: str) -> time | None:
    """Read a time of day alone: 9:05, 12点1分, or nothing, which is midnight."""
    if not text:
        return time()
    try:
        if found := _CHINESE_TIME.fullmatch(text):
            return time(int(found[1]), int(found[2] or 0), int(found[3] or 0))
        return time.fromisoformat(text.zfill(5) if text[1:2] == ":" else text)
    except ValueError:
        return None


def _english(text: str) -> datetime | None:
    plain = " ".join(text.replace(",", " ").split())
    if not plain[:1].isalnum() or not any(letter.isalpha() for letter in plain):
        return None
    for day in _ENGLISH:
        for clock in _ENGLISH_TIME:
            try:
                return datetime.strptime(plain, day + clock)  # noqa: DTZ007 - a table's local time
            except ValueError:
                continue
    return None


def day(text: str, order: DateOrder) -> date | None:
    """Read a cell as a day, such as a birthday; None when it is none."""
    text = narrow(text)
    found = when(text, order)
    if found is None and (match := _DATE.match(text)):
        # Birthdays go further back than the clocks of chats do.
        numbers = (match[1], match[3], match[4])
        is_year_first = len(match[1]) == 4 or order == "ymd"
        year, month, number = numbers if is_year_first else (numbers[2], *_month_day(numbers, order))
        try:
            return date(int(year), int(month), int(number)) if len(year) == 4 else None
        except ValueError:
            return None
    return found.date() if found is not None else None


def _month_day(numbers: tuple[str, str, str], order: DateOrder) -> tuple[str, str]:
    return (numbers[0], numbers[1]) if order == "mdy" else (numbers[1], numbers[0])


def currency_of(text: str) -> str:
    """Return the ISO 4217 code that a cell names, by code, word or sign; empty when it names none."""
    text = narrow(text).lower()
    if match := _SYMBOL.search(text):
        return _CURRENCIES.get(match[0], "")
    return _CURRENCIES.get(text, text.upper() if len(text) == 3 and text.isascii() and text.isalpha() else "")


def minor_units(text: str, currency: str = "CNY") -> int | None:
    """Read an amount of money as minor units of ``currency``, exactly; None when it is none, or finer than a coin.

    Signs and names of currencies, thousands separators, decimal commas and 万 are understood.
    """
    text = _SYMBOL.sub("", narrow(text).lower().replace("\N{MINUS SIGN}", "-")).replace(" ", "")
    scale = Decimal(1)
    if text.endswith("万"):
        text, scale = text[:-1], Decimal(10_000)
    text = _without_separators(text)
    if not _NUMBER.fullmatch(text):
        return None
    try:
        amount = Decimal(text) * scale * (1 if currency in _NO_DECIMALS else 100)
        whole = amount.to_integral_value()
    except InvalidOperation:
        return None
    return int(whole) if abs(amount - whole) <= _DUST and abs(whole) < _MOST else None


def is_finer_than_a_coin(text: str, currency: str = "CNY") -> bool:
    """Tell whether an amount cannot be read because it has more decimals than its currency has."""
    return (
        minor_units(text, currency) is None
        and minor_units(text.partition(".")[0], currency) is not None
        and "." in text
    )


def _without_separators(text: str) -> str:
    """Return 1,234.50 and 1.234,50 as 1234.50; a comma before one or two last digits is a decimal one."""
    text = text.replace("'", "")
    if "," not in text:
        return text
    if "." in text:
        if text.rfind(",") > text.rfind("."):
            return text.replace(".", "").replace(",", ".")
        return text.replace(",", "")
    if text.count(",") == 1 and 1 <= len(text) - text.find(",") - 1 <= 2:
        return text.replace(",", ".")
    return text.replace(",", "")


def count_of(text: str) -> int | None:
    """Read a count; None when it is none."""
    text = narrow(text).lower().replace(",", "").rstrip("件个份套盒包箱瓶袋张次x ")
    try:
        value = Decimal(text)
        return int(value) if value == value.to_integral_value() and 0 <= value < 10**9 else None
    except InvalidOperation:
        return None


def phones_of(text: str) -> tuple[str, ...]:
    """Return the telephone numbers of a cell, E.164 where that can be told.

    Masked ones tell nobody apart and are left out.
    """
    found = []
    for part in re.split(r"[,;/、，；|\n]+", narrow(text)):
        if "*" in part or "x" in part.lower():
            continue
        phone = normal_phone(part)
        if 7 <= len(phone.removeprefix("+")) <= 15:
            found.append(phone)
    return tuple(dict.fromkeys(found))


def mails_of(text: str) -> tuple[str, ...]:
    """Return the e-mail addresses of a cell, in lower case."""
    parts = re.split(r"[,;/、，；\s]+", narrow(text).lower())
    return tuple(dict.fromkeys(part for part in parts if re.fullmatch(r"[^@\s*]+@[^@\s*]+\.[^@\s*]+", part)))
