"""Ids of records where one message of a chat gives several: "A invited B and C"."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from liuliang.importers.records import (
    ChatRenamed,
    Joined,
    Left,
    Message,
    Recalled,
    Record,
    Renamed,
    RoleChanged,
)

Spoken = Message | Joined | Left | Renamed | Recalled | ChatRenamed | RoleChanged
"""The records that come out of one message of a chat and so carry its id."""


def numbered(records: Sequence[Spoken | None], message_id: str) -> list[Record]:
    """Give each record of one message an id of its own: the message's, then the same with ``#2``, ``#3`` and so on.

    None holds the place of what the file no longer tells, so that the others are counted as in an older export.
    """
    return [
        replace(record, message_id=f"{message_id}#{n}" if message_id and n > 1 else message_id)
        for n, record in enumerate(records, start=1)
        if record is not None
    ]
