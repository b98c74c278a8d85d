"""Members at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liuliang.analytics.base import Asked, Reading, Statement, Words
from liuliang.analytics.levels import level_statements, levels
from liuliang.analytics.presence import MEMBERS


@dataclass(frozen=True, kw_only=True)
class Members(Words):
    """Members in a community at the end of each bucket."""

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return who is there now, and the flows that lead back from it."""
        return level_statements(asked)

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the level at the end of each bucket."""
        return tuple(Reading(level.part, level.start, level.members) for level in levels(asked))


METRIC = Members(definition=MEMBERS, stage="size", dimensions=("community", "type"))
