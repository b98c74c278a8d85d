"""What a chat history holds, before any format has its say.

Instants are whole seconds since 1970 in UTC, because every format here starts from that. Within a chat people are told
apart by ``Who.id``, whose meaning the format decides: a QQ number, a wxid, a Telegram or a telephone number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["", "owner", "admin"]

Kind = Literal[
    "text", "image", "voice", "video", "file", "link",
    "sticker", "location", "card", "mini_program", "red_packet", "transfer",
]  # fmt: skip
"""What was said: words, or something that a text export can only name."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody in a chat, under the name the export shows."""

    id: str
    name: str
    role: Role = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """The chat an export was made of.

    ``exporter`` is whose account made it: WeChat speaks of that person as 你. ``utc_offset`` (seconds) is the clock of
    the formats that write local times. ``messages`` is how many entries follow, for headers that say so; 0 if unknown.
    """

    id: str
    title: str
    exporter: Who
    exported_at: int = 0
    utc_offset: int = 8 * 3600
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """Something said. ``id`` is unique in the chat and rises; ``reply_to`` is the ``id`` of an earlier one, or 0.

    For what is not text, ``text`` is its name: the title of a link, the name of a file, the greeting of a red packet.
    """

    at: int
    who: Who
    text: str
    id: int
    kind: Kind = "text"
    reply_to: int = 0


@dataclass(frozen=True, slots=True)
class Came:
    """People came in together. ``invite`` and ``code`` have an inviter, ``link`` may have one, the others have none.

    ``created`` is the person who made the chat; formats without a line for that take it for ``alone``.
    """

    at: int
    who: tuple[Who, ...]
    id: int
    inviter: Who | None = None
    how: Literal["created", "invite", "code", "link", "alone"] = "alone"


@dataclass(frozen=True, slots=True)
class Went:
    """Somebody went out, or was removed by ``by``."""

    at: int
    who: Who
    id: int
    by: Who | None = None


@dataclass(frozen=True, slots=True)
class TookBack:
    """Somebody took back the message ``target`` (0 if not known); the message itself is gone from the export."""

    at: int
    who: Who
    id: int
    target: int = 0


@dataclass(frozen=True, slots=True)
class Renamed:
    """Somebody goes by another name from now on. Only formats that announce it write a line."""

    at: int
    who: Who
    old_name: str
    id: int


@dataclass(frozen=True, slots=True)
class Retitled:
    """The chat got another title."""

    at: int
    by: Who
    title: str
    id: int


Entry = Said | Came | Went | TookBack | Renamed | Retitled
