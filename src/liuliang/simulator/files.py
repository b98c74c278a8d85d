"""Write the world as the files its people would export: a chat history of each community, and lists of members, orders, answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from liuliang.simulator import brand, surveys
from liuliang.simulator.formats import members_table, orders_table, scores_table
from liuliang.simulator.formats.catalogue import write_chat
from liuliang.simulator.formats.entries import Came, Chat, Entry, Retitled, Said, TookBack, Went, Who
from liuliang.simulator.formats.members_table import MemberLine
from liuliang.simulator.formats.orders_table import OrderLine
from liuliang.simulator.formats.scores_table import ScoreLine
from liuliang.simulator.world import Community, Join, Leave, Message, Person, Recall, Retitle, World

_Happening = Join | Leave | Message | Recall | Retitle


def write(world: World, folder: Path) -> list[Path]:
    """Write every file into ``folder`` (made if missing) and return their paths: chats, then members, orders, answers."""
    folder.mkdir(parents=True, exist_ok=True)
    happenings = _by_community(world)
    paths = [_write_community(world, community, happenings[community.key], folder) for community in world.communities]
    members = folder / "会员名单.xlsx"
    members_table.write(members, member_lines(world))
    orders = folder / "订单明细.xlsx"
    orders_table.write(orders, order_lines(world))
    scores = folder / "推荐意愿.xlsx"
    scores_table.write(scores, score_lines(world))
    return [*paths, members, orders, scores]


def file_name(world: World, community: Community) -> str:
    """Return what the exporter calls the file, with its folder where it makes one."""
    day = datetime.fromtimestamp(world.exported_at + brand.UTC_OFFSET, UTC)
    return {
        "qq_txt": f"{community.title}.txt",
        "qq_exporter_json": f"group_{community.chat_id}_{day:%Y%m%d}_{day:%H%M%S}.json",
        "weflow_json": f"{community.title}.json",
        "wechat_csv": f"{community.title}.csv",
        "telegram_json": f"ChatExport_{day:%Y-%m-%d}/result.json",
        "whatsapp_txt": f"WhatsApp Chat - {community.title}.zip",
    }[community.source]


def account(person: Person, platform: str) -> str:
    """Return the id by which ``platform``'s exports know the person. WhatsApp's know nobody by more than a name."""
    return {
        "wechat": person.wxid,
        "qq": person.qq,
        "telegram": person.telegram,
        "whatsapp": person.names.get("whatsapp", ""),
    }[platform]


def member_lines(world: World) -> Iterator[MemberLine]:
    """Yield the member list. Of two people in five the shop does not know the real name."""
    for registration in world.registrations:
        person = world.people[registration.person]
        yield MemberLine(
            number=registration.number,
            nickname=shop_nickname(person),
            name=person.real_name if person.key % 5 > 1 else "",
            phone=_phone(person.phone),
            wxid=person.wxid if registration.knows_wxid else "",
            qq=person.qq if registration.knows_qq else "",
            gender=person.gender,
            birthday=person.birthday if person.key % 3 else None,
            city=person.city,
            level=registration.level,
            registered=_local(registration.at),
            tags=registration.tags,
            note=registration.note,
        )


def order_lines(world: World) -> Iterator[OrderLine]:
    """Yield the order list."""
    for order in world.orders:
        yield OrderLine(
            number=order.number,
            at=_local(order.at),
            nickname=order.nickname,
            phone=_phone(order.phone),
            wxid=order.wxid,
            product=order.product,
            quantity=order.quantity,
            amount=order.amount,
            refunded=order.refunded,
            status=order.status,
            content=order.content,
            play=order.play,
        )


def score_lines(world: World) -> Iterator[ScoreLine]:
    """Yield what was answered: the survey knows people by the number that the shop has."""
    for answer in surveys.answers(world):
        person = world.people[answer.person]
        yield ScoreLine(
            _local(answer.at), surveys.SURVEY, shop_nickname(person), _phone(person.phone), answer.score, answer.comment
        )


def shop_nickname(person: Person) -> str:
    """Return the name the shop knows the person by."""
    platforms = ("wechat", "qq", "telegram", "whatsapp")
    return next(person.names[platform] for platform in platforms if platform in person.names)


def _by_community(world: World) -> dict[int, list[_Happening]]:
    happenings: dict[int, list[_Happening]] = {community.key: [] for community in world.communities}
    kinds: tuple[tuple[_Happening, ...], ...] = (
        tuple(join for join in world.joins if join.is_told),
        world.retitles,
        world.messages,
        world.recalls,
        world.leaves,
    )
    for kind in kinds:
        for happening in kind:
            happenings[happening.community].append(happening)
    for every in happenings.values():
        every.sort(key=attrgetter("at"))
    return happenings


def _write_community(world: World, community: Community, happenings: list[_Happening], folder: Path) -> Path:
    path = folder / file_name(world, community)
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = _entries(world, community, happenings)
    exporter = world.people[community.exporter]
    chat = Chat(
        id=community.chat_id,
        title=community.title,
        exporter=Who(account(exporter, community.platform), exporter.names[community.platform], "owner"),
        exported_at=world.exported_at,
        utc_offset=brand.UTC_OFFSET,
        messages=len(entries),
    )
    return write_chat(path, community.source, chat, entries)


def _entries(world: World, community: Community, happenings: list[_Happening]) -> list[Entry]:
    """Return what happened as the exporter sees it, with the names of each moment and numbers from 1."""
    cast = _cast(world, community)
    entries: list[Entry] = []
    numbers: dict[int, int] = {}
    for _, together in groupby(enumerate(happenings), key=_moment):
        group = [happening for _, happening in together]
        number = len(entries) + 1
        first = group[0]
        if isinstance(first, Join):
            inviter = cast[first.inviter] if first.inviter is not None else None
            arrived = tuple(cast[join.person] for join in group if isinstance(join, Join))
            entries.append(Came(first.at, arrived, number, inviter, first.how))
        elif isinstance(first, Message):
            who = cast[first.person]
            if who.name != first.name:
                who = cast[first.person] = Who(who.id, first.name, who.role)
            numbers[first.id] = number
            reply_to = numbers.get(first.reply_to, 0)
            entries.append(Said(first.at, who, first.text, number, first.kind, reply_to))
        elif isinstance(first, Leave):
            by = cast[first.by] if first.by is not None else None
            entries.append(Went(first.at, cast[first.person], number, by))
        elif isinstance(first, Retitle):
            entries.append(Retitled(first.at, cast[first.by], first.title, number))
        else:
            entries.append(TookBack(first.at, cast[first.person], number))
    return entries


def _moment(numbered: tuple[int, _Happening]) -> tuple[object, ...]:
    """Return what keeps people together who were invited at once, and everything else apart."""
    place, happening = numbered
    if isinstance(happening, Join) and happening.how == "invite":
        return ("invited", happening.at, happening.inviter)
    return (place,)


def _cast(world: World, community: Community) -> dict[int, Who]:
    """Return everybody of a community under the name they began with."""
    names: dict[int, str] = {}
    for rename in world.renames:
        if rename.community == community.key:
            names.setdefault(rename.person, rename.old_name)
    return {
        membership.person: Who(
            account(world.people[membership.person], community.platform),
            names.get(membership.person, membership.name),
            membership.role,
        )
        for membership in world.memberships
        if membership.community == community.key
    }


def _local(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at + brand.UTC_OFFSET)).strftime("%Y-%m-%d %H:%M:%S")


def _phone(number: str) -> str:
    """Return a number as a Chinese shop writes it: without the country code if it is its own."""
    return number.removeprefix("+86")
