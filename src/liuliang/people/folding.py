"""The projection that is one table of members, filled by one statement."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from django.db import connection

from liuliang.kernel.projections import MemberProjection
from liuliang.kernel.readers import Window


class MemberTable(MemberProjection):
    """A projection that is one table with a ``member_id`` and one INSERT that folds a window into it."""

    fold: ClassVar[str]
    """The INSERT, with ``%s`` wherever the window's condition on ``kernel_event e`` belongs."""

    def apply(self, window: Window) -> None:
        """Fold the window."""
        condition, params = window.where()
        with connection.cursor() as cursor:
            # The condition holds the driver's own placeholders, so it is put in by replacement, not by formatting.
            cursor.execute(self.fold.replace("%s", condition), params * self.fold.count("%s"))

    def forget_members(self, canonical: Collection[int]) -> None:
        """Delete the rows of these members."""
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.table} WHERE member_id = ANY(%s)", [list(canonical)])
