from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from liuliang.importers.base import Chat
from liuliang.importers.records import ChatRenamed, Joined, Left, Message, Person, Record, Unreadable

SAMPLES = Path(__file__).parents[1] / "samples" / "telegram_json"
START = 1_704_074_400

ReadFile = Callable[..., Any]


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


def user(number: int, name: str) -> Person:
    return Person(name, (("telegram", f"user{number}"),))


OWNER, LEI, MEI, ANNA, BORIS = (
    user(1, "群主 Owner"),
    user(2, "李雷"),
    user(3, "韩梅梅"),
    user(4, "Anna"),
    user(5, "Boris"),
)


@pytest.fixture
def read(read_text: Callable[..., list[Record]]) -> Callable[..., list[Record]]:
    def read(*messages: object) -> list[Record]:
        whole = {"name": "群", "type": "private_supergroup", "id": 1, "messages": list(messages)}
        return read_text(json.dumps(whole), expected="telegram_json", name="result.json")

    return read


def message(**changes: object) -> dict[str, object]:
    plain = {"id": 1, "type": "message", "date": "2024-01-01T10:00:00", "date_unixtime": str(START), "from": "A"}
    return {**plain, "from_id": "user7", "text": "hi", **changes}


def test_a_link_of_nobody_known_makes_no_member_of_the_group_itself(read) -> None:
    came = {"id": 1, "type": "service", "date_unixtime": str(START), "actor": "Anna", "actor_id": "user4"}
    came |= {"date": "2024-01-01T10:00:00", "action": "join_group_by_link", "inviter": "Group", "text": ""}
    assert read(came) == [Joined(at(0), ANNA, None, "link", "1")]


def test_a_group_with_its_service_messages(read_file: ReadFile) -> None:
    inspection, reads = read_file(SAMPLES / "result.json", expected="telegram_json")
    assert inspection.chats == (Chat("telegram", "1234567890", "咖啡爱好者 ☕"),)
    assert inspection.timezone_known
    channel = Person("咖啡爱好者 ☕", (("telegram", "channel1234567890"),))
    assert [read.record for read in reads] == [
        Joined(at(0), OWNER, None, "created", "1"),
        Joined(at(0), LEI, OWNER, "invite", "1#2"),
        Joined(at(60), MEI, OWNER, "invite", "2"),
        Joined(at(60), Person("李雷 Jr."), OWNER, "invite", "2#2"),
        Joined(at(120), ANNA, OWNER, "link", "3"),
        Joined(at(150), BORIS, None, "link", "4"),
        Message(at(180), MEI, "看这个 https://example.com/a 和 Anna", "text", "5", mentions=(ANNA,)),
        Message(at(240), ANNA, "谢谢", "text", "6", "5"),
        Message(at(300), LEI, "", "image", "7"),
        Message(at(360), LEI, "menu.pdf", "file", "8"),
        Message(at(420), LEI, "", "sticker", "9"),
        Message(at(480), OWNER, "周末去哪家店？", "poll", "10"),
        ChatRenamed(at(540), OWNER, "咖啡爱好者 ☕", "11"),
        Left(at(600), BORIS, OWNER, "12"),
        Left(at(660), ANNA, None, "13"),
        Message(at(780), user(9, ""), "账号已注销的人说过的话", "text", "15"),
        Message(at(840), OWNER, "", "call", "16"),
        Message(at(900), channel, "匿名管理员", "text", "17"),
    ]


def test_a_whole_account_is_many_chats(read_file: ReadFile) -> None:
    inspection, reads = read_file(SAMPLES / "account.json", expected="telegram_json")
    assert inspection.chats == (
        Chat("telegram", "1", is_group=False),
        Chat("telegram", "4", "Anna", is_group=False),
        Chat("telegram", "99", "读书会"),
        Chat("telegram", "77", "旧群"),
    )
    assert [(read.chat.key, type(read.record).__name__, read.line) for read in reads] == [
        ("1", "Message", 1),
        ("4", "Message", 1),
        ("4", "Message", 2),
        ("99", "Joined", 1),
        ("99", "Message", 2),
        ("77", "Message", 1),
    ]


def test_before_2021_times_are_local_and_accounts_bare_numbers(read_file: ReadFile) -> None:
    inspection, reads = read_file(SAMPLES / "before_2021.json", expected="telegram_json")
    assert not inspection.timezone_known
    boris = Person("Boris", (("telegram", "chat5"),))
    assert [read.record for read in reads] == [
        Joined(datetime(2019, 5, 1, 9), ANNA, None, "", "100"),  # noqa: DTZ001
        Message(datetime(2019, 5, 1, 9, 5), ANNA, "hello", "text", "101"),  # noqa: DTZ001
        Message(datetime(2019, 5, 1, 9, 6), boris, "", "voice", "102"),  # noqa: DTZ001
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"date_unixtime": None}, "bad_date"),
        ({"date_unixtime": "soon"}, "bad_date"),
        ({"date_unixtime": 1e300}, "bad_date"),
        ({"date_unixtime": "9" * 30}, "bad_date"),
        ({"from": None, "from_id": None}, "no_sender"),
        ({"from": 5, "from_id": [1]}, "no_sender"),
        ({"type": "unsupported"}, "unsupported"),
    ],
)
def test_a_message_that_cannot_be_read_is_told(
    read: Callable[..., list[Record]], changes: dict[str, object], reason: str
) -> None:
    wrong, good = read(message(**changes), message(id=2))
    assert isinstance(wrong, Unreadable)
    assert (wrong.line, wrong.reason) == (1, reason)
    assert isinstance(good, Message)


def test_an_element_that_is_no_message_is_told(read: Callable[..., list[Record]]) -> None:
    wrong, good = read(message(), 5)[1], read(message())[0]
    assert wrong == Unreadable(2, "bad_type", "5")
    assert isinstance(good, Message)


def test_fields_of_the_wrong_type_do_no_harm(read: Callable[..., list[Record]]) -> None:
    (record,) = read(
        message(text=[1, {"text": 2}, {"text": "ok"}, None], reply_to_message_id={}, id=None, media_type=4)
    )
    assert record == Message(at(0), user(7, "A"), "ok", "file")


def test_who_has_no_name_any_more_came_nevertheless(read: Callable[..., list[Record]]) -> None:
    service = message(type="service", actor="A", actor_id="user7", action="invite_members", members=[None, "B"])
    joined, told = read(service)
    assert joined == Joined(at(0), Person("B"), user(7, "A"), "invite", "1#2"), "as when both had names"
    assert isinstance(told, Unreadable)
    assert told.reason == "no_member"


def test_a_name_that_two_people_have_means_neither(read: Callable[..., list[Record]]) -> None:
    service = message(id=3, type="service", actor="C", actor_id="user9", action="remove_members", members=["A"])
    *_, left = read(message(), message(id=2, from_id="user8"), service)
    assert left == Left(at(0), Person("A"), user(9, "C"), "3")


def test_unknown_actions_tell_nothing_and_do_no_harm(read: Callable[..., list[Record]]) -> None:
    assert read(message(type="service", actor="A", actor_id="user7", action="send_stars_gift")) == []


def test_hostile_text_is_only_text(read: Callable[..., list[Record]]) -> None:
    long = "长" * 10_000
    (record,) = read(message(**{"from": long, "text": "a\x00b\ud800\u202e"}))
    assert record == Message(at(0), user(7, long), "ab\u202e", "text", "1")
