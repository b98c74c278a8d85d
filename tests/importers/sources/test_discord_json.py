from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from liuliang.importers.base import Chat
from liuliang.importers.records import ChatRenamed, Joined, Left, Message, Person, Record, Unreadable

SAMPLES = Path(__file__).parents[1] / "samples" / "discord_json"
ANNA, BOB = Person("Anna", (("discord", "1"),)), Person("Bob", (("discord", "2"),))
START = datetime(2024, 1, 1, 2, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.fixture
def read(read_text: Callable[..., list[Record]]) -> Callable[..., list[Record]]:
    def read(**changes: object) -> list[Record]:
        plain = {"id": "1", "type": "Default", "timestamp": "2024-01-01T10:00:00+08:00", "content": "hi"}
        one = {**plain, "author": {"id": "1", "name": "anna", "nickname": "Anna", "isBot": False}, **changes}
        whole = {"guild": {"id": "9", "name": "S"}, "channel": {"id": "8", "name": "c"}, "messages": [one]}
        return read_text(json.dumps(whole), expected="discord_json", name="c.json")

    return read


def test_a_channel(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "general.json", expected="discord_json")
    assert inspection.chats == (Chat("discord", "200", "Coffee Server · general"),)
    assert inspection.timezone_known
    robot = Person("feed", (("discord", "3"),), is_bot=True)
    assert [read.record for read in reads] == [
        Joined(at(0) + timedelta(milliseconds=123), ANNA, message_id="1001"),
        Message(at(1), ANNA, "hello @Bob", "text", "1002", mentions=(BOB,)),
        Message(at(2), BOB, "", "image", "1003", "1002"),
        Message(at(3), robot, "New post https://example.com/p", "link", "1004"),
        Message(at(5), ANNA, "from elsewhere", "forward", "1006"),
    ]


def test_a_group_of_direct_messages(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "group_dm.json", expected="discord_json")
    assert inspection.chats == (Chat("discord", "300", "planning"),)
    start = at(8 * 60)
    assert [read.record for read in reads] == [
        Joined(start, BOB, ANNA, "invite", "1"),
        ChatRenamed(start + timedelta(minutes=1), ANNA, "planning", "2"),
        Left(start + timedelta(minutes=2), BOB, None, "3"),
        Message(start + timedelta(minutes=3), ANNA, "", "call", "4"),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"timestamp": None}, "bad_date"),
        ({"timestamp": "2024-02-31T10:00:00+08:00"}, "bad_date"),
        ({"timestamp": 1704074400}, "bad_date"),
        ({"author": None}, "no_sender"),
        ({"author": {"id": None, "name": {}}}, "no_sender"),
    ],
)
def test_a_message_that_cannot_be_read_is_told(
    read: Callable[..., list[Record]], changes: dict[str, object], reason: str
) -> None:
    (wrong,) = read(**changes)
    assert isinstance(wrong, Unreadable)
    assert wrong.reason == reason


def test_types_the_exporter_has_no_name_for_are_numbers(read: Callable[..., list[Record]]) -> None:
    assert read(type="7") == [Joined(at(0), ANNA, message_id="1")]
    assert read(type="8") == []
    assert read(type="ChatInputCommand") == [Message(at(0), ANNA, "hi", "text", "1")]


def test_somebody_removed_was_removed_by_the_author(read: Callable[..., list[Record]]) -> None:
    (left,) = read(type="RecipientRemove", mentions=[{"id": "2", "name": "bob", "nickname": "Bob"}])
    assert left == Left(at(0), BOB, ANNA, "1")


def test_fields_of_the_wrong_type_do_no_harm(read: Callable[..., list[Record]]) -> None:
    (record,) = read(content=5, attachments={}, embeds="x", mentions=[5, None], reference=[], stickers=None)
    assert record == Message(at(0), ANNA, "", "text", "1")
