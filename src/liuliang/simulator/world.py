"""The invented world: what was, before any exporter looked at it.

Everything here can be seen in the files that `liuliang.simulator.files` writes, except where a field says otherwise:
WeChat tells nobody who left, so in this world nobody leaves a WeChat group unless the exporting account removes them.
Instants are whole seconds since 1970 in UTC. People and communities refer to each other by their place in the tuples.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from liuliang.simulator.formats.entries import Kind, Role

Layer = Literal["staff", "pillar", "core", "active", "occasional", "silent", "lost", "lurker"]
"""How somebody was made to behave in one community.

``silent`` people stop speaking for good at some day, ``lost`` ones stop and leave where leaving can be seen, a
``lurker`` joins and never says a word (潜水). One ``pillar`` carries a whole group.
"""

How = Literal["created", "invite", "code", "link", "alone"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, with every account they have; empty text where they have none. ``names`` is keyed by platform."""

    key: int
    names: dict[str, str]
    phone: str
    wxid: str
    qq: str
    telegram: str
    real_name: str
    gender: str
    city: str
    birthday: date
    is_staff: bool = False


@dataclass(frozen=True, slots=True)
class Community:
    """One group. ``source`` is the key of the format its history is exported in, ``platform`` where it lives."""

    key: int
    slug: str
    title: str
    type: str
    platform: str
    source: str
    chat_id: str
    timezone: str
    owner: int
    exporter: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody in a community, ever: the name they bear there at the end, their role, and how they were made to behave."""

    community: int
    person: int
    name: str
    role: Role
    layer: Layer


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody came in. ``is_told`` is False where the format has no line for it (the owner of a group just is there)."""

    at: int
    community: int
    person: int
    how: How
    inviter: int | None
    is_told: bool = True


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody went out; ``by`` removed them, None when they left themselves."""

    at: int
    community: int
    person: int
    by: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """Something said and not taken back. ``id`` is its number in the community; ``reply_to`` such a number or 0.

    ``name`` is what the person was called at that moment. Telegram's and qq-chat-exporter's files say what a message
    replies to; WeFlow's only that it is a reply; the others say nothing, and there ``reply_to`` is 0.
    """

    at: int
    community: int
    person: int
    name: str
    text: str
    id: int
    kind: Kind = "text"
    reply_to: int = 0


@dataclass(frozen=True, slots=True)
class Recall:
    """Somebody took a message back; what it said is in no file."""

    at: int
    community: int
    person: int


@dataclass(frozen=True, slots=True)
class Rename:
    """Somebody changed the name they bear in a community."""

    at: int
    community: int
    person: int
    old_name: str
    new_name: str


@dataclass(frozen=True, slots=True)
class Retitle:
    """A community got another title."""

    at: int
    community: int
    by: int
    title: str


@dataclass(frozen=True, slots=True)
class Thread:
    """A question that was meant as one, by the ids of its messages; ``answers`` is empty where nobody knew."""

    community: int
    question: int
    answers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Circle:
    """People of a community who keep to themselves; the first leads them."""

    community: int
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """A row of the member list, and which accounts the shop knows of."""

    person: int
    number: str
    at: int
    level: str
    tags: tuple[str, ...]
    note: str
    knows_wxid: bool
    knows_qq: bool


@dataclass(frozen=True, slots=True)
class Order:
    """One order. Amounts are fen. ``person`` is None for a buyer who is in no community.

    A cancelled order was never paid: its amount is 0.
    """

    number: str
    at: int
    person: int | None
    nickname: str
    phone: str
    wxid: str
    product: str
    quantity: int
    amount: int
    refunded: int
    status: Literal["已完成", "已发货", "部分退款", "已退款", "已取消"]
    content: str = ""
    play: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """A brand and its communities over ``days`` local days from ``starting``; every list is in the order of time."""

    brand: str
    seed: int
    starting: date
    days: int
    exported_at: int
    people: tuple[Person, ...]
    communities: tuple[Community, ...]
    memberships: tuple[Membership, ...]
    joins: tuple[Join, ...]
    leaves: tuple[Leave, ...]
    messages: tuple[Message, ...]
    recalls: tuple[Recall, ...]
    renames: tuple[Rename, ...]
    retitles: tuple[Retitle, ...]
    threads: tuple[Thread, ...]
    circles: tuple[Circle, ...]
    registrations: tuple[Registration, ...]
    orders: tuple[Order, ...]
