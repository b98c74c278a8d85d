from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from liuliang.importers.base import Chat
from liuliang.importers.records import Joined, Message, Person, Recalled, Record, Unreadable

SAMPLES = Path(__file__).parents[1] / "samples" / "wechat_csv"
HEADER = "localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,Sender\r\n"

ReadText = Callable[..., list[Record]]


def wx(name: str, wxid: str) -> Person:
    return Person(name, (("wxid", wxid),))


def at(offset: int) -> datetime:
    return datetime.fromtimestamp(1_700_000_000 + offset, UTC)


def row(number: int, text: str, *, kind: int = 1, instant: str = "1700000000") -> str:
    return f"{number},3,{kind},0,0,{instant},,{text},2023-11-14 22:13:20,,李雷,wxid_lilei\r\n"


@pytest.fixture
def read(read_text: ReadText) -> ReadText:
    return lambda text: read_text(text, expected="wechat_csv", name="读书会.csv")


def test_the_export_of_everything_is_several_chats_of_instants(read_file: Callable[..., object]) -> None:
    inspection, reads = read_file(SAMPLES / "messages.csv", expected="wechat_csv")  # type: ignore[misc]
    lei, fang = wx("李雷", "wxid_lilei"), wx("王芳", "wxid_wf")
    assert inspection.chats == (Chat("wechat", "talker:3"), Chat("wechat", "talker:8", is_group=False))
    assert inspection.timezone_known
    assert [(read.line, read.chat.key, read.record) for read in reads] == [
        (2, "talker:3", Joined(at(0), lei, fang, "invite")),
        (3, "talker:3", Message(at(60), lei, "大家好")),
        (4, "talker:3", Message(at(120), wx("我", "wxid_me"), '第一行\n第二行, 有逗号和"引号"')),
        (6, "talker:3", Message(at(180), fang, "同意 & 支持")),
        (7, "talker:3", Message(at(240), fang, "", "image")),
        (8, "talker:8", Message(at(300), wx("赵四", "wxid_zs"), "另一个群")),
        (9, "talker:3", Recalled(at(360), lei)),
    ]


def test_the_export_of_one_chat_has_names_and_local_times(read_file: Callable[..., object]) -> None:
    inspection, reads = read_file(SAMPLES / "相亲相爱一家人.csv", expected="wechat_csv")  # type: ignore[misc]
    assert inspection.chats == (Chat("wechat", title="相亲相爱一家人"),)
    assert not inspection.timezone_known
    first, second, third = (read.record for read in reads)
    local = datetime(2024, 2, 10, 8)  # noqa: DTZ001 - as the file writes it
    assert first == Message(local, Person("妈妈"), "新年好", message_id="7300000000000000001")
    assert (second.type, second.text) == ("image", "")
    assert (third.member, third.inviter, third.how) == (Person("小姨"), Person("爸爸"), "invite")


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (row(2, '"没有关上的引号'), "unclosed_quote"),
        ("2,3,1,0,0,1700000000,,少了几列\r\n", "bad_row"),
        (row(2, "坏", instant="99999999999999999"), "bad_date"),
        (row(2, "坏", instant="昨天"), "bad_date"),
    ],
)
def test_a_damaged_row_is_reported_and_the_others_are_read(read: ReadText, damaged: str, reason: str) -> None:
    records = read(HEADER + row(1, "前") + damaged + row(3, "后一") + row(4, "后二"))
    assert [record.text for record in records if isinstance(record, Message)] == ["前", "后一", "后二"]
    (wrong,) = [record for record in records if isinstance(record, Unreadable)]
    assert (wrong.line, wrong.reason) == (3, reason)


def test_a_file_cut_in_the_middle_of_a_quote_keeps_what_came_before(read: ReadText) -> None:
    records = read(HEADER + row(1, "前") + '2,3,1,0,0,1700000000,,"写到一半\n的话')
    assert [type(record) for record in records] == [Message, Unreadable, Unreadable]


def test_long_texts_are_whole(read: ReadText) -> None:
    (record,) = read(HEADER + row(1, '"' + "长\n" * 1_500 + "长" * 200_000 + '"'))
    assert isinstance(record, Message)
    assert len(record.text) == 203_000


def test_a_message_of_xml_keeps_only_its_title(read: ReadText) -> None:
    link = "<msg><appmsg><title><![CDATA[新书]]></title><url>http://x</url></appmsg></msg>"
    records = read(
        HEADER
        + f'1,3,49,5,0,1700000000,,"{link}",,,甲,wxid_a\r\n'
        + '2,3,43,0,0,1700000000,,"<msg><videomsg /></msg>",,,甲,wxid_a\r\n'
    )
    assert [(record.type, record.text) for record in records if isinstance(record, Message)] == [
        ("link", "新书"),
        ("video", ""),
    ]
