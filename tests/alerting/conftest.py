"""What tests of alerts start from: a story of messages by day, and somebody who is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from crowds import at_once
from liuliang.accounts.models import Staff
from liuliang.people.models import Community
from telling import FOUNDED, Told, at, local, told

__all__ = ["at", "at_once", "told"]

FIRST = date(2026, 1, 5)
"""A Monday."""


@pytest.fixture
def owner(told: Told) -> Staff:
    return Staff.objects.create(email="boss@example.com", name="老板", is_owner=True, created_at=FOUNDED)


@pytest.fixture
def speak(told: Told) -> Callable[..., None]:
    """Tell how many messages each day from `FIRST` on has, by one member."""

    def tell(here: Community, counts: list[int], first: date = FIRST) -> None:
        ming = told.member("小明")
        for place, count in enumerate(counts):
            day = first + timedelta(days=place)
            for number in range(count):
                told.says(ming, here, local(day.year, day.month, day.day, 9 + number // 60, number % 60))
        told.settle()

    return tell
