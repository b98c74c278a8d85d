"""What a package forgets when a member is erased: it says what goes, and this finds out whose."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from django.db import connection

from liuliang.kernel.reactions import Reaction
from liuliang.kernel.readers import Window


class ForgettingReaction(Reaction):
    """A reaction to members being erased. A subclass gives its ``name`` and says in `forget` what goes."""

    kinds: ClassVar[tuple[str, ...]] = ("member.erased",)

    def apply(self, window: Window) -> None:
        """Forget the window's members."""
        condition, params = window.where()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT array_agg(e.member) FROM kernel_event e WHERE {condition}", params)
            (erased,) = cursor.fetchone() or (None,)
        if erased:
            self.forget(erased)

    @abstractmethod
    def forget(self, members: Sequence[int]) -> None:
        """Forget ``members``, by their numbers."""
