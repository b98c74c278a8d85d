# ruff: noqa: DTZ001 - the times of a table are local
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.importers.cells import DateVote, count_of, currency_of, day, mails_of, minor_units, phones_of, when

MARCH = datetime(2024, 3, 5, 12, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05 12:01", "2024-03-05 12:01:00", "2024/3/5 12:01", "2024.3.5 12:01", "2024年3月5日 12:01", "2024年03月05日12时1分",
        "2024年3月5日 12点01分", "２０２４年３月５日　１２：０１", "2024-03-05T12:01:00", "20240305120100", "2024/3/5 下午12:01",
        "3/5/2024 12:01", "3/5/24 12:01 PM", "Mar 5, 2024 12:01 PM", "5 March 2024 12:01", "2024-3-5 12:01 星期二",
        "45356.500694444447",
    ],
)  # fmt: skip
def test_a_time_is_read_however_it_is_written(text: str) -> None:
    assert when(text, "mdy") == MARCH


@pytest.mark.parametrize(
    "text", ["2024-03-05T12:01:00+08:00", "2024-03-05T04:01:00Z", "1709611260", "1709611260000", "1709611260.0"]
)
def test_an_instant_is_aware(text: str) -> None:
    assert when(text, "ymd") == datetime(2024, 3, 5, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "0000-00-00 00:00:00", "2024-13-45", "2024年2月30日", "明天", "1e400", "99999999999999999999", "-5",
        "2024-03-05 25:00", "x" * 90,
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    assert when(text, "ymd") is None


def test_the_order_of_a_column_is_decided_by_all_its_dates() -> None:
    vote = DateVote()
    for text in ("5/3/2024", "6/3/2024", "31/12/2023 10:00", ""):
        vote.add(text)
    assert vote.decide() == "dmy"
    assert when("5/3/2024", "dmy") == datetime(2024, 3, 5)
    assert DateVote().decide() == "ymd"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)))
def test_every_spelling_of_a_time_means_the_same(at: datetime) -> None:
    at = at.replace(microsecond=0)
    serial = (at - datetime(1899, 12, 30)) / timedelta(days=1)
    for text in (
        f"{at:%Y-%m-%d %H:%M:%S}",
        f"{at.year}年{at.month}月{at.day}日 {at:%H:%M:%S}",
        f"{at.month}/{at.day}/{at.year} {at:%H:%M:%S}",
        f"{at:%Y%m%d%H%M%S}",
        repr(serial),
    ):
        assert when(text, "mdy") == at


@given(st.text(max_size=40))
def test_any_text_is_taken_for_something_or_nothing_but_raises_never(text: str) -> None:
    when(text, "ymd")
    day(text, "dmy")
    minor_units(text)
    count_of(text)
    currency_of(text)
    phones_of(text)
    mails_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1990-05-06", date(1990, 5, 6)), ("1938年5月6日", date(1938, 5, 6)), ("6/5/1990", date(1990, 5, 6)), ("05-06", None),
        ("19900506", date(1990, 5, 6)),
    ],
)  # fmt: skip
def test_a_birthday_is_a_day(text: str, expected: date | None) -> None:
    assert day(text, "dmy") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("19.9", 1990), ("￥1,234.50", 123450), ("１２．５元", 1250), ("1.2万", 1200000), ("1.234,50 €", 123450), ("12,5", 1250),
        ("1,234", 123400), ("19.899999999999999", 1990), ("29.700000000000003", 2970), ("-5", -500), ("1e3", 100000), (".5", 50),
        ("RMB 8", 800), ("0", 0), ("19.999", None), ("abc", None), ("", None), ("1e999", None), ("1.2.3", None), ("9" * 400, None),
    ],
)  # fmt: skip
def test_an_amount_is_exact_minor_units_or_nothing(text: str, expected: int | None) -> None:
    assert minor_units(text) == expected


@given(st.integers(0, 10**12))
def test_no_cent_is_lost(amount: int) -> None:
    assert minor_units(f"{amount // 100}.{amount % 100:02d}") == amount
    assert minor_units(f"¥{amount // 100:,}.{amount % 100:02d}元") == amount
    assert minor_units(repr(amount / 100)) == amount


def test_currencies_without_cents_have_none() -> None:
    assert minor_units("1,200", "JPY") == 1200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("USD", "USD"), ("人民币", "CNY"), ("￥5", "CNY"), ("$ 5", "USD"), ("HK$5", "HKD"), ("金额(美元)", "USD"),
        ("实付金额（元）", "CNY"), ("chf", "CHF"), ("19.9", ""),
    ],
)  # fmt: skip
def test_a_currency_is_known_by_code_word_or_sign(text: str, expected: str) -> None:
    assert currency_of(text) == expected


def test_phones_become_international_and_masked_ones_are_left_out() -> None:
    assert phones_of("138 0000 0001、+1 415 555 0100") == ("+8613800000001", "+14155550100")
    assert phones_of("138****0001") == ()
    assert phones_of("无") == ()


def test_mails_are_lower_case() -> None:
    assert mails_of("Anna@Example.com; x") == ("anna@example.com",)


@pytest.mark.parametrize(
    ("text", "expected"), [("3件", 3), ("２", 2), ("1.0", 1), ("1.5", None), ("", None), ("-1", None)]
)
def test_a_count_is_whole(text: str, expected: int | None) -> None:
    assert count_of(text) == expected
