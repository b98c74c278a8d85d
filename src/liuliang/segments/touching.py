"""Whom a window of the log concerns."""

from __future__ import annotations

from django.db import connection
from pyroaring import BitMap

from liuliang.kernel.events import event_types
from liuliang.kernel.readers import Window
from liuliang.segments.base import Touched

_TURNING = ("member.merged", "member.split", "member.erased")
"""Kinds after which everything about their members, and those they were one with, may be different."""

_OTHERS = ("member.joined", "member.merged", "member.split")
"""Kinds whose second member matters: who invited, and who became or ceased to be the same person."""


def read_touched(window: Window) -> Touched:
    """Return the members of the window's events, as the persons they mean now."""
    condition, params = window.where()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.kind, array_agg(DISTINCT coalesce(m.canonical_id, m.id)), min(e.position) FROM kernel_event e"
            f" JOIN people_member m ON m.id = e.member WHERE {condition} GROUP BY e.kind",
            params,
        )
        told = cursor.fetchall()
        members = {kind: BitMap(ids) for kind, ids, _ in told}
        others: dict[str, BitMap] = {}
        if members.keys() & set(_OTHERS):
            types = event_types()
            field = " ".join(f"WHEN '{kind}' THEN '{types[kind].other}'" for kind in _OTHERS)
            cursor.execute(
                f"SELECT e.kind, array_agg(DISTINCT coalesce(m.canonical_id, m.id)) FROM kernel_event e"
                f" JOIN people_member m ON m.id = (e.data->>(CASE e.kind {field} END))::int"
                f" WHERE e.kind = ANY(%s) AND {condition} GROUP BY e.kind",
                [list(_OTHERS), *params],
            )
            others = {kind: BitMap(ids) for kind, ids in cursor.fetchall()}
        turned = BitMap.union(
            BitMap(), *(each[kind] for each in (members, others) for kind in _TURNING if kind in each)
        )
        if turned:
            # The records themselves too: whoever was a person of their own may be nobody now.
            cursor.execute(
                f"SELECT array_agg(DISTINCT e.member) FROM kernel_event e WHERE e.kind = ANY(%s) AND {condition}",
                [list(_TURNING), *params],
            )
            turned |= BitMap((cursor.fetchone() or ([],))[0] or [])
    return Touched(members, others, turned, min((first for _, _, first in told), default=0))
