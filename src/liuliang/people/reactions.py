"""What follows from events about people."""

from __future__ import annotations

from liuliang.kernel.reactions import Reaction
from liuliang.kernel.readers import Window
from liuliang.people.erasure import SCRUBBER, scrub
from liuliang.people.models import Member


class ErasureReaction(Reaction):
    """Keep the personal fields of erased members out of the log for good.

    An import that was under way during the erasure, or a later one, still knows what the person said. What it appends is
    scrubbed here; the columnar copy leaves personal fields of erased members out by itself.
    """

    name = SCRUBBER

    def apply(self, window: Window) -> None:
        """Scrub the window's events of erased members."""
        if not Member.objects.filter(erased_at__isnull=False).exists():
            return
        condition, params = window.where()
        scrub(f"{condition} AND e.member IN (SELECT id FROM people_member WHERE erased_at IS NOT NULL)", params)
