"""What members do is rewarded, and what is undone is taken back, as the log tells it; never on a replay."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.db import connection

from liuliang.kernel import clock
from liuliang.kernel.reactions import Reaction
from liuliang.kernel.readers import Window
from liuliang.loyalty.earning import Book, Seen, books, pay
from liuliang.loyalty.models import EarningRule
from liuliang.loyalty.rules import Happening
from liuliang.loyalty.undoing import take_back_undone, undone_before
from liuliang.people.forgetting import ForgettingReaction

WRITTEN = (
    ("loyalty_adjustment", "reason"), ("loyalty_award", "reason"), ("loyalty_penalty", "reason"),
    ("loyalty_penalty", "appeal"), ("loyalty_penalty", "answer"),
)  # fmt: skip
"""Tables and columns in which staff write about members."""


class EarningReaction(Reaction):
    """Pay by the earning rules.

    One reader in one order, not shards, because an undoing and what it undoes may be events of two members. Runs of
    events of one sort are handled together, in the order of the log. A rule speaks only of what happens from its start
    on, so that importing old chats rewards nobody.
    """

    name = "loyalty.earning"
    shards = 1
    batch = 2_000

    def rests(self) -> bool:
        """Tell whether there are no rules."""
        return not EarningRule.objects.exists()

    def apply(self, window: Window) -> None:
        """Pay for the window's events and take back what they undo."""
        found = books(list(EarningRule.objects.order_by("pk")))
        if not found:
            return
        paying = [book for book in found if book.rule.is_active]
        at = clock.now()
        for is_undoing, run in _runs(self._seen(window, found), found):
            positions = [each.happening.position for each in run]
            if is_undoing:
                take_back_undone(found, at=at, undoings=positions)
            pay(run, paying, at=at, undone=undone_before(paying, positions))
            # Files are imported in any order: a refund may stand in the log before its order.
            take_back_undone(found, at=at, events=positions)

    def _seen(self, window: Window, found: Sequence[Book]) -> list[Seen]:
        """Read what the rules may speak of: the rest of the log is not even decoded."""
        deeds = sorted({kind for book in found for kind in book.behaviour.kinds})
        undoings = sorted({kind for book in found if book.behaviour.undoing for kind in book.behaviour.undoing.kinds})
        condition, params = window.where()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT position, id::text, kind, member, community, occurred_at, data FROM kernel_event e"
                f" WHERE {condition} AND (e.kind = ANY(%s) AND e.occurred_at >= %s OR e.kind = ANY(%s))"
                " ORDER BY e.xid, e.position",
                [*params, deeds, min(book.rule.starts_at for book in found), undoings],
            )
            return [
                Seen(event, kind, member, Happening(position, community, occurred_at, msgspec.json.decode(data)))
                for position, event, kind, member, community, occurred_at, data in cursor.fetchall()
            ]


class ForgetReasons(ForgettingReaction):
    """Empty what staff wrote about members who are erased; the numbers of the ledger stay."""

    name = "loyalty.forgetting"

    def forget(self, members: Sequence[int]) -> None:
        """Empty the reasons."""
        with connection.cursor() as cursor:
            for table, text in WRITTEN:
                cursor.execute(
                    f"UPDATE {table} SET {text} = '' WHERE {text} <> '' AND member_id = ANY(%s)", [list(members)]
                )


def _runs(seen: Sequence[Seen], found: Sequence[Book]) -> list[tuple[bool, list[Seen]]]:
    """Split events into runs of deeds and of undoings."""
    undoings = {kind for book in found if book.behaviour.undoing for kind in book.behaviour.undoing.kinds}
    runs: list[tuple[bool, list[Seen]]] = []
    for each in seen:
        is_undoing = each.kind in undoings
        if not runs or runs[-1][0] != is_undoing:
            runs.append((is_undoing, []))
        runs[-1][1].append(each)
    return runs
