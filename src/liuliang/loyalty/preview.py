"""What a rule would have paid: the same pure functions as paying, over what the lake remembers, before anybody saves it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from liuliang.kernel import clock
from liuliang.lake.queries import query
from liuliang.loyalty.behaviours import behaviour
from liuliang.loyalty.earning import check_rule, terms_of
from liuliang.loyalty.models import EarningRule
from liuliang.loyalty.rules import Earned, Happening, award, worth
from liuliang.loyalty.validity import programme_zone
from liuliang.people.models import Member

PARTS = 8
"""Parts in which earners are read, so that no more than an eighth of a month's events is in memory."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would have paid: ``points`` in ``rewards`` to ``persons``, and to whom most.

    ``capped`` is what the caps kept back. Undoings are not taken off.
    """

    points: int
    rewards: int
    persons: int
    capped: int
    most: tuple[tuple[int, int], ...]


def preview(rule: EarningRule, *, at: datetime, days: int = 30, most: int = 10) -> Preview:
    """Return what ``rule`` would have paid in the ``days`` before ``at``, whenever it is to begin.

    Raises:
        Refused: as `liuliang.loyalty.earning.write_rule`; ``lake.too_slow``.
    """
    check_rule(rule, at=at)
    terms = replace(terms_of(rule), starts_at=None, ends_at=None)
    zone = programme_zone()
    paid: defaultdict[int, int] = defaultdict(int)
    nobody = set(Member.objects.filter(is_bot=True).values_list("id", flat=True))
    nobody |= set(Member.objects.filter(erased_at__isnull=False).values_list("id", flat=True))
    rewards = capped = 0
    for part in range(PARTS):
        caps: defaultdict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for earner, happening in _happenings(rule, at - timedelta(days=days), at, part):
            amount = worth(terms, happening)
            if not amount or earner in nobody or happening.data.get("is_recalled"):
                continue
            day = clock.local_day(happening.occurred_at, zone)
            monday = day - timedelta(days=day.weekday())
            had = caps[earner]
            given = award(terms, amount, Earned(had[f"{day}"], had[f"week {monday}"], had["total"]))
            capped += amount - given
            if given:
                for each in (f"{day}", f"week {monday}", "total"):
                    had[each] += given
                paid[earner] += given
                rewards += 1
    ranked = sorted(paid.items(), key=lambda pair: (-pair[1], pair[0]))
    return Preview(sum(paid.values()), rewards, len(paid), capped, tuple(ranked[:most]))


def _happenings(rule: EarningRule, since: datetime, until: datetime, part: int) -> Iterator[tuple[int, Happening]]:
    """Iterate over one part of the earners' events, in the order of the log for each earner."""
    found = behaviour(rule.behaviour)
    # Whoever stands in the field that earns is the event's other member.
    earner, others = ("other", " AND member != other") if found.earner else ("member", "")
    rows = query(
        f"SELECT {earner}, position, community, occurred_at, data FROM {{events}}"
        " WHERE kind IN {kinds:Array(String)} AND occurred_at >= {since:DateTime64(3, 'UTC')}"
        " AND occurred_at < {until:DateTime64(3, 'UTC')}"
        f" AND {earner} != 0{others} AND {earner} % {{parts:UInt8}} = {{part:UInt8}}"
        f" ORDER BY {earner}, position",
        {"kinds": list(found.kinds), "since": since, "until": until, "parts": PARTS, "part": part},
    ).rows
    for who, position, community, occurred_at, data in rows:
        yield who, Happening(position, community or None, occurred_at, msgspec.json.decode(data or "{}"))
