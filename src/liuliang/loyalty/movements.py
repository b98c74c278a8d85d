"""What moved in the stock of a limited thing: deliveries, what was taken, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of a stock. ``amount`` is signed; ``member`` is who has it, None for deliveries; ``actor`` a staff id."""

    transfer: int
    at: datetime
    kind: str
    amount: int
    cause: str
    member: int | None
    actor: int | None


def movements(stock: int, *, before: int | None = None, size: int = 30) -> list[Movement]:
    """Return what moved in a stock, the newest first; ``before`` is the transfer that the page before ended with.

    Walks the index of each bucket from its newest entry, so a long history costs no more than a short one. What only moved
    between the buckets is left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH mine AS MATERIALIZED (SELECT id FROM loyalty_account WHERE id = %s OR head_id = %s)"
            " SELECT t.id, t.at, t.kind, t.amount, t.cause, a.member_id, t.actor FROM ("
            "  SELECT i.id, i.at, i.kind, i.amount, i.cause, i.actor, i.source_id AS other FROM mine CROSS JOIN LATERAL ("
            "   SELECT * FROM loyalty_transfer WHERE target_id = mine.id AND id < %s"
            "   AND source_id NOT IN (SELECT id FROM mine) ORDER BY id DESC LIMIT %s) i"
            "  UNION ALL"
            "  SELECT o.id, o.at, o.kind, -o.amount, o.cause, o.actor, o.target_id FROM mine CROSS JOIN LATERAL ("
            "   SELECT * FROM loyalty_transfer WHERE source_id = mine.id AND id < %s"
            "   AND target_id NOT IN (SELECT id FROM mine) ORDER BY id DESC LIMIT %s) o"
            " ) t JOIN loyalty_account a ON a.id = t.other ORDER BY t.id DESC LIMIT %s",
            [stock, stock, before or 2**62, size, before or 2**62, size, size],
        )
        return [Movement(*row) for row in cursor.fetchall()]
