"""Logs of IRC; their times are local and the file does not say where, unless it does."""

# ruff: noqa: DTZ001

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from liuliang.importers.base import Chat, Options
from liuliang.importers.records import (
    ChatRenamed,
    Joined,
    Left,
    Message,
    Person,
    Record,
    Renamed,
    RoleChanged,
    Unreadable,
)

SAMPLES = Path(__file__).parents[1] / "samples" / "irc_log"
ALICE, BOB, CAROL, DAVE = Person("alice"), Person("bob"), Person("carol"), Person("dave")
CHANNEL = Chat("irc", key="#readers", title="#readers")

ReadText = Callable[..., list[Record]]


def minute(hour: int, minutes: int, day: int = 13) -> datetime:
    return datetime(2026, 8, day, hour, minutes)


def test_irssi_tells_the_days_in_lines_of_their_own(read_file: Callable[..., object]) -> None:
    inspection, reads = read_file(SAMPLES / "irssi.log", expected="irc_log")  # type: ignore[misc]
    assert inspection.chats == (CHANNEL,)
    assert [read.record for read in reads] == [
        Joined(minute(10, 0), ALICE),
        Message(minute(10, 1), ALICE, "hello"),
        Message(minute(10, 2), BOB, "waves"),
        RoleChanged(minute(10, 3), BOB, "admin"),
        ChatRenamed(minute(10, 4), ALICE, "This week: short stories"),
        Left(minute(10, 5), CAROL, ALICE),
        Message(minute(0, 5, 14), BOB, "past midnight"),
        Left(minute(0, 6, 14), BOB),
    ]


def test_an_archive_of_a_channel_tells_the_day_in_its_name(read_file: Callable[..., object]) -> None:
    inspection, reads = read_file(SAMPLES / "2010-03-01-#readers.txt", expected="irc_log")  # type: ignore[misc]
    assert inspection.chats == (CHANNEL,)
    assert [read.record for read in reads] == [
        Message(datetime(2010, 3, 1, 0, 1), ALICE, "good morning"),
        Message(datetime(2010, 3, 1, 0, 2), ALICE, "opens a window"),
        Joined(datetime(2010, 3, 1, 0, 2), BOB),
        Message(datetime(2010, 3, 1, 0, 3), BOB, "hi alice: how are you?"),
        Renamed(datetime(2010, 3, 1, 0, 3), BOB, "bob", "bob_away"),
        Left(datetime(2010, 3, 1, 0, 3), CAROL),
        Message(datetime(2010, 3, 1, 23, 59), ALICE, "night"),
    ]


def test_weechat_stands_in_columns(read_file: Callable[..., object]) -> None:
    inspection, reads = read_file(SAMPLES / "irc.example.#readers.weechatlog", expected="irc_log")  # type: ignore[misc]
    assert inspection.chats == (CHANNEL,)
    assert [type(read.record) for read in reads] == [Joined, Message, Message, Message, Renamed, Left, Left]
    assert reads[2].record == Message(datetime(2024, 1, 2, 15, 4, 12), BOB, "hi")
    assert reads[-1].record == Left(datetime(2024, 1, 2, 15, 7), DAVE, ALICE)


def test_hexchat_leaves_out_the_year_and_it_turns(read_file: Callable[..., object]) -> None:
    _, reads = read_file(SAMPLES / "hexchat.log", expected="irc_log")  # type: ignore[misc]
    assert [read.record.at for read in reads] == [
        datetime(2023, 12, 29, 10, 0, 2),
        datetime(2023, 12, 29, 10, 0, 5),
        datetime(2023, 12, 31, 23, 59, 59),
        datetime(2024, 1, 1, 0, 0, 1),
    ]


def test_a_bouncer_writes_a_file_a_day(read_file: Callable[..., object]) -> None:
    _, reads = read_file(SAMPLES / "2024-01-02.log", expected="irc_log")  # type: ignore[misc]
    assert [read.record for read in reads] == [
        Joined(datetime(2024, 1, 2, 15, 4, 5), ALICE),
        Message(datetime(2024, 1, 2, 15, 4, 10), ALICE, "hello"),
        RoleChanged(datetime(2024, 1, 2, 15, 4, 20), BOB, "admin"),
        Left(datetime(2024, 1, 2, 15, 5), BOB),
        Renamed(datetime(2024, 1, 2, 15, 6), ALICE, "alice", "al"),
    ]


def test_instants_stay_instants(read_text: ReadText) -> None:
    assert read_text("2024-01-02T15:04:05Z <alice> hi\n2024-01-02T17:04:06+02:00 <bob> hi\n", expected="irc_log") == [
        Message(datetime(2024, 1, 2, 15, 4, 5, tzinfo=UTC), ALICE, "hi"),
        Message(datetime(2024, 1, 2, 15, 4, 6, tzinfo=UTC), BOB, "hi"),
    ]


def test_midnight_may_pass_without_a_word(read_text: ReadText) -> None:
    records = read_text("[23:59] <alice> a\n[00:01] <alice> b\n", expected="irc_log", name="2024-02-28.log")
    assert [record.at.day for record in records if isinstance(record, Message)] == [28, 29]


def test_a_log_without_any_day_is_reported_once_until_a_person_tells_the_day(read_text: ReadText) -> None:
    text = "[10:00] <alice> a\n[10:01] <bob> b\n"
    assert read_text(text, expected="irc_log") == [Unreadable(1, "no_date", "[10:00] <alice> a")]
    records = read_text(text, expected="irc_log", options=Options(first_day=date(2024, 2, 28)))
    assert [record.at.day for record in records if isinstance(record, Message)] == [28, 28]


@pytest.mark.parametrize(
    "words", ["has joined the party", "has left the building", "left her keys", "has quit smoking"]
)
def test_an_action_that_sounds_like_news_is_an_action(read_text: ReadText, words: str) -> None:
    text = f"[09:59] <bob> hi\n[10:00] * alice {words}\n"
    records = read_text(text, expected="irc_log", name="2024-02-28.log")
    assert records[1] == Message(datetime(2024, 2, 28, 10), ALICE, words)


def test_what_no_client_writes_is_reported(read_text: ReadText) -> None:
    records = read_text(
        "[10:00] <alice> a\n[10:01] <bob> b\ngarbage\n[25:61] <bob> c\n", expected="irc_log", name="2024-02-28.log"
    )
    assert records[2:] == [Unreadable(3, "no_header", "garbage"), Unreadable(4, "bad_date", "[25:61] <bob> c")]
