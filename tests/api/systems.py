"""Two communities that must not see each other, somebody in the first, and systems that call with keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.commerce.codes import make_codes
from liuliang.commerce.coupons import NewTemplate, create_template
from liuliang.commerce.mall import NewItem, create_item
from liuliang.commerce.models import CouponCode, CouponTemplate, MallItem
from liuliang.loyalty.ledger import faults
from liuliang.loyalty.points import Reward, earn
from liuliang.people.access import Access
from liuliang.people.keys import FOR_KEYS, make_key
from liuliang.people.models import ApiKey, Community, Identity, Member, Membership

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
"""Noon in Shanghai."""


@dataclass
class System:
    """Another system with its key."""

    secret: str
    key: ApiKey | None = None
    client: Client = field(default_factory=lambda: Client(raise_request_exception=True))

    def call(self, method: str, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        told: dict[str, str] = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        if key:
            told["Idempotency-Key"] = key
        sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.generic(
            method, f"/api/v1/{path}", sent, content_type="application/json", headers={**told, **headers}
        )


@dataclass
class Ground:
    brand: Community
    group: Community
    other: Community
    member: Member
    outsider: Member
    owner: Staff
    template: CouponTemplate
    item: MallItem

    def system(self, *permissions: str, where: Community | None = None, by: Staff | None = None) -> System:
        """Give a system a key with these permissions, or with all that keys can have there."""
        access = Access(by or self.owner)
        if not permissions:
            permissions = tuple(one for one in FOR_KEYS if where is None or not one.startswith("points."))
        made = make_key(access, name="商城", permissions=permissions, community=where, at=AT)
        return System(made.secret, made.key)


def code_of(ground: Ground) -> str:
    """Return the one code that there is for the coupon, made when it is first asked for."""
    if not CouponCode.objects.exists():
        make_codes(ground.template, 1, title="传单", at=AT)
    return CouponCode.objects.get().code


def order(number: str = "N1", **told: Any) -> dict[str, Any]:
    return {"number": number, "placed_at": "2026-02-28T20:00:00+08:00", "amount": 9_900, **told}


def batch(*orders: Mapping[str, Any], **told: Any) -> dict[str, Any]:
    return {"orders": list(orders), **told}


@pytest.fixture
def noon():
    with time_machine.travel(AT, tick=False):
        yield


def _ground() -> Ground:
    ensure_built_in_roles(Role)

    def community(name: str, parent: Community | None = None) -> Community:
        made = Community.objects.create(name=name, parent=parent, type="learning", created_at=AT)
        made.path = [*(parent.path if parent else []), made.id]
        made.save()
        return made

    def member(name: str, phone: str, where: Community) -> Member:
        made = Member.objects.create(name=name, created_at=AT)
        Identity.objects.create(kind="phone", value=phone, member=made, created_at=AT)
        Membership.objects.create(member=made, community=where, first_seen_at=AT)
        return made

    brand = community("甲品牌")
    group, other = community("甲群", brand), community("乙品牌")
    person = member("阿珍", "+8613900000001", group)
    earn([Reward(person.pk, 500, "start")], at=AT - timedelta(days=1))
    template = NewTemplate("立减券", "amount", 1_000, AT, AT + timedelta(days=30), 5, per_person=5, community=brand.pk)
    return Ground(
        brand=brand, group=group, other=other, member=person, outsider=member("小明", "+8613900000002", other),
        owner=Staff.objects.create(email="owner@example.com", name="老板", is_owner=True, created_at=AT),
        template=create_template(template, at=AT),
        item=create_item(NewItem("马克杯", "privilege", 100, community=brand.pk), at=AT, quantity=3),
    )  # fmt: skip


@pytest.fixture
def ground(db, noon) -> Ground:
    return _ground()


@pytest.fixture
def shared_ground(transactional_db, noon) -> Ground:
    """The same, seen by threads."""
    return _ground()


@pytest.fixture
def sound() -> Callable[[], None]:
    """Check that the ledger adds up."""

    def check() -> None:
        assert faults() == []

    return check
