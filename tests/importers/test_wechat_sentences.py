from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.importers.records import (
    ChatRenamed,
    Joined,
    Left,
    Message,
    Person,
    Recalled,
    Record,
    Renamed,
    RoleChanged,
)
from liuliang.importers.wechat_sentences import LONGEST, MOST_QUOTES, parse

AT = datetime(2024, 1, 1, tzinfo=UTC)
ME = Person("店长", (("wxid", "wxid_me"),))
A, B, C, X = (Person(name) for name in "ABCX")
NAMES = st.text("张王李赵小明红芳龙abcXYZ019☕_()（）·", min_size=1, max_size=12)


def read(sentence: str, *, me: Person = ME, message_id: str = "") -> list[Record]:
    known = {"张三、丰": Person("张三、丰", (("wxid", "zsf"),))}
    return parse(sentence, AT, me, lambda name: known.get(name, Person(name)), message_id=message_id)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ('"A"邀请"B、C"加入了群聊', [Joined(AT, B, A, "invite"), Joined(AT, C, A, "invite")]),
        ('"A"邀请你加入了群聊，群聊参与人还有：B、C', [Joined(AT, ME, A, "invite")]),
        ('"A"邀请你和"B、C"加入了群聊', [Joined(AT, p, A, "invite") for p in (ME, B, C)]),
        ('你邀请"B"加入了群聊  撤销', [Joined(AT, B, ME, "invite")]),
        ('你邀请"B"加入了群聊  $revoke$', [Joined(AT, B, ME, "invite")]),
        ('"B"通过扫描"A"分享的二维码加入群聊', [Joined(AT, B, A, "code")]),
        ('" B"通过扫描你分享的二维码加入群聊', [Joined(AT, B, ME, "code")]),
        ('你通过扫描"A"分享的二维码加入群聊，群聊参与人还有：X', [Joined(AT, ME, A, "code")]),
        ('"B"通过扫描群二维码加入群聊', [Joined(AT, B, None, "code")]),
        ('"A"邀请"B"加入了群聊，"B"与群里其他人都不是微信朋友关系，请注意隐私安全', [Joined(AT, B, A, "invite")]),
        ("A 邀请 B、C 加入了群聊", [Joined(AT, B, A, "invite"), Joined(AT, C, A, "invite")]),
        ('"A"邀請"B"加入群組', [Joined(AT, B, A, "invite")]),
        ('"A"邀请"张三、丰、C"加入了群聊', [
            Joined(AT, Person("张三、丰", (("wxid", "zsf"),)), A, "invite"), Joined(AT, C, A, "invite"),
        ]),
        ("A invited B, C to the group chat", [Joined(AT, B, A, "invite"), Joined(AT, C, A, "invite")]),
        ("A invited you to a group chat with B, C", [Joined(AT, ME, A, "invite")]),
        ("A invited you to a group chat with ", [Joined(AT, ME, A, "invite")]),
        ("A invited you and B to the group chat", [Joined(AT, ME, A, "invite"), Joined(AT, B, A, "invite")]),
        ("You invited B to the group chat", [Joined(AT, B, ME, "invite")]),
        ('"B" joined group chat via the QR code you shared', [Joined(AT, B, ME, "code")]),
        ('"B" joined the group chat via your shared QR Code', [Joined(AT, B, ME, "code")]),
        ('"B" joined the group chat via the QR Code shared by "A"', [Joined(AT, B, A, "code")]),
        ('你将"X"移出了群聊', [Left(AT, X, ME)]),
        ('"A"将"B、X"移出了群聊', [Left(AT, B, A), Left(AT, X, A)]),
        ('你被"A"移出群聊', [Left(AT, ME, A)]),
        ('"X"退出了群聊', [Left(AT, X)]),
        ('You removed "X" from the group chat', [Left(AT, X, ME)]),
        ("You were removed from the group chat by A", [Left(AT, ME, A)]),
        ('"A" left the group chat', [Left(AT, A)]),
        ('"A" 撤回了一条消息', [Recalled(AT, A)]),
        ("你撤回了一条消息 重新编辑", [Recalled(AT, ME)]),
        ('你撤回了成员"B"的一条消息', [Recalled(AT, B)]),
        ('"A"收回了一則訊息', [Recalled(AT, A)]),
        ('"A" has recalled a message.', [Recalled(AT, A)]),
        ("You've recalled a message", [Recalled(AT, ME)]),
        ('<revokemsg>"A" 撤回了一条消息</revokemsg>', [Recalled(AT, A)]),
        ('"A"修改群名为“福利群 1”', [ChatRenamed(AT, A, "福利群 1")]),
        ("你修改群名为“福利”群”", [ChatRenamed(AT, ME, "福利”群")]),
        ('"A" changed the group name to "Fans"', [ChatRenamed(AT, A, "Fans")]),
        ('"A"修改群昵称为“阿A”', [Renamed(AT, A, "A", "阿A")]),
        ('"A"已成为新群主', [RoleChanged(AT, A, "owner")]),
        ("你已成为新群主", [RoleChanged(AT, ME, "owner")]),
        ('"A"将"B"添加为群管理员', [RoleChanged(AT, B, "admin")]),
        ("A 设置 B 为管理员", [RoleChanged(AT, B, "admin")]),
        ("A 取消了 B 的管理员身份", [RoleChanged(AT, B, "")]),
        ('"A" has become the new group owner', [RoleChanged(AT, A, "owner")]),
        ('"A" 拍了拍 "B"', [Message(AT, A, "拍了拍 B", "other", mentions=(B,))]),
    ],
)  # fmt: skip
def test_a_notice_tells_who_did_what(sentence: str, expected: list[Record]) -> None:
    assert read(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "以上是打招呼的内容",
        '"A"领取了你的红包',
        '"B"与群里其他人都不是朋友关系，请注意隐私安全',
        "大家好，欢迎加入群聊的朋友们来拿红包吧！",
        "消息已发出，但被对方拒收了。",
        "群" * (LONGEST + 1),
        '"群' * (MOST_QUOTES + 1),
    ],
)
def test_what_tells_nothing_of_people_gives_nothing(sentence: str) -> None:
    assert read(sentence) == []


def test_the_xml_of_a_notice_gives_accounts() -> None:
    xml = (
        '<sysmsg type="sysmsgtemplate"><sysmsgtemplate><content_template type="tmpl_type_profilewithrevoke">'
        '<plain><![CDATA[]]></plain><template><![CDATA["$username$"邀请"$names$"加入了群聊  $revoke$]]></template>'
        '<link_list><link name="username" type="link_profile"><memberlist><member><username><![CDATA[wxid_a]]></username>'
        "<nickname><![CDATA[A]]></nickname></member></memberlist></link>"
        '<link name="names" type="link_profile"><memberlist>'
        "<member><username><![CDATA[wxid_b]]></username><nickname><![CDATA[B、B]]></nickname></member>"
        "<member><username><![CDATA[wxid_c]]></username><nickname><![CDATA[C]]></nickname></member>"
        "</memberlist><separator><![CDATA[、]]></separator></link>"
        '<link name="revoke" type="link_revoke" hidden="1"><title><![CDATA[撤销]]></title></link>'
        "</link_list></content_template></sysmsgtemplate></sysmsg>"
    )
    a, b, c = (Person(name, (("wxid", wxid),)) for name, wxid in (("A", "wxid_a"), ("B、B", "wxid_b"), ("C", "wxid_c")))
    assert read(xml) == [Joined(AT, b, a, "invite"), Joined(AT, c, a, "invite")]


def test_entities_of_a_notice_are_never_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><sysmsg><template><![CDATA["&a;"邀请"B"加入了群聊]]></template></sysmsg>'
    assert read(bomb) == [Joined(AT, B, Person("&a;"), "invite")]


def test_of_several_records_each_has_an_id_of_its_own() -> None:
    joined = read('"A"邀请"B、C"加入了群聊', message_id="7")
    assert [record.message_id for record in joined] == ["7", "7#2"]  # type: ignore[union-attr]


def test_where_the_file_does_not_say_who_made_it_you_is_nobody() -> None:
    assert read('你邀请"B"加入了群聊', me=Person()) == [Joined(AT, B, None, "invite")]
    assert read("你撤回了一条消息", me=Person()) == []
    assert read('你将"X"移出了群聊', me=Person()) == [Left(AT, X, Person())]


@given(NAMES.filter(str.strip), st.lists(NAMES.filter(str.strip), min_size=1, max_size=4))
def test_names_of_any_kind_are_taken_out_of_their_quotes(inviter: str, members: list[str]) -> None:
    expected = [Joined(AT, Person(name.strip()), Person(inviter.strip()), "invite") for name in members]
    assert read(f'"{inviter}"邀请"{"、".join(members)}"加入了群聊') == expected


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    read(text)
    read(f'"{text}"邀请"{text}"加入了群聊')
    read(f"<sysmsg>{text}<template>{text}")


def test_a_nickname_of_ten_thousand_characters_is_a_name() -> None:
    long = "长" * 10_000
    assert read(f'"A"邀请"{long}"加入了群聊') == [Joined(AT, Person(long), A, "invite")]
