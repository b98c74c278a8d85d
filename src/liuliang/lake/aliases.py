"""Telling the lake whom a recorded member means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuliang.kernel import clock
from liuliang.lake.models import LakeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


def set_canonical(meanings: Mapping[int, int]) -> None:
    """Make events recorded for each key count for the member it maps to, as soon as the caller's transaction commits.

    The mapping is flat: give every recorded member its final meaning, not a chain. To undo a merge, map the member to
    itself.
    """
    at = clock.now()
    LakeAlias.objects.bulk_create(
        [
            LakeAlias(recorded=recorded, canonical=canonical, changed_at=at)
            for recorded, canonical in sorted(meanings.items())
        ],
        update_conflicts=True,
        unique_fields=["recorded"],
        update_fields=["canonical", "changed_at", "settled_at"],
    )
