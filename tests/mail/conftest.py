"""What tests of mail start from: a server, and somebody to write to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from crowds import at_once
from liuliang.accounts.models import Staff
from post import post, start_post
from telling import FOUNDED

__all__ = ["at_once", "post", "start_post"]


@pytest.fixture
def reader(transactional_db: None) -> Staff:
    return Staff.objects.create(email="boss@example.com", name="老板", created_at=FOUNDED)
