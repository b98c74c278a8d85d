"""What a file says, before anyone knows which members and communities it speaks of.

A source yields these in file order; the pipeline resolves people to members and turns records into events.
Times are aware when the file states an offset or an instant, else naive local time in the file's zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Person:
    """Someone a record speaks of: what is known to identify them, strongest first.

    ``identities`` are (kind, value) pairs such as ``("qq", "10001")``, ``("wxid", "wxid_x")`` or ``("phone", "+8613…")``.
    Without any, the person is known by ``name`` in this chat only.
    """

    name: str = ""
    identities: tuple[tuple[str, str], ...] = ()
    is_bot: bool = False


MessageType = Literal[
    "text", "image", "voice", "video", "file", "link", "sticker", "location", "card", "mini_program",
    "red_packet", "transfer", "call", "poll", "forward", "music", "other",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """Something said. ``message_id`` is the file's own id, empty when the format has none."""

    at: datetime
    sender: Person
    text: str = ""
    type: MessageType = "text"
    message_id: str = ""
    reply_to: str = ""
    mentions: tuple[Person, ...] = ()
    is_recalled: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody came in. ``how`` is ``invite``, ``link``, ``code``, ``search``, ``created`` or empty."""

    at: datetime
    member: Person
    inviter: Person | None = None
    how: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody went out; ``by`` is who removed them, None when they left themselves."""

    at: datetime
    member: Person
    by: Person | None = None
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Renamed:
    """Somebody changed the name they are seen under (or their number: then both identities are given)."""

    at: datetime
    member: Person
    old_name: str
    new_name: str
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A message was taken back. ``target_id`` is the message's id where the file tells."""

    at: datetime
    member: Person
    target_id: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class ChatRenamed:
    """The community itself got a new title."""

    at: datetime
    by: Person | None
    title: str
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """Somebody became, or ceased to be, ``owner`` or ``admin``; ``role`` empty means plain member."""

    at: datetime
    member: Person
    role: str
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One row of a member list."""

    person: Person
    joined_at: datetime | None = None
    role: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    note: str = ""
    birthday: date | None = None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order. Amounts are minor units of ``currency``."""

    number: str
    at: datetime
    buyer: Person
    amount: int
    refunded: int = 0
    currency: str = "CNY"
    product: str = ""
    quantity: int = 1
    status: str = "paid"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place that could not be read: line (1-based; row or message number where lines mean nothing), reason, what stood there."""

    line: int
    reason: str
    excerpt: str


Record = Message | Joined | Left | Renamed | Recalled | ChatRenamed | RoleChanged | MemberRow | OrderRow | Unreadable
