"""Every clock and date order; the times are local, as telephones write them."""

# ruff: noqa: DTZ001

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.importers.clocks import Clock, DateOrder, OrderVote, is_nearly_stamp, read_stamp

THREE_THIRTEEN = datetime(2023, 12, 8, 15, 13)


@pytest.mark.parametrize(
    ("stamp", "order"),
    [
        ("2023/12/8 下午3:13", "ymd"),
        ("2023/12/8 下午 3:13", "ymd"),
        ("2023/12/8, 15:13", "ymd"),
        ("2023-12-08, 3:13 p.m.", "ymd"),
        ("2023年12月8日 15:13", "ymd"),
        ("2023. 12. 8. 오후 3:13", "ymd"),
        ("2023/12/08 午後3:13", "ymd"),
        ("12/8/23, 3:13\u202fPM", "mdy"),
        ("12/8/2023, 15:13", "mdy"),
        ("8/12/23, 15:13", "dmy"),
        ("08/12/2023, 3:13 pm", "dmy"),
        ("08.12.23, 15:13", "dmy"),
        ("8.12.2023 klo 15.13", "dmy"),
        ("8/12/23 3:13 p. m.", "dmy"),
        ("8/12/23 3:13\u00a0p.\u00a0m.", "dmy"),
        ("08-12-2023 15:13", "dmy"),
        ("٨/١٢/٢٠٢٣، ٣:١٣ م", "dmy"),
        ("8/12/2566 15:13", "dmy"),
        ("15:13, 8/12/2023", "dmy"),
        ("3:13 PM, 8/12/2023", "dmy"),
    ],
)
def test_a_quarter_past_three_in_the_afternoon_of_8_december(stamp: str, order: DateOrder) -> None:
    assert Clock(order).at(stamp) == THREE_THIRTEEN


@pytest.mark.parametrize(
    ("stamp", "hour"),
    [
        ("2023/12/8 上午12:05", 0),
        ("2023/12/8 凌晨12:05", 0),
        ("2023/12/8 凌晨3:05", 3),
        ("2023/12/8 清晨5:05", 5),
        ("2023/12/8 中午12:05", 12),
        ("2023/12/8 中午1:05", 13),
        ("2023/12/8 下午12:05", 12),
        ("2023/12/8 晚上11:05", 23),
        ("2023/12/8, 12:05 AM", 0),
        ("2023/12/8, 12:05 PM", 12),
    ],
)
def test_noon_midnight_and_the_hours_of_the_night(stamp: str, hour: int) -> None:
    assert Clock("ymd").at(stamp) == datetime(2023, 12, 8, hour, 5)


@pytest.mark.parametrize("stamp", ["2023/2/30 10:00", "2023/13/1 10:00", "2023/12/8 25:00", "2023/12/8 10:61"])
def test_impossible_times_are_stamps_that_tell_no_time(stamp: str) -> None:
    assert read_stamp(stamp) is not None
    assert Clock("ymd").at(stamp) is None


@pytest.mark.parametrize("text", ["hello", "2023", "1/2/3", "note 1/2/2023", "2023/12/8 sometime 3:13", "", "12:30"])
def test_talk_is_no_stamp(text: str) -> None:
    assert read_stamp(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "2023/12/8 下午3:1x:07", "2O23/12/8, 15:13", "12/8/23, 3:13:O7 PM", "2023/1?/8 15:13", "2023年1o月8日 15:13",
        "8.12.2023, 15:\ufffd3", "\ufffd\ufffd23-12-08 15:13:07",
    ],
)  # fmt: skip
def test_a_stamp_that_lost_a_character_still_looks_like_one(text: str) -> None:
    assert read_stamp(text) is None
    assert is_nearly_stamp(text)


@pytest.mark.parametrize(
    "text",
    ["hello", "2023", "1/2/3", "2023/12/8", "note 1/2/2023", "1. two", "12:30 to 13:30", "tel. 138-0013-8000", ""],
)
def test_talk_does_not_look_like_a_stamp(text: str) -> None:
    assert not is_nearly_stamp(text)


def vote(stamps: list[str]) -> tuple[DateOrder, bool]:
    votes = OrderVote()
    for text in stamps:
        stamp = read_stamp(text)
        assert stamp is not None
        votes.add(stamp)
    return votes.decide()


def test_a_component_over_twelve_decides_for_the_whole_file() -> None:
    assert vote(["05/03/2023, 14:00", "17/03/2023, 14:05"]) == ("dmy", False)
    assert vote(["3/5/23, 2:00 PM", "3/17/23, 2:05 PM"]) == ("mdy", False)


def test_time_that_runs_forward_decides_when_no_component_does() -> None:
    # 5 March to 2 April by day first; by month first it would run back from 3 June to 4 February.
    assert vote(["05/03/2023, 1:00", "06/03/2023, 1:00", "02/04/2023, 1:00"])[0] == "dmy"
    assert vote(["3/5/2023, 1:00", "3/6/2023, 1:00", "4/2/2023, 1:00"])[0] == "mdy"


def test_a_stray_line_does_not_overrule_the_rest() -> None:
    days = [f"{day:02d}/03/2023, 10:00" for day in range(1, 29)]
    assert vote([*days, "03/31/2023, 10:00"])[0] == "dmy"


def test_doubt_is_told() -> None:
    assert vote(["05/06/23, 10:00"]) == ("dmy", True)
    assert vote(["5/6/23, 10:00 AM"]) == ("mdy", True)
    assert vote(["2023/5/6 10:00"]) == ("ymd", False)


@given(
    st.sampled_from(["ymd", "mdy", "dmy"]),
    st.dates(date(2010, 1, 1), date(2030, 1, 1)),
    st.lists(st.integers(0, 3), min_size=40, max_size=80),
    st.sampled_from(["/", ".", "-"]),
)
def test_any_two_months_of_chat_tell_their_order(
    order: DateOrder, start: date, gaps: list[int], separator: str
) -> None:
    # Given some weeks of days with a message, written in one order
    days = [start + timedelta(days=sum(gaps[:n]) + n) for n in range(len(gaps))]
    parts = {"y": "{0.year}", "m": "{0.month}", "d": "{0.day}"}
    pattern = separator.join(parts[letter] for letter in order) + ", 10:00"
    # When all of them vote, Then the order is found and nothing is left to guess
    assert vote([pattern.format(day) for day in days]) == (order, False)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)), st.booleans(), st.booleans())
def test_a_clock_reads_what_was_written_also_when_it_remembers(
    at: datetime, is_twelve: bool, has_seconds: bool
) -> None:
    at = at.replace(microsecond=0, second=at.second if has_seconds else 0)
    seconds = f":{at:%S}" if has_seconds else ""
    if is_twelve:
        text = (
            f"{at.year}/{at.month}/{at.day} {'下午' if at.hour >= 12 else '上午'}{at.hour % 12 or 12}:{at:%M}{seconds}"
        )
    else:
        text = f"{at.year}/{at.month}/{at.day}, {at.hour}:{at:%M}{seconds}"
    clock = Clock("ymd")
    assert [clock.at(text) for _ in range(3)] == [at, at, at]
