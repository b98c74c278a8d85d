"""What a file says, before anyone knows which members and communities it speaks of.

A source yields these in file order; the pipeline resolves people to members and turns records into events.
Times are aware when the file states an offset or an instant, else naive local time in the file's zone.

These are frozen structs and not dataclasses because there are millions of them: measured, a `Message` is made in 0.08 µs
instead of 1.3 µs, which was a third of all reading took. ``msgspec.structs.replace`` changes a copy.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from msgspec import Struct, field


class Person(Struct, frozen=True, gc=False):
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


class Message(Struct, frozen=True, gc=False):
    """Something said. ``message_id`` is the file's own id, empty when the format has none."""

    at: datetime
    sender: Person
    text: str = ""
    type: MessageType = "text"
    message_id: str = ""
    reply_to: str = ""
    mentions: tuple[Person, ...] = ()
    is_recalled: bool = False


class Joined(Struct, frozen=True, gc=False):
    """Somebody came in. ``how`` is ``invite``, ``link``, ``code``, ``search``, ``created`` or empty."""

    at: datetime
    member: Person
    inviter: Person | None = None
    how: str = ""
    message_id: str = ""


class Left(Struct, frozen=True, gc=False):
    """Somebody went out; ``by`` is who removed them, None when they left themselves.

    Where the file does not say who removed them, ``by`` is a `Person` without name and identity.
    """

    at: datetime
    member: Person
    by: Person | None = None
    message_id: str = ""


class Renamed(Struct, frozen=True, gc=False):
    """Somebody changed the name they are seen under (or their number: then both identities are given).

    ``member`` goes by the old name, which is how the lines before know them.
    """

    at: datetime
    member: Person
    old_name: str
    new_name: str
    message_id: str = ""


class Recalled(Struct, frozen=True, gc=False):
    """A message was taken back. ``target_id`` is the message's id where the file tells."""

    at: datetime
    member: Person
    target_id: str = ""
    message_id: str = ""


class ChatRenamed(Struct, frozen=True, gc=False):
    """The community itself got a new title."""

    at: datetime
    by: Person | None
    title: str
    message_id: str = ""


class RoleChanged(Struct, frozen=True, gc=False):
    """Somebody became, or ceased to be, ``owner`` or ``admin``; ``role`` empty means plain member."""

    at: datetime
    member: Person
    role: str
    message_id: str = ""


class MemberRow(Struct, frozen=True, gc=False):
    """One row of a member list."""

    person: Person
    joined_at: datetime | None = None
    role: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    note: str = ""
    birthday: date | None = None


class OrderRow(Struct, frozen=True, gc=False):
    """One order. Amounts are minor units of ``currency``; ``staff`` is a colleague as the file calls them."""

    number: str
    at: datetime
    buyer: Person
    amount: int
    refunded: int = 0
    currency: str = "CNY"
    product: str = ""
    quantity: int = 1
    status: str = "paid"
    content: str = ""
    play: str = ""
    staff: str = ""


class ScoreRow(Struct, frozen=True, gc=False):
    """One answer of a survey: how likely somebody is to recommend us, 0 to 10. ``group`` is a community as the file calls it."""

    person: Person
    at: datetime
    score: int
    survey: str = ""
    comment: str = ""
    group: str = ""


def words_of(record: Message | Joined | Left | Renamed | Recalled | ChatRenamed | RoleChanged) -> str:
    """Return who a record of a chat is about and what it says: what finds its line in the file again."""
    who: Person | None
    match record:
        case Message():
            who, said = record.sender, record.text
        case ChatRenamed():
            who, said = record.by, record.title
        case Renamed():
            who, said = record.member, record.new_name
        case _:
            who, said = record.member, ""
    name = "" if who is None else who.name or " ".join(value for _, value in who.identities)
    return " ".join(filter(None, (name, said)))


class Unreadable(Struct, frozen=True, gc=False):
    """A place that could not be read: line (1-based; row or message number where lines mean nothing), reason, what stood there."""

    line: int
    reason: str
    excerpt: str


Record = (
    Message
    | Joined
    | Left
    | Renamed
    | Recalled
    | ChatRenamed
    | RoleChanged
    | MemberRow
    | OrderRow
    | ScoreRow
    | Unreadable
)
