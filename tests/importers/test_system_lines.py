from __future__ import annotations

from datetime import datetime

import pytest

from liuliang.importers.records import ChatRenamed, Joined, Left, Person, Recalled, Record, Renamed, RoleChanged
from liuliang.importers.system_lines import UNKNOWN, is_deletion, read_notice, records_of, split_names

AT = datetime(2024, 1, 1)  # noqa: DTZ001 - the sentence is read, not the clock
A, B, C = Person("阿明"), Person("小满"), Person("老周")


def records(sentence: str) -> list[Record]:
    notice = read_notice(sentence)
    return [] if notice is None else list(records_of(notice, AT, Person))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        # QQ
        ("小满加入本群。", [Joined(AT, B)]),
        ("小满 加入了本群，点击修改TA的群名片", [Joined(AT, B)]),
        ("欢迎小满加入本群", [Joined(AT, B)]),
        ("阿明邀请小满加入了本群。", [Joined(AT, B, A, "invite")]),
        ("阿明邀请小满、老周加入了本群。", [Joined(AT, B, A, "invite"), Joined(AT, C, A, "invite")]),
        ("小满通过阿明的邀请加入了本群", [Joined(AT, B, A, "invite")]),
        ("小满被阿明邀请加入了本群", [Joined(AT, B, A, "invite")]),
        ("小满通过扫描阿明分享的二维码加入群聊", [Joined(AT, B, A, "code")]),
        ("小满通过扫描二维码加入本群", [Joined(AT, B, how="code")]),
        ("小满通过搜索群号加入了本群", [Joined(AT, B, how="search")]),
        ("小满退出了本群。", [Left(AT, B)]),
        ("小满被阿明移出了本群。", [Left(AT, B, A)]),
        ("小满被管理员移出本群。", [Left(AT, B, UNKNOWN)]),
        ("阿明将小满移出了群聊", [Left(AT, B, A)]),
        ("你将小满移出本群", [Left(AT, B, UNKNOWN)]),
        ("小满撤回了一条消息", [Recalled(AT, B)]),
        ("管理员阿明撤回了小满的一条消息", [Recalled(AT, B)]),
        ("阿明撤回了一条成员消息", [Recalled(AT, A)]),
        ("阿明修改群名称为“读书会”", [ChatRenamed(AT, A, "读书会")]),
        ("群主已将小满设为管理员", [RoleChanged(AT, B, "admin")]),
        ("小满被取消管理员", [RoleChanged(AT, B, "")]),
        ("小满已成为新群主", [RoleChanged(AT, B, "owner")]),
        ("群主将群转让给小满", [RoleChanged(AT, B, "owner")]),
        ("小满将群名片修改为满满", [Renamed(AT, B, "小满", "满满")]),
        # WhatsApp, Chinese of both scripts
        ("小满使用此群组的邀请链接加入了群组", [Joined(AT, B, how="link")]),
        ("小满 透過群組邀請連結加入", [Joined(AT, B, how="link")]),
        ("阿明添加了小满", [Joined(AT, B, A, "invite")]),
        ("阿明 新增了 小满", [Joined(AT, B, A, "invite")]),
        ("您添加了小满", [Joined(AT, B, None, "invite")]),
        ("小满退出了群组", [Left(AT, B)]),
        ("小满 已離開", [Left(AT, B)]),
        ("阿明移除了小满", [Left(AT, B, A)]),
        ("阿明创建了群组“读书会”", [Joined(AT, A, how="created"), ChatRenamed(AT, A, "读书会")]),
        ("阿明 建立了群組「读书会」", [Joined(AT, A, how="created"), ChatRenamed(AT, A, "读书会")]),
        ("阿明将群组名称更改为“读书会”", [ChatRenamed(AT, A, "读书会")]),
        ("阿明將主旨從「舊」變更為「读书会」", [ChatRenamed(AT, A, "读书会")]),
        ("小满现在是管理员", [RoleChanged(AT, B, "admin")]),
        ("小满不再是管理员", [RoleChanged(AT, B, "")]),
        ("小满已更换为新号码 老周", [Renamed(AT, B, "小满", "老周")]),
        # WhatsApp, English
        ("小满 joined using this group's invite link", [Joined(AT, B, how="link")]),
        ("小满 joined using a group link.", [Joined(AT, B, how="link")]),
        ("小满 joined from the community", [Joined(AT, B)]),
        ("阿明 added 小满, 老周 and Dan", [Joined(AT, p, A, "invite") for p in (B, C, Person("Dan"))]),
        ("小满 was added", [Joined(AT, B, None, "invite")]),
        ("小满 left", [Left(AT, B)]),
        ("阿明 removed 小满", [Left(AT, B, A)]),
        ("小满 was removed", [Left(AT, B, UNKNOWN)]),
        ('阿明 created group "Trip: May"', [Joined(AT, A, how="created"), ChatRenamed(AT, A, "Trip: May")]),
        ("阿明 changed the subject from “a” to “b”", [ChatRenamed(AT, A, "b")]),
        ("阿明 changed the group name to “b”", [ChatRenamed(AT, A, "b")]),
        ("小满 is now an admin", [RoleChanged(AT, B, "admin")]),
        ("小满 is no longer an admin", [RoleChanged(AT, B, "")]),
        # and elsewhere
        ("阿明 hat 小满 hinzugefügt", [Joined(AT, B, A, "invite")]),
        ("小满 hat die Gruppe verlassen", [Left(AT, B)]),
        ("阿明 añadió a 小满", [Joined(AT, B, A, "invite")]),
        ("小满 saiu", [Left(AT, B)]),
        ("阿明 a retiré 小满", [Left(AT, B, A)]),
        ("阿明 ha aggiunto 小满", [Joined(AT, B, A, "invite")]),
        ("阿明 heeft 小满 verwijderd", [Left(AT, B, A)]),
        ("阿明 добавил(а) 小满", [Joined(AT, B, A, "invite")]),
        ("阿明 menambahkan 小满", [Joined(AT, B, A, "invite")]),
        ("小满さんがグループを退出しました", [Left(AT, B)]),
        ("阿明님이 小满님을 추가했습니다", [Joined(AT, B, A, "invite")]),
    ],
)
def test_a_sentence_becomes_records(sentence: str, expected: list[Record]) -> None:
    assert records(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "你撤回了一条消息",
        "你已经是群成员了，和大家打个招呼吧！",
        "Alice added you",
        "You left",
        "You're now an admin",
        "Alice changed this group's icon",
        "Alice changed the group description",
        "Alice changed their phone number to a new number. Tap to message or add the new number.",
        "Messages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can read them.",
        "消息和通话已进行端到端加密。只有此聊天中的成员可以查看、收听或分享。",
        "Your security code with Alice changed. Tap to learn more.",
        "",
        "。",
    ],
)
def test_a_sentence_that_tells_of_nobody_else_becomes_nothing(sentence: str) -> None:
    assert records(sentence) == []


def test_several_records_of_one_message_have_ids_of_their_own() -> None:
    notice = read_notice("阿明邀请小满、老周加入了本群。")
    assert notice is not None
    assert [record.message_id for record in records_of(notice, AT, Person, message_id="7")] == ["7", "7#2"]


def test_a_name_with_a_comma_in_it_stays_one_where_it_is_known() -> None:
    assert split_names("Sons, and co", lambda name: name == "Sons, and co") == ["Sons, and co"]
    assert split_names("甲、乙") == ["甲", "乙"]


def test_a_sentence_of_any_length_is_read_quickly_or_not_at_all() -> None:
    assert read_notice("邀请" * 900) is None
    assert read_notice("甲" * 100_000 + "加入本群") is None


@pytest.mark.parametrize(
    "text",
    [
        "This message was deleted",
        "You deleted this message.",
        "\u200e此消息已删除。",
        "您已删除这条消息",
        "此訊息已刪除",
        "삭제된 메시지입니다.",
    ],
)
def test_the_stand_in_of_a_deleted_message_is_known(text: str) -> None:
    assert is_deletion(text)


def test_talk_of_deleting_is_no_stand_in() -> None:
    assert not is_deletion("This message was deleted by accident, send it again please")
    assert not is_deletion("")
