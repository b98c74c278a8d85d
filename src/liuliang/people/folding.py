"""The projection that is one table of members, filled by statements that fold a window of the log."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from django.db import connection

from liuliang.kernel.projections import MemberProjection
from liuliang.kernel.readers import Window


class MemberTable(MemberProjection):
    """A projection that is one table with a ``member_id``, and the statements that fold a window into it."""

    folds: ClassVar[tuple[str, ...]]
    """Each an INSERT with ``%s`` where the window's condition on ``kernel_event e`` belongs."""

    def apply(self, window: Window) -> None:
        """Fold the window."""
        condition, params = window.where()
        with connection.cursor() as cursor:
            for fold in self.folds:
                # The condition holds the driver's own placeholders, so it is put in by replacement, not by formatting.
                cursor.execute(fold.replace("%s", condition), params)

    def forget_members(self, canonical: Collection[int]) -> None:
        """Delete the rows of these members."""
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.table} WHERE member_id = ANY(%s)", [list(canonical)])
