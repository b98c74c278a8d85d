"""Earning rules as pure functions: what an event is worth, and what of it the caps leave."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from liuliang.kernel.errors import Refused

YUAN = "CNY"
OPERATORS = ("is", "is_not", "at_least", "at_most", "contains", "longer_than")
HIGHEST = 1_000_000
"""Most points that one event can be worth."""

HIGHEST_CAP = 2_000_000_000
"""Most points that a cap can allow."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A question about a field of the payload."""

    field: str
    operator: str
    value: Any

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Tell whether the payload meets it; one without the field, or with another kind of value in it, does not."""
        found = data.get(self.field)
        match self.operator:
            case "is":
                return bool(found == self.value)
            case "is_not":
                return bool(found != self.value)
            case "contains":
                return isinstance(found, str) and str(self.value) in found
            case "longer_than":
                return isinstance(found, str) and len(found.strip()) > int(self.value)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            return False
        return bool(found >= self.value) if self.operator == "at_least" else bool(found <= self.value)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule pays and when.

    An event is worth ``low`` to ``high`` points, drawn by the event itself so that it is always worth the same; or, with
    ``per``, ``low`` points for every full ``per`` of the amount field. Caps are in points for a person; None is none.
    ``communities`` are those in which it holds, None for everywhere. Amounts of the field that is counted by, and of those in
    ``money``, are yuan: what is in another currency is worth nothing, unless a condition asks for a currency.
    """

    rule: int
    low: int
    high: int
    per: int = 0
    amount_field: str = ""
    money: frozenset[str] = frozenset()
    conditions: tuple[Condition, ...] = ()
    communities: frozenset[int] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    cap_day: int | None = None
    cap_week: int | None = None
    cap_total: int | None = None

    def check(self) -> None:
        """Refuse what makes no sense.

        Raises:
            Refused: ``rule.amount``, ``rule.per``, ``rule.cap``, ``rule.time`` or ``rule.condition``.
        """
        if not 1 <= self.low <= self.high <= HIGHEST:
            raise Refused("rule.amount", highest=HIGHEST)
        if self.per < 0 or (self.per and not self.amount_field) or (self.per and self.low != self.high):
            raise Refused("rule.per")
        if any(
            cap is not None and not 1 <= cap <= HIGHEST_CAP for cap in (self.cap_day, self.cap_week, self.cap_total)
        ):
            raise Refused("rule.cap")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise Refused("rule.time")
        for each in self.conditions:
            is_number = isinstance(each.value, (int, float)) and not isinstance(each.value, bool)
            if each.operator not in OPERATORS or not each.field:
                raise Refused("rule.condition", field=each.field)
            if each.operator in {"at_least", "at_most", "longer_than"} and not is_number:
                raise Refused("rule.condition", field=each.field)


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as a rule sees it. ``position`` is its place in the log."""

    position: int
    community: int | None
    occurred_at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Earned:
    """What a rule has given a person on the day, in the week and in all, before this event."""

    day: int = 0
    week: int = 0
    total: int = 0


def worth(terms: Terms, happening: Happening) -> int:
    """Return what the event is worth by the rule, before caps; 0 when the rule does not speak of it."""
    if terms.starts_at is not None and happening.occurred_at < terms.starts_at:
        return 0
    if terms.ends_at is not None and happening.occurred_at >= terms.ends_at:
        return 0
    if terms.communities is not None and happening.community not in terms.communities:
        return 0
    if not all(condition.holds(happening.data) for condition in terms.conditions) or _is_foreign(terms, happening.data):
        return 0
    if terms.per:
        amount = happening.data.get(terms.amount_field)
        return min(HIGHEST, amount // terms.per * terms.low) if isinstance(amount, int) and amount > 0 else 0
    return terms.low + _draw(terms.rule, happening.position, terms.high - terms.low + 1)


def _is_foreign(terms: Terms, data: Mapping[str, Any]) -> bool:
    """Tell whether the rule speaks of an amount in yuan and the event's is in another currency."""
    asked = {condition.field for condition in terms.conditions}
    speaks_of_yuan = "currency" not in asked and (bool(terms.per) or bool(asked & terms.money))
    return speaks_of_yuan and data.get("currency", YUAN) != YUAN


def award(terms: Terms, amount: int, earned: Earned) -> int:
    """Return what the caps leave of an amount."""
    caps = ((terms.cap_day, earned.day), (terms.cap_week, earned.week), (terms.cap_total, earned.total))
    return max(0, min([amount, *(cap - had for cap, had in caps if cap is not None)]))


def undone(amount: int, terms: Terms, part: int, whole: int) -> int:
    """Return how much of a reward goes back when ``part`` of ``whole`` was undone.

    What was paid by amount goes back in proportion, rounded in the member's favour; what was paid for the deed goes back
    when all of it is undone.
    """
    if part >= whole:
        return amount
    return amount * max(part, 0) // whole if terms.per else 0


def _draw(rule: int, position: int, count: int) -> int:
    if count == 1:
        return 0
    digest = hashlib.blake2b(f"{rule}:{position}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % count
