"""Communities to test with."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.people.models import Community
from pictures import make_picture

__all__ = ["make_picture"]

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    return AT


@pytest.fixture
def make_community(db):
    def make(name: str = "读书群", parent: Community | None = None) -> Community:
        community = Community.objects.create(name=name, parent=parent, type="learning", created_at=AT)
        community.path = [*(parent.path if parent else []), community.id]
        community.save()
        return community

    return make
