"""Telling the lake to forget what is personal in a member's events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from liuliang.kernel import clock

if TYPE_CHECKING:
    from collections.abc import Collection


def erase(recorded: Collection[int]) -> None:
    """Make the personal fields of these recorded members' events unreadable as soon as the caller's transaction commits.

    The files are rewritten by the next tidying, and deleted when no query can still be reading them. That something
    happened still counts, for the same number as before.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO lake_lakealias (recorded, canonical, is_erased, changed_at)"
            " SELECT id, id, true, %(at)s FROM unnest(%(ids)s::int[]) AS id ORDER BY id"
            " ON CONFLICT (recorded) DO UPDATE SET is_erased = true, changed_at = %(at)s, settled_at = NULL",
            {"at": clock.now(), "ids": sorted(set(recorded))},
        )
