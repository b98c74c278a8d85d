"""Which price somebody gets and why: pure functions of the prices there are and of who asks.

A price below the listed one has conditions: being in one of some communities, having a level or a paid membership, taking so many;
and on their member day everything costs members less. Who meets all
conditions of several gets the lowest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COMMUNITY, LEVEL, PLAN, MEMBER_DAY, QUANTITY = "community", "level", "plan", "member_day", "quantity"
"""The conditions a price may have."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A price and its conditions; one that is left at its default asks for nothing.

    Attributes:
        amount: minor units for one.
        communities: ids; it is for the members of any of them, and for nobody else.
        level: what the level it begins with asks for, in growth; None for everybody.
        plan: the id of the paid membership it is for; None for everybody.
        is_of_day: it is what somebody's member day makes of the listed price.
        from_quantity: how many the order must hold.
        key: names the price; of equal prices the one with the least key is given.
    """

    amount: int
    communities: frozenset[int] = frozenset()
    level: int | None = None
    plan: int | None = None
    is_of_day: bool = False
    from_quantity: int = 1
    key: int = 0

    @property
    def conditions(self) -> tuple[str, ...]:
        """Return the conditions it has."""
        asked = {
            COMMUNITY: bool(self.communities),
            LEVEL: self.level is not None,
            PLAN: self.plan is not None,
            MEMBER_DAY: self.is_of_day,
            QUANTITY: self.from_quantity > 1,
        }
        return tuple(name for name, is_asked in asked.items() if is_asked)


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who asks for a price.

    Attributes:
        communities: ids of those they are in now, and of all above these.
        level: what the level they are on asks for, in growth; None for none.
        plans: ids of the paid memberships they have today.
        day_off: by how many percent everything costs them less today; 0 when it is not their member day.
    """

    communities: frozenset[int] = frozenset()
    level: int | None = None
    plans: frozenset[int] = frozenset()
    day_off: int = 0


@dataclass(frozen=True, slots=True)
class Missed:
    """A price that somebody does not get, and the conditions they do not meet; none where another is lower."""

    terms: Terms
    unmet: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Priced:
    """The price for one in minor units, the terms that gave it (None: the listed price), and those that did not."""

    amount: int
    terms: Terms | None
    missed: tuple[Missed, ...]

    @property
    def why(self) -> tuple[str, ...]:
        """Return the conditions that were met for it; none for the listed price."""
        return self.terms.conditions if self.terms else ()


def price_of(listed: int, offers: Sequence[Terms], shopper: Shopper, quantity: int = 1) -> Priced:
    """Return what somebody pays for each of ``quantity``, never more than is listed."""
    open_to = [terms for terms in offers if not unmet(terms, shopper, quantity)]
    best = min(open_to, key=lambda terms: (terms.amount, terms.key), default=None)
    if best is not None and best.amount >= listed:
        best = None
    missed = tuple(Missed(terms, unmet(terms, shopper, quantity)) for terms in offers if terms is not best)
    return Priced(best.amount if best else listed, best, missed)


def unmet(terms: Terms, shopper: Shopper, quantity: int) -> tuple[str, ...]:
    """Return the conditions that are not met."""
    met = {
        COMMUNITY: not terms.communities or bool(terms.communities & shopper.communities),
        LEVEL: terms.level is None or (shopper.level is not None and shopper.level >= terms.level),
        PLAN: terms.plan is None or terms.plan in shopper.plans,
        MEMBER_DAY: not terms.is_of_day or shopper.day_off > 0,
        QUANTITY: quantity >= terms.from_quantity,
    }
    return tuple(name for name, is_met in met.items() if not is_met)
