"""Which events are somebody's own doing, which ones show that they are there, and which nobody tells stories with."""

from __future__ import annotations

from collections.abc import Iterable

from liuliang.accounts.permissions import (
    ORDERS_VIEW,
    PARTNERS_VIEW,
    PENALTIES_MANAGE,
    POINTS_VIEW,
    SHOP_VIEW,
    TESTIMONIALS_VIEW,
)
from liuliang.kernel.events import EventType, event_types

ACTS = ("message.sent", "message.recalled", "order.paid")
"""What makes a member active: what they did themselves. Being invited, listed, removed or tagged does not."""

EVIDENCE = ("member.joined", "member.left", "member.listed", "member.role_changed", "message.sent")
"""What shows that somebody is or was in a community, as in `liuliang.people.projections`."""

_BOOKKEEPING = frozenset({"member.merged", "member.split", "member.erased", "member.listed", "community.renamed"})

_PLACED = frozenset({*EVIDENCE, "message.recalled"})
"""What happens in a community or not at all."""

GUARDED = {
    "order": ORDERS_VIEW,
    "commission": PARTNERS_VIEW,
    "partner": PARTNERS_VIEW,
    "points": POINTS_VIEW,
    "growth": POINTS_VIEW,
    "level": POINTS_VIEW,
    "penalty": PENALTIES_MANAGE,
    "mall": ORDERS_VIEW,
    "subscription": ORDERS_VIEW,
    "coupon": SHOP_VIEW,
    "testimonial": TESTIMONIALS_VIEW,
}
"""What one must be allowed to do to be told of events, by the first word of their kind."""


def told_kinds() -> tuple[EventType, ...]:
    """Return the kinds of events that funnels and paths are told with, by title: all but the system's own bookkeeping."""
    known = [kind for kind in event_types().values() if kind.kind not in _BOOKKEEPING]
    return tuple(sorted(known, key=lambda kind: kind.kind))


def needed_for(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the permissions that one needs to ask about events of these kinds, besides seeing figures or members."""
    return tuple(sorted({GUARDED[word] for word in (kind.partition(".")[0] for kind in kinds) if word in GUARDED}))


def is_everywhere(kind: str) -> bool:
    """Tell whether events of a kind may belong to no community (an order, points spent), so that they count wherever their member is."""
    return kind not in _PLACED
