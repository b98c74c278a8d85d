"""Partners with plans, members who buy, and the check of the ledger that every test ends with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from crowds import at_once
from ledgers import AT, at, ledger, shared_ledger
from liuliang.commerce.models import Order
from liuliang.loyalty.ledger import faults
from liuliang.partners.models import Partner, Plan
from liuliang.partners.plans import NewPlan, create_plan
from liuliang.partners.services import NewPartner, create_partner
from liuliang.people.models import Member
from pictures import make_picture
from telling import Told, emptied

__all__ = ["at", "at_once", "ledger", "make_picture", "shared_ledger"]


@pytest.fixture
def told(transactional_db: None) -> Iterator[Told]:
    yield from emptied()
    assert faults() == []


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    def make(*rates: int, **more) -> Plan:
        rates = rates or (1_000,)
        told = NewPlan(f"方案{Plan.objects.count()}", rates, is_confirmed=len(rates) > 1, **more)
        return create_plan(told, at=AT - timedelta(days=400))

    return make


@pytest.fixture
def make_partner(make_plan) -> Callable[..., Partner]:
    def make(plan: Plan | None = None, **more) -> Partner:
        plan = plan or Plan.objects.first() or make_plan()
        told = NewPartner(f"导购{Partner.objects.count()}", "assistant", plan, **more)
        return create_partner(told, at=AT - timedelta(days=300))

    return make


@pytest.fixture
def make_member() -> Callable[..., Member]:
    return lambda name="小满": Member.objects.create(name=name, created_at=AT)


@pytest.fixture
def make_order() -> Callable[..., Order]:
    numbers = count(1)

    def make(member: Member | None, amount: int = 10_000, **more) -> Order:
        told = {"at": AT, "status": "paid", **more}
        return Order.objects.create(source="shop", number=str(next(numbers)), member=member, amount=amount, **told)

    return make
