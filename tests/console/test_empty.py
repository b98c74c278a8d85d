"""The first day: pages of an installation that holds nothing yet, and their way on."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from liuliang.kernel import clock
from liuliang.partners.plans import NewPlan, create_plan

pytestmark = pytest.mark.django_db

PAGES = (
    "/overview/", "/communities/", "/members/", "/members/segments/", "/members/segments/layers/",
    "/members/proposals/", "/members/tags/", "/points/", "/points/rules/", "/points/levels/", "/points/adjustments/",
    "/honour/", "/penalties/", "/shop/orders/", "/shop/products/", "/shop/coupons/", "/shop/plans/", "/shop/mall/",
    "/shop/mall/redemptions/", "/winback/", "/partners/", "/partners/settlements/", "/testimonials/",
    "/testimonials/gallery/", "/health/", "/analysis/aarrr/", "/analysis/costs/", "/analysis/retention/",
    "/analysis/funnel/", "/analysis/paths/", "/analysis/touches/", "/analysis/predictions/", "/analysis/metrics/", "/goals/", "/reviews/",
    "/alerts/",
)  # fmt: skip


@pytest.fixture
def owner(db, browser) -> Client:
    return browser()


@pytest.mark.parametrize("address", PAGES)
def test_an_empty_page_offers_the_next_step(owner, address):
    told = owner.get(address).content.decode()
    state = re.search(r'<div class="empty-state">(.*?)</div>', told, re.DOTALL)
    assert state is not None
    assert re.search(r'class="btn btn-primary"[^>]*(href|hx-get)="/', state[1])


def test_partners_are_taken_in_after_there_is_a_plan_and_the_only_plan_is_chosen(owner):
    assert 'hx-get="/partners/plans/new/"' in _empty(owner, "/partners/")
    create_plan(NewPlan(name="十个点", rates=(1000,)), at=clock.now())
    assert 'hx-get="/partners/new/"' in _empty(owner, "/partners/")
    assert re.search(r'<option value="[^"]+" selected>十个点', owner.get("/partners/new/").content.decode())


def _empty(owner: Client, address: str) -> str:
    return owner.get(address).content.decode().split('class="empty-state"')[1]
