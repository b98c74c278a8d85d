"""The files, read back with nothing but general tools."""

from __future__ import annotations

import csv
import json
import re
from datetime import date, datetime
from typing import TYPE_CHECKING
from zipfile import ZipFile

from python_calamine import CalamineWorkbook

from liuliang.simulator import World, simulate, truth, write
from liuliang.simulator.files import account

if TYPE_CHECKING:
    from pathlib import Path

    from liuliang.simulator.world import Community

QQ_HEADER = re.compile(r"^(\d{4}-\d\d-\d\d \d{1,2}:\d\d:\d\d) (?:【.+?】)?(.*)\((\d+)\)$")
WHATSAPP_HEADER = re.compile(r"^\[(\d{4}/\d{1,2}/\d{1,2}) (上午|下午)(\d{1,2}:\d\d:\d\d)\] (.+?): (.*)$")


def community(world: World, slug: str) -> Community:
    return next(one for one in world.communities if one.slug == slug)


def told(world: World, slug: str) -> tuple[int, int, int]:
    """Return how many messages, joins with a line and leaves a community has."""
    key = community(world, slug).key
    joins = sum(truth.joins_per_day(world, key).values())
    leaves = sum(truth.leaves_per_day(world, key).values())
    return len(truth.messages_of(world, key)), joins, leaves


def read_sheet(path: Path) -> list[dict[str, object]]:
    header, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def test_the_same_world_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (
        write(simulate(ending=date(2026, 3, 1), days=14, people=60), tmp_path / name) for name in ("one", "two")
    )
    assert len(first) == 11
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_qq_text_has_every_line(small_world: World, small_files: dict[str, Path]) -> None:
    raw = small_files["deals"].read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    lines = raw.decode("utf-8-sig").split("\r\n")
    assert lines[5] == "消息对象:雾汀福利社"
    headers = [match for line in lines if (match := QQ_HEADER.match(line))]
    messages, joins, leaves = told(small_world, "deals")
    assert sum(1 for match in headers if match[3] != "10000") == messages
    assert sum(1 for line in lines if line.endswith(("加入了本群。", "加入本群。"))) == joins
    assert sum(1 for line in lines if line.endswith(("退出了本群。", "移出了本群。"))) == leaves


def test_the_weflow_file_has_every_message(small_world: World, small_files: dict[str, Path]) -> None:
    document = json.loads(small_files["fans"].read_text(encoding="utf-8"))
    said = [row for row in document["messages"] if row["type"] != "系统消息"]
    mine = truth.messages_of(small_world, community(small_world, "fans").key)
    assert document["session"]["messageCount"] == len(document["messages"])
    assert document["session"]["wxid"].endswith("@chatroom")
    assert [row["createTime"] for row in said] == [message.at for message in mine]
    assert [row["senderUsername"] for row in said] == [small_world.people[message.person].wxid for message in mine]
    assert [row["content"] for row in said if row["type"] == "文本消息"] == [
        message.text for message in mine if message.kind == "text" and not message.reply_to
    ]
    assert [row["localId"] for row in document["messages"]] == list(range(1, len(document["messages"]) + 1))


def test_the_csv_has_every_message(small_world: World, small_files: dict[str, Path]) -> None:
    with small_files["learning"].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    mine = truth.messages_of(small_world, community(small_world, "learning").key)
    texts = [row for row in rows if row["Type"] == "1"]
    assert [row["StrContent"] for row in texts] == [message.text for message in mine if message.kind == "text"]
    assert all(datetime.fromisoformat(row["StrTime"] + "+08:00").timestamp() == int(row["CreateTime"]) for row in rows)
    joins = sum(1 for row in rows if row["Type"] == "10000" and "加入" in row["StrContent"])
    assert 0 < joins <= told(small_world, "learning")[1]


def test_the_telegram_file_has_every_message_and_action(small_world: World, small_files: dict[str, Path]) -> None:
    assert small_files["gear"].name == "result.json"
    document = json.loads(small_files["gear"].read_text(encoding="utf-8"))
    rows = document["messages"]
    messages, joins, leaves = told(small_world, "gear")
    assert sum(1 for row in rows if row["type"] == "message") == messages
    arrived = sum(len(row["members"]) for row in rows if row.get("action") == "invite_members")
    arrived += sum(1 for row in rows if row.get("action") in {"join_group_by_link", "create_group"})
    assert arrived == joins
    assert sum(1 for row in rows if row.get("action") == "remove_members") == leaves
    numbers = {row["id"] for row in rows}
    assert all(row["reply_to_message_id"] in numbers for row in rows if "reply_to_message_id" in row)
    for row in rows:
        parts = [row["text"]] if isinstance(row["text"], str) else row["text"]
        plain = "".join(part if isinstance(part, str) else part["text"] for part in parts)
        assert plain == "".join(entity["text"] for entity in row["text_entities"])


def test_the_qq_exporter_file_has_every_message(small_world: World, small_files: dict[str, Path]) -> None:
    document = json.loads(small_files["paid"].read_text(encoding="utf-8"))
    said = [row for row in document["messages"] if not row["isSystemMessage"]]
    mine = truth.messages_of(small_world, community(small_world, "paid").key)
    assert [row["timestamp"] for row in said] == [message.at * 1000 for message in mine]
    assert [row["sender"]["uin"] for row in said] == [small_world.people[message.person].qq for message in mine]
    ids = {row["messageId"] for row in said}
    replies = [row["content"]["reply"]["referencedMessageId"] for row in said if "reply" in row["content"]]
    assert len(replies) == sum(1 for message in mine if message.reply_to)
    assert set(replies) <= ids


def test_the_whatsapp_archive_has_every_line(small_world: World, small_files: dict[str, Path]) -> None:
    with ZipFile(small_files["partners"]) as archive:
        assert archive.namelist() == ["_chat.txt"]
        lines = archive.read("_chat.txt").decode().split("\n")
    headers = [match for line in lines if (match := WHATSAPP_HEADER.match(line))]
    messages, joins, leaves = told(small_world, "partners")
    # What WhatsApp itself says is marked; so is what it left out, which somebody did say.
    own = [match[5] for match in headers if match[5].startswith("\u200e") and not match[5].endswith("已忽略")]
    assert sum(1 for words in own if words.endswith(("邀请链接加入", "创建了此群组")) or "添加了" in words) == joins
    assert sum(1 for words in own if words.endswith("退出了群组") or "移除了" in words) == leaves
    assert len(headers) - len(own) == messages


def test_the_member_list_can_be_joined_with_the_chats(small_world: World, small_files: dict[str, Path]) -> None:
    rows = read_sheet(small_files["members"])
    assert len(rows) == len(small_world.registrations)
    people = {person.phone.removeprefix("+86"): person for person in small_world.people}
    for row in rows:
        person = people[str(row["手机号"])]
        assert row["微信号"] in {"", person.wxid}
        assert row["QQ号"] in {"", person.qq}
    assert any(row["生日"] for row in rows)


def test_the_order_list_has_every_order_in_yuan(small_world: World, small_files: dict[str, Path]) -> None:
    rows = read_sheet(small_files["orders"])
    assert [row["订单编号"] for row in rows] == [order.number for order in small_world.orders]
    amounts = [round(float(str(row["实付金额"])) * 100) for row in rows]
    assert amounts == [order.amount for order in small_world.orders]


def test_one_person_has_the_same_account_in_every_group_of_a_platform(small_world: World) -> None:
    seen: dict[tuple[str, int], set[str]] = {}
    for membership in small_world.memberships:
        platform = small_world.communities[membership.community].platform
        identity = account(small_world.people[membership.person], platform)
        assert identity
        seen.setdefault((platform, membership.person), set()).add(identity)
    assert all(len(accounts) == 1 for accounts in seen.values())
