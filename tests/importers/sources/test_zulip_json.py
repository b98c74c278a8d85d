from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuliang.importers.base import Chat, Options
from liuliang.importers.fields import clean
from liuliang.importers.head import recognise
from liuliang.importers.records import Joined, Left, Message, Person, Record, Unreadable

SAMPLES = Path(__file__).parents[1] / "samples" / "zulip_json"
START = datetime(2024, 1, 1, 2, tzinfo=UTC)
ANNA = Person("Anna", (("zulip", "10"), ("email", "anna@example.com")))
LEI = Person("李雷", (("zulip", "11"),))
QUOTED = "@_**李雷|11** [said](https://z.example/#narrow/dm/10,11-dm/near/2):\n```quote\nx\n```\n好"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def numbered(number: int) -> Person:
    return Person(identities=(("zulip", str(number)),))


@pytest.fixture
def read(read_text: Callable[..., list[Record]]) -> Callable[..., list[Record]]:
    def read(**changes: object) -> list[Record]:
        one = {"id": 1, "sender": 10, "recipient": 21, "content": "hi", "date_sent": START.timestamp(), **changes}
        return read_text(json.dumps({"zerver_message": [one]}), expected="zulip_json", name="messages-000001.json")

    return read


def test_messages_alone_have_numbers_only(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "messages-000001.json", expected="zulip_json")
    assert inspection.chats == (Chat("zulip", "21"), Chat("zulip", "22"))
    assert inspection.timezone_known
    ten, eleven = numbered(10), numbered(11)
    assert [read.record for read in reads] == [
        Message(at(0.5), ten, "大家好，我是 @**李雷|11** 的同事", "text", "1", mentions=(eleven,)),
        Message(at(60), eleven, "", "image", "2"),
        Message(at(120.25), ten, QUOTED, "text", "3", "2", (eleven,)),
    ]


def test_the_whole_export_has_names_and_who_subscribed(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "zulip-export.tar.gz", expected="zulip_json")
    general = Chat("zulip", "21", "general")
    assert inspection.chats == (general, Chat("zulip", "22", is_group=False))
    assert [(read.chat.key, read.record) for read in reads] == [
        ("21", Joined(at(-4400), ANNA, None, "", "audit1")),
        ("21", Joined(at(-4399), LEI, ANNA, "invite", "audit2")),
        ("21", Left(at(5600), LEI, None, "audit3")),
        ("21", Message(at(0.5), ANNA, "大家好，我是 @**李雷|11** 的同事", "text", "1", mentions=(LEI,))),
        ("21", Message(at(60), LEI, "", "image", "2")),
        ("22", Message(at(120.25), ANNA, QUOTED, "text", "3", "2", (LEI,))),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"date_sent": None}, "bad_date"), ({"date_sent": "x"}, "bad_date"), ({"sender": None}, "no_sender")],
)
def test_a_message_that_cannot_be_read_is_told(
    read: Callable[..., list[Record]], changes: dict[str, object], reason: str
) -> None:
    (wrong,) = read(**changes)
    assert isinstance(wrong, Unreadable)
    assert wrong.reason == reason


def test_fields_of_the_wrong_type_do_no_harm(read: Callable[..., list[Record]]) -> None:
    assert read(content=None, recipient={}, id=None) == [Message(at(0), numbered(10))]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 5),
            st.text(st.characters(exclude_characters="*[", exclude_categories=["Cs"])),
            st.integers(1, 3),
        ),
        max_size=8,
    )
)
def test_messages_that_were_written_are_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[int, str, int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "messages-000001.json"
    written = [
        {"id": n, "sender": sender, "recipient": recipient, "content": text, "date_sent": 1_600_000_000.25 + n}
        for n, (sender, text, recipient) in enumerate(said)
    ]
    path.write_text(json.dumps({"zerver_message": written, "zerver_usermessage": []}))
    source, head = recognise(path)
    reads = list(source.read(path, source.inspect(path, head), Options()))
    assert [(read.chat.key, read.record) for read in reads] == [
        (
            str(recipient),
            Message(datetime.fromtimestamp(1_600_000_000.25 + n, UTC), numbered(sender), clean(text), "text", str(n)),
        )
        for n, (sender, text, recipient) in enumerate(said)
    ]
