"""What is undone is not rewarded: finding the events that later events took back, and taking their rewards back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from liuliang.kernel import clock
from liuliang.loyalty.accounts import GROWTH
from liuliang.loyalty.behaviours import Behaviour
from liuliang.loyalty.earning import Book, cause_of, count_for_caps
from liuliang.loyalty.growth import reverse_growth
from liuliang.loyalty.reversals import reverse_reward
from liuliang.loyalty.rules import undone
from liuliang.loyalty.validity import programme_zone


@dataclass(frozen=True, slots=True)
class Undone:
    """That an event was undone by another: how much of it in all, and how long after it."""

    event: str
    by: str
    occurred_at: datetime
    after: timedelta
    part: int
    whole: int


def find_undone(behaviour: Behaviour, *, events: Collection[int] = (), undoings: Collection[int] = ()) -> list[Undone]:
    """Return what of a behaviour is undone, among these events or by these undoings (positions in the log)."""
    undoing = behaviour.undoing
    if undoing is None or not (events or undoings):
        return []
    side, positions = ("e", events) if events else ("u", undoings)
    begun = (
        " UNION ALL"
        f" SELECT e.position, 0, e.id::text, e.id::text, e.occurred_at, interval '0', {undoing.part}, {undoing.whole}"
        f" FROM kernel_event e WHERE e.position = ANY(%s) AND e.kind = ANY(%s) AND {undoing.begun}"
        if events and undoing.begun
        else ""
    )
    asked: list[list[Any]] = [list(positions), list(behaviour.kinds)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event, by, occurred_at, after, part, whole FROM ("
            " SELECT e.position AS position, u.position AS undone_at, e.id::text AS event, u.id::text AS by, e.occurred_at,"
            f" u.occurred_at - e.occurred_at AS after, {undoing.part} AS part, {undoing.whole} AS whole"
            f" FROM kernel_event e JOIN kernel_event u ON {undoing.match}"
            f" WHERE {side}.position = ANY(%s) AND e.kind = ANY(%s) AND u.kind = ANY(%s){begun}"
            ") found ORDER BY position, undone_at",
            [*asked, list(undoing.kinds), *(asked if begun else [])],
        )
        return [Undone(*row) for row in cursor.fetchall()]


def counts(book: Book, found: Undone) -> bool:
    """Tell whether an undoing counts for a rule: in time, and wholly undone where the deed is paid and not the amount."""
    limited = book.behaviour.undoing is not None and book.behaviour.undoing.is_limited
    if limited and found.after > timedelta(hours=book.rule.undo_hours):
        return False
    return undone(100, book.terms, found.part, found.whole) > 0


def undone_before(books: Sequence[Book], events: Collection[int]) -> set[tuple[int, str]]:
    """Return the pairs of rule and event among these that were wholly undone before they are paid.

    An undoing may stand in the log before what it undoes, where files are imported in any order.
    """
    pairs = set()
    for book in books:
        undoing = book.behaviour.undoing
        if undoing is None or not undoing.may_come_first:
            continue
        for found in find_undone(book.behaviour, events=events):
            if counts(book, found) and found.part >= found.whole:
                pairs.add((book.rule.pk, found.event))
    return pairs


def take_back_undone(
    books: Sequence[Book], *, at: datetime, events: Collection[int] = (), undoings: Collection[int] = ()
) -> int:
    """Take back the rewards of what these undoings undo, or of these events as far as they are undone by now.

    Works in the caller's transaction; returns how many rewards went back, wholly or in part.
    """
    count = 0
    zone = programme_zone()
    back: defaultdict[tuple[int, int, date], int] = defaultdict(int)
    for book in books:
        if events and not (book.behaviour.undoing and book.behaviour.undoing.may_come_first):
            continue
        found = [each for each in find_undone(book.behaviour, events=events, undoings=undoings) if counts(book, each)]
        given = _given({cause_of(book.rule.pk, each.event) for each in found})
        for each in found:
            reward = given.get(cause_of(book.rule.pk, each.event))
            if reward is None:
                continue
            amount = undone(reward.amount, book.terms, each.part, each.whole) - reward.corrected
            if amount < 1:
                continue
            cause = f"undo:{book.rule.pk}:{each.event}:{each.by}"
            if book.rule.unit == GROWTH:
                reversal = reverse_growth(reward.transfer, cause=cause, at=at, amount=amount, rule=book.rule.pk)
            else:
                reversal = reverse_reward(
                    reward.transfer, cause=cause, at=at, amount=amount, is_forgiving=book.rule.is_forgiving,
                    rule=book.rule.pk, budget=book.rule.budget,
                )  # fmt: skip
            went = reversal.taken + reversal.owed + reversal.forgiven
            reward.corrected += went
            count += bool(went)
            if went > reversal.forgiven:
                day = clock.local_day(each.occurred_at, zone)
                # What was let go the member has had: it stays within the caps.
                back[book.rule.pk, reward.member, day] -= went - reversal.forgiven
    count_for_caps(back)
    return count


@dataclass(slots=True)
class _Given:
    transfer: int
    amount: int
    corrected: int
    member: int


def _given(causes: Collection[str]) -> dict[str, _Given]:
    if not causes:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.cause, t.id, t.amount,"
            " coalesce((SELECT sum(c.amount) FROM loyalty_transfer c WHERE c.corrects_id = t.id), 0)::bigint, a.member_id"
            " FROM loyalty_transfer t JOIN loyalty_account a ON a.id = t.target_id"
            " WHERE t.cause = ANY(%s) AND t.kind = 'earned'",
            [list(causes)],
        )
        return {row[0]: _Given(*row[1:]) for row in cursor.fetchall()}
