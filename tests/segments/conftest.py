"""Members to make segments of, told through the real log, projections and lake."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.people.models import Member
from liuliang.segments import trying
from liuliang.segments.evaluating import context_of, evaluate, everybody, with_held
from liuliang.segments.rules import combine, leaves, read_rule
from telling import Told, at, emptied, local

__all__ = ["at"]

NOON = local(2026, 3, 10, 12)
"""The present of these tests."""


@pytest.fixture
def told(transactional_db: None) -> Iterator[Told]:
    trying.forget()
    yield from emptied()


@pytest.fixture
def found() -> Callable[..., set[str]]:
    """Return the names of whom a rule means, worked out from nothing."""

    def names(rule: Any, *, now: datetime = NOON, community: int | None = None) -> set[str]:
        read = read_rule(rule)
        parts = list(leaves(read))
        context = with_held(context_of(community, now), parts)
        sets = evaluate(parts, context)
        members = combine(read, sets.__getitem__, everybody(context))
        for person in everybody(context):
            # Whoever is asked about alone, or as one of few, gets the same answer.
            alone = evaluate(parts, context, type(members)([person]))
            assert (person in combine(read, alone.__getitem__, everybody(context))) == (person in members)
        return set(Member.objects.filter(pk__in=list(members)).values_list("name", flat=True))

    return names
