"""Who speaks, of who is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liuliang.analytics.base import Asked, Reading, Statement, Words
from liuliang.analytics.counting import Rows, answer, by_day, divided
from liuliang.analytics.levels import level_statements, levels
from liuliang.analytics.overview import RATE
from liuliang.analytics.remembering import remembered

_SPOKE = by_day(["message.sent"], "uniqExact(community, member)")


@dataclass(frozen=True, kw_only=True)
class SpeakingRate(Words):
    """Members in a community who spoke, of those who are there at the end."""

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


@remembered
def _spoke(asked: Asked) -> Rows:
    return answer(_SPOKE(asked))


METRIC = SpeakingRate(definition=RATE, stage="activity", style="percent", dimensions=("community", "type"))
