"""What makes two records of two exports the same fact.

Some platforms give every message an id that all exports share. Others (QQ, WeChat, WhatsApp, IRC) have none, or each tool
counts in its own way; there a message is known by its instant, its sender and what it says, and by how many the same
there were before it in that second. So the same chat exported twice, in pieces or by two tools, counts once.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

SHARED_IDS = frozenset({"telegram", "discord", "slack", "zulip", "wecom"})
"""Platforms whose message ids are the same in every export."""

TIMELESS = datetime(1, 1, 1, tzinfo=UTC)
"""Stands in for the instant of records that are the same whenever they are seen."""

_DAYS_KEPT = 3


class Keys:
    """Gives records their source ids, in file order. Reading a file again from the start gives the same ids."""

    def __init__(self, platform: str, secret: bytes) -> None:
        self._secret = secret
        self._has_ids = platform in SHARED_IDS
        self._seen: dict[date, dict[bytes, int]] = {}

    def key(self, kind: str, at: datetime, who: str, what: str, message_id: str) -> str:
        """Return the source id of a record. ``who`` and ``what`` tell it from others of the same second.

        A message of a platform with ids keeps its id bare, so that replies and recalls find it. Of several who come by one
        message each has an id of their own; who they are is no part of the key, for one export tells a name and the next
        the account.
        """
        if message_id and self._has_ids:
            return message_id if kind == "message" else f"{message_id}/{kind}"
        second = int(at.timestamp())
        said = f"{kind}\x1f{second}\x1f{who}\x1f{what}".encode("utf-8", "surrogatepass")
        content = hashlib.blake2b(said, digest_size=12, key=self._secret).digest()
        # The second comes first, so that a chat in order is written to one end of the log's index and not all over it.
        return f"{second:x}.{content.hex()}.{self._occurrence(at.date(), content)}"

    def _occurrence(self, day: date, content: bytes) -> int:
        """Count the same content; only a few days are remembered, because a chat is in order up to its last lines."""
        seen = self._seen.get(day)
        if seen is None:
            seen = self._seen[day] = {}
            if len(self._seen) > _DAYS_KEPT:
                # The day before all days holds what has no time; it is never forgotten.
                del self._seen[next(each for each in self._seen if each != TIMELESS.date())]
        count = seen[content] = seen.get(content, 0) + 1
        return count


def digest(text: str, secret: bytes) -> str:
    """Return a short keyed hash: who somebody was cannot be tried out from it after they were erased."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12, key=secret).hexdigest()
