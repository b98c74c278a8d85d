"""A shop to test with: members, communities, products; and the check that every test of stock ends with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from crowds import at_once
from ledgers import AT, at, ledger, shared_ledger
from liuliang.commerce.coupons import NewTemplate, create_template
from liuliang.commerce.models import CouponTemplate, Variant
from liuliang.commerce.products import add_variant, create_product
from liuliang.people.models import Community, Member, Membership

__all__ = ["at", "at_once", "ledger", "shared_ledger"]


@pytest.fixture
def make_member() -> Callable[..., int]:
    def make(*communities: Community, name: str = "小雨", has_left: bool = False) -> int:
        member = Member.objects.create(name=name, created_at=AT)
        for community in communities:
            left = AT if has_left else None
            Membership.objects.create(member=member, community=community, first_seen_at=AT, last_left_at=left)
        return member.id

    return make


@pytest.fixture
def make_community() -> Callable[..., Community]:
    def make(name: str, parent: Community | None = None) -> Community:
        made = Community.objects.create(name=name, parent=parent, type="learning", created_at=AT)
        made.path = [*(parent.path if parent else []), made.id]
        made.save()
        return made

    return make


@pytest.fixture
def make_variant() -> Callable[..., Variant]:
    def make(amount: int = 9_900, quantity: int | None = 10, currency: str = "CNY", **told) -> Variant:
        number = Variant.objects.count() + 1
        product = create_product(f"咖啡豆 {number}", at=AT, currency=currency)
        return add_variant(product.pk, code=f"C{number}", amount=amount, at=AT, quantity=quantity, **told)

    return make


@pytest.fixture
def make_template() -> Callable[..., CouponTemplate]:
    def make(off: int = 1_000, kind: str = "amount", total: int = 100, **told) -> CouponTemplate:
        told = {"starts_at": AT, "ends_at": AT + timedelta(days=30), **told}
        return create_template(NewTemplate("开学券", kind, off, total=total, **told), at=AT)

    return make
