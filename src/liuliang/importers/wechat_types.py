"""The numbers WeChat's own database gives its messages, which every tool that reads it passes on."""

from __future__ import annotations

from liuliang.importers.records import MessageType

NUMBERS: dict[str, MessageType] = {
    "1": "text", "3": "image", "34": "voice", "42": "card", "66": "card", "43": "video", "62": "video", "47": "sticker",
    "48": "location", "50": "call",
}  # fmt: skip
"""Kinds of messages, but for 49."""

APPS: dict[str, MessageType] = {
    "1": "text", "57": "text", "3": "music", "92": "music", "4": "link", "5": "link", "51": "link", "63": "link",
    "6": "file", "74": "file", "8": "sticker", "17": "location", "19": "forward", "40": "forward", "24": "other",
    "33": "mini_program", "36": "mini_program", "2000": "transfer", "2001": "red_packet", "2003": "red_packet",
}  # fmt: skip
"""Kinds of number 49, what an app shares, by their second number."""

SYSTEM = frozenset({"10000", "10002"})
"""Notices: joins, recalls and the like."""


def kind_of(number: str, second: str) -> MessageType:
    """Return what sort of message two numbers of the database mean."""
    return APPS.get(second, "other") if number == "49" else NUMBERS.get(number, "other")
