from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from liuliang.cli.sample_shop import REWARDED_FOR, open_shop, set_rewards
from liuliang.commerce.models import CouponTemplate, MallItem, Variant
from liuliang.commerce.services import NewOrder, record_orders
from liuliang.kernel.readers import catch_up, readers
from liuliang.loyalty.ledger import faults
from liuliang.loyalty.models import MemberLevel
from liuliang.loyalty.queries import balance_of
from liuliang.people.communities import create_community
from liuliang.people.identities import Known
from liuliang.people.models import Member
from liuliang.simulator import brand

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_the_sample_brand_has_something_of_everything_on_sale():
    top = create_community(name="雾汀", type_key="brand", is_group=False, at=NOW)
    group = create_community(name="雾汀老友会", type_key="brand", parent=top, at=NOW)
    set_rewards(at=NOW)
    open_shop(top, group, at=NOW)
    # The membership is a product too.
    assert Variant.objects.count() == len(brand.PRODUCTS) + 1
    assert set(MallItem.objects.values_list("kind", flat=True)) == {"goods", "coupon", "service"}
    assert CouponTemplate.objects.count() == 2
    assert faults() == []


def test_orders_of_the_last_weeks_earn_points_and_levels_when_they_come_in():
    set_rewards(at=NOW)
    buyer = Known("小雨", (("phone", "13900000001"),))
    days = (timedelta(days=3), REWARDED_FOR + timedelta(days=1))
    orders = [NewOrder(f"A{n}", NOW - ago, buyer, 25_000, 0, "CNY", "豆", 1, "paid") for n, ago in enumerate(days)]
    record_orders(orders, source="table", community=None, at=NOW)
    for reader in readers():
        catch_up(reader)
    member = Member.objects.get()
    assert [balance_of(member.pk, unit=unit).available for unit in ("points", "growth")] == [250, 250]
    assert MemberLevel.objects.get(member=member).level.name == "常客"
    assert faults() == []
