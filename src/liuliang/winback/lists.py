"""The lists: who is due, overdue, and lost, each as a rule of segments, so that the list and a segment made of it are one.

Due and overdue name every product with a cycle and its days; lost is told by days since the last order and what was paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pyroaring import BitMap

from liuliang.segments.base import Context
from liuliang.segments.evaluating import evaluate, everybody
from liuliang.segments.rules import Rule, combine, leaves, read_rule
from liuliang.winback.queries import Buyers, Product
from liuliang.winback.rules import Rules

Key = Literal["due", "overdue", "recent", "long", "valued"]

DUE: tuple[Key, ...] = ("due", "overdue")
LOST: tuple[Key, ...] = ("recent", "long", "valued")
KEYS: tuple[Key, ...] = (*DUE, *LOST)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the lists are made of, read once: the rules, the products, the buyers."""

    context: Context
    rules: Rules
    products: Sequence[Product]
    buyers: Buyers

    @property
    def high_amount(self) -> int:
        """Return from how much on a lost buyer is of high value."""
        return self.rules.high_amount or self.buyers.high_amount


@dataclass(frozen=True, slots=True)
class List:
    """A list: its rule (None where no product has a cycle), its people, and the money at stake in CNY minor units.

    At stake is, of those who are due, what an order of the product usually comes to; of those who are lost, what they paid
    in their last year.
    """

    key: Key
    rule: Rule | None
    members: BitMap
    at_stake: int


def rule_of(key: Key, ground: Ground, product: str = "") -> Rule | None:
    """Return the rule of a list; of the due ones, for one product or for all of them. None where there is no cycle."""
    if key in DUE:
        return _due_rule(key, ground, product)
    rules = ground.rules
    lost = {"if": "orders", "measure": "days_since", "number": rules.lost_days}
    recent = {"if": "orders", "measure": "days_since", "compare": "at_most", "number": rules.long_days - 1}
    long = {"if": "orders", "measure": "days_since", "number": rules.long_days}
    valued = {"if": "orders", "measure": "amount", "number": ground.high_amount}
    return read_rule({"recent": {"all": [lost, recent]}, "long": long, "valued": {"all": [lost, valued]}}[key])


def _due_rule(key: Key, ground: Ground, product: str) -> Rule | None:
    parts = []
    for one in ground.products:
        if one.cycle is None or product not in {"", one.name}:
            continue
        first, last = ground.rules.due(one.cycle) if key == "due" else ground.rules.overdue(one.cycle)
        parts.append({"if": "product", "product": one.name, "from_days": first, "to_days": last})
    if not parts:
        return None
    return read_rule(parts[0] if len(parts) == 1 else {"any": parts})


def lists(ground: Ground) -> list[List]:
    """Return all lists, worked out together."""
    rules = {key: rule_of(key, ground) for key in KEYS}
    found = [leaf for rule in rules.values() if rule is not None for leaf in leaves(rule)]
    sets = evaluate(found, ground.context)
    people = everybody(ground.context)
    made = []
    for key, rule in rules.items():
        members = combine(rule, sets.__getitem__, people) if rule is not None else BitMap()
        made.append(List(key, rule, members, _at_stake(key, members, ground)))
    return made


def members_of(rule: Rule | None, context: Context) -> BitMap:
    """Return the people of one rule."""
    if rule is None:
        return BitMap()
    return combine(rule, evaluate(leaves(rule), context).__getitem__, everybody(context))


def _at_stake(key: Key, members: BitMap, ground: Ground) -> int:
    if key in LOST:
        among = np.isin(ground.buyers.member, np.array(members.to_array(), dtype=np.int64))
        return int(ground.buyers.year[among].sum())
    window = ground.rules.due if key == "due" else ground.rules.overdue
    return sum(one.between(window(one.cycle)) * one.usual for one in ground.products if one.cycle is not None)


WEEKS = 8
"""Weeks ahead that the picture shows."""


def due_by_week(product: Product, rules: Rules) -> tuple[int, ...]:
    """Return how many run out of a product: first those whose cycle is over already, then week by week from today on.

    A buyer runs out on the day their cycle is over. Who is past the end of overdue is not counted any more.
    """
    weeks = [0] * (WEEKS + 1)
    if product.cycle is None:
        return tuple(weeks)
    last = rules.overdue(product.cycle)[1]
    for ago, count in product.last.items():
        left = product.cycle - ago
        if left < 0:
            weeks[0] += count if ago <= last else 0
        elif left // 7 < WEEKS:
            weeks[1 + left // 7] += count
    return tuple(weeks)
