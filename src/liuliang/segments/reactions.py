"""What follows from events for segments."""

from __future__ import annotations

from typing import ClassVar

from liuliang.kernel import clock
from liuliang.kernel.reactions import Reaction
from liuliang.kernel.readers import Mark, Window, reached
from liuliang.lake.queries import sealed_upto
from liuliang.people.projections import MembershipProjection
from liuliang.segments.keeping import READER, keep_up
from liuliang.segments.models import KeptLeaf, Segment
from liuliang.segments.touching import read_touched


class KeepingReaction(Reaction):
    """Keeps dynamic segments up to date. It builds on the lake and on memberships, and stays behind both."""

    name = READER
    shards: ClassVar[int] = 1
    batch: ClassVar[int] = 500_000

    def limit(self) -> Mark | None:
        """Return how far the lake and the memberships are."""
        return min(sealed_upto(), reached(MembershipProjection.name))

    def rests(self) -> bool:
        """Tell whether there are no segments."""
        return not (KeptLeaf.objects.exists() or Segment.objects.exists())

    def apply(self, window: Window) -> None:
        """Work out again what the window's events touch."""
        keep_up(read_touched(window), at=clock.now())
