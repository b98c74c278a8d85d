from __future__ import annotations

import csv
import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.simulator.formats import irc_log, qq_txt, telegram_json, wechat_csv, weflow_json, whatsapp_txt
from liuliang.simulator.formats.catalogue import FORMATS
from liuliang.simulator.formats.entries import Came, Chat, Entry, Renamed, Retitled, Said, TookBack, Went, Who

if TYPE_CHECKING:
    from collections.abc import Callable

OWNER = Who("10001", "阿木", "owner")
DEER = Who("10002", "小鹿🦌(不加糖)")
MIA = Who("10003", "Mia")
CHAT = Chat("777", "雾汀", OWNER, exported_at=1_700_009_999)
NOON = 1_700_020_800
"""15 November 2023, noon in Shanghai."""

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def rendered(key: str, *entries: Entry) -> str:
    return "".join(FORMATS[key].render(CHAT, entries))


def messages(key: str, *entries: Entry) -> list[dict[str, Any]]:
    document = json.loads(rendered(key, *entries))
    return list(document if isinstance(document, list) else document["messages"])


def test_qq_writes_the_number_last_and_the_hour_without_a_zero() -> None:
    text = "".join(qq_txt.render(CHAT, [Said(NOON - 4 * 3600, DEER, "好\n的", 1), Said(NOON, OWNER, "", 2, "image")]))
    assert text.endswith(
        "2023-11-15 8:00:00 小鹿🦌(不加糖)(10002)\n好\n的\n\n2023-11-15 12:00:00 【群主】阿木(10001)\n[图片]\n\n"
    )


def test_qq_says_in_sentences_who_came_and_went() -> None:
    text = rendered(
        "qq_txt",
        Came(NOON, (DEER, MIA), 1, OWNER, "invite"),
        Went(NOON, MIA, 2, OWNER),
        Went(NOON, DEER, 3),
        TookBack(NOON, OWNER, 4),
    )
    sentences = ("阿木邀请Mia加入了本群。", "Mia被阿木移出了本群。", "小鹿🦌(不加糖)退出了本群。", "你撤回了一条消息")
    assert all(f"系统消息(10000)\n{sentence}\n" in text for sentence in sentences)


def test_wechat_calls_the_exporter_you_and_hides_who_left() -> None:
    texts = [
        row["content"]
        for row in messages(
            "weflow_json",
            Came(NOON, (DEER, MIA), 1, OWNER, "invite"),
            Came(NOON, (OWNER,), 2, MIA, "code"),
            Went(NOON, MIA, 3),
            Went(NOON, MIA, 4, DEER),
            Went(NOON, MIA, 5, OWNER),
            Retitled(NOON, MIA, "新名", 6),
        )
    ]
    assert texts == [
        '你邀请"小鹿🦌(不加糖)、Mia"加入了群聊',
        '"阿木"通过扫描"Mia"分享的二维码加入群聊',
        '你将"Mia"移出了群聊',
        '"Mia"修改群名为“新名”',
    ]


def test_weflow_marks_replies_but_not_to_what() -> None:
    row = messages("weflow_json", Said(NOON, OWNER, "问", 1), Said(NOON, MIA, "答", 2, reply_to=1))[1]
    assert (row["type"], row["content"], row["isSend"], row["senderUsername"]) == ("引用消息", "答", 0, "10003")


def test_telegram_sets_links_apart() -> None:
    row = messages("telegram_json", Said(NOON, MIA, "看 https://a.example/b?c=1 吧", 1))[0]
    assert row["text"] == ["看 ", {"type": "link", "text": "https://a.example/b?c=1"}, " 吧"]


def test_telegram_invites_several_in_one_action() -> None:
    row = messages("telegram_json", Came(NOON, (DEER, MIA), 1, OWNER, "invite"))[0]
    assert (row["action"], row["actor_id"], row["members"]) == ("invite_members", "user10001", [DEER.name, MIA.name])


@pytest.mark.parametrize(
    ("style", "line"),
    [
        ("ios_zh", "[2023/11/15 下午12:00:00] Mia: 好"),
        ("ios_en", "[11/15/23, 12:00:00\u202fPM] Mia: 好"),
        ("android_zh", "2023/11/15 12:00 - Mia: 好"),
        ("android_en", "15/11/2023, 12:00 - Mia: 好"),
    ],
)
def test_whatsapp_has_its_own_clock_in_every_style(style: str, line: str) -> None:
    assert list(whatsapp_txt.render(CHAT, [Said(NOON, MIA, "好", 1)], style))[1] == line + "\n"


def test_whatsapp_writes_midnight_as_twelve_in_the_morning() -> None:
    assert "上午12:00:00" in rendered("whatsapp_txt", Said(NOON - 12 * 3600, MIA, "好", 1))


def test_whatsapp_on_android_names_nobody_before_its_own_sentences() -> None:
    lines = list(whatsapp_txt.render(CHAT, [Came(NOON, (MIA,), 1, how="link")], "android_en"))
    assert lines[1] == "15/11/2023, 12:00 - Mia joined using this group's invite link\n"


def test_irc_announces_a_new_day_and_splits_lines() -> None:
    entries = [Said(NOON, MIA, "a\nb", 1), Renamed(NOON + 86_400, DEER, "old", 2)]
    assert list(irc_log.render(CHAT, entries)) == [
        "[12:00] <Mia> a\n",
        "[12:00] <Mia> b\n",
        "--- Day changed Thu Nov 16 2023\n",
        "=== old is now known as 小鹿🦌(不加糖)\n",
    ]


def test_chatlog_numbers_rise_within_a_second_and_replies_carry_them() -> None:
    rows = messages("chatlog_json", Said(NOON, OWNER, "问", 1), Said(NOON, MIA, "答", 2, reply_to=1))
    assert [row["seq"] for row in rows] == [NOON * 1000, NOON * 1000 + 1]
    assert rows[1]["contents"]["refer"]["seq"] == NOON * 1000
    assert rows[1]["time"] == "2023-11-15T12:00:00+08:00"


def test_discord_joins_are_messages() -> None:
    row = messages("discord_json", Came(NOON, (MIA,), 5))[0]
    assert (row["type"], row["author"]["id"], row["timestamp"]) == (
        "GuildMemberJoin",
        "10003",
        "2023-11-15T12:00:00.000+08:00",
    )


def weflow_words(row: dict[str, Any]) -> tuple[str, str]:
    return row["senderDisplayName"], row["content"]


def chatlog_words(row: dict[str, Any]) -> tuple[str, str]:
    return row["senderName"], row["content"]


def qq_words(row: dict[str, Any]) -> tuple[str, str]:
    return row["sender"]["name"], row["content"]["text"]


def telegram_words(row: dict[str, Any]) -> tuple[str, str]:
    return row["from"], "".join(entity["text"] for entity in row["text_entities"])


def discord_words(row: dict[str, Any]) -> tuple[str, str]:
    return row["author"]["nickname"], row["content"]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("weflow_json", weflow_words),
        ("chatlog_json", chatlog_words),
        ("qq_exporter_json", qq_words),
        ("telegram_json", telegram_words),
        ("discord_json", discord_words),
    ],
)
@given(text=TEXT, name=TEXT)
def test_json_holds_any_text(
    key: str, words: Callable[[dict[str, Any]], tuple[str, str]], text: str, name: str
) -> None:
    (row,) = messages(key, Said(NOON, Who("10009", name), text, 1))
    assert words(row) == (name, text)


@given(text=TEXT, name=TEXT)
def test_csv_holds_any_text(text: str, name: str) -> None:
    content = "".join(wechat_csv.render(CHAT, [Said(NOON, Who("10009", name), text, 1)]))
    _, row = csv.reader(StringIO(content, newline=""))
    assert (row[7], row[10]) == (text, name)


@pytest.mark.parametrize("key", list(FORMATS))
def test_an_empty_history_is_still_a_file_of_its_kind(key: str) -> None:
    text = rendered(key)
    if FORMATS[key].suffix == ".json":
        document = json.loads(text)
        assert (document if isinstance(document, list) else document["messages"]) == []


def test_weflow_and_telegram_stream() -> None:
    def endless() -> Any:
        number = 0
        while True:
            number += 1
            yield Said(NOON + number, MIA, "好", number)

    for module in (weflow_json, telegram_json):
        pieces = module.render(CHAT, endless())
        assert len([next(pieces) for _ in range(100)]) == 100
