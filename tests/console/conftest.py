"""What tests of pages share: an organisation to open them in, forms filled in, a story told, a browser."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine
from django.test import Client

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from boarding import lake_queries, two
from filling import filled_forms
from organisation import _folder_of_its_own, address_parts, read, world

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.kernel import clock
from liuliang.people.models import (
    Community,
    Grant,
)
from pictures import make_picture
from post import post, start_post
from telling import Told, emptied, local

__all__ = [
    "_folder_of_its_own",
    "address_parts",
    "filled_forms",
    "lake_queries",
    "make_picture",
    "post",
    "read",
    "start_post",
    "two",
    "world",
]


@pytest.fixture
def told(transactional_db: None) -> Iterator[Told]:
    """Begin a story that the lake will know, told at noon of 10 March 2026."""
    with time_machine.travel(local(2026, 3, 10, 12), tick=False):
        yield from emptied()


@pytest.fixture
def browser() -> Callable[..., Client]:
    """Return what opens a browser in which the owner, or somebody with one role, is signed in."""

    def opened(role: str = "", where: Community | None = None) -> Client:
        ensure_built_in_roles(Role)
        email = f"{role or 'owner'}@example.com"
        staff = Staff.objects.create(email=email, name="员工", is_owner=not role, created_at=clock.now())
        if role:
            Grant.objects.create(staff=staff, role=Role.objects.get(key=role), community=where)
        client = Client()
        client.force_login(staff)
        return client

    return opened
