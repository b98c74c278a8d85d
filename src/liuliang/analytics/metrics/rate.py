"""Who speaks, of who is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Asked, Reading, Side, Statement, Words
from liuliang.analytics.counting import Rows, answer, by_day, divided, doers, named, pairs_of
from liuliang.analytics.levels import level_statements, levels, present_at_end
from liuliang.analytics.overview import RATE
from liuliang.analytics.remembering import remembered

_SPOKE = by_day(["message.sent"], "uniqExact(community, member)")
_SPEAKERS = doers(["message.sent"])


@dataclass(frozen=True, kw_only=True)
class SpeakingRate(Words):
    """Members in a community who spoke, of those who are there at the end."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return who spoke, and who is there and did not; who spoke and left makes these more than the rest of the share."""
        return (
            Side("spoke", _("说过话的人"), "count", is_by_place=True),
            Side("silent", _("在群没说话的人"), is_by_place=True),
        )

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return who spoke, and who is there."""
        return (_SPOKE(asked), *level_statements(asked))

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the share; people who spoke and left cannot push it over 1."""
        spoke = {(part, start): int(number) for part, start, number in _spoke(asked)}
        return tuple(
            divided(each.part, each.start, min(spoke.get((each.part, each.start), 0), each.members), each.members)
            for each in levels(asked)
        )

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return the members on one side of one value."""
        if side in {"", "spoke"}:
            return named(_SPEAKERS(asked), part, start)
        if side != "silent":
            raise ValueError(f"nobody is behind {self.key} {side}")
        spoke = pairs_of(_SPEAKERS(asked), part, start)
        return tuple(sorted({member for _community, member in present_at_end(asked, part, start) - spoke}))


@remembered
def _spoke(asked: Asked) -> Rows:
    return answer(_SPOKE(asked))


METRIC = SpeakingRate(definition=RATE, stage="activity", style="percent", dimensions=("community", "type"))
