"""Members at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Asked, Reading, Side, Statement, Words
from liuliang.analytics.levels import level_statements, levels, present_at_end
from liuliang.analytics.presence import MEMBERS


@dataclass(frozen=True, kw_only=True)
class Members(Words):
    """Members in a community at the end of each bucket."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return those who are there."""
        return (Side("there", _("在群的人"), "value", is_by_place=True),)

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return who is there now, and the flows that lead back from it."""
        return level_statements(asked)

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the level at the end of each bucket."""
        return tuple(Reading(level.part, level.start, level.members) for level in levels(asked))

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return who was there at the end of one bucket."""
        if side not in {"", "there"}:
            raise ValueError(f"nobody is behind {self.key} {side}")
        return tuple(sorted({member for _community, member in present_at_end(asked, part, start)}))


METRIC = Members(definition=MEMBERS, stage="size", dimensions=("community", "type"))
