"""The page of what giving a coupon did: with and without a control group, who may see it, and whom its numbers open."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import numpy as np
import pytest
from django.core.cache import cache
from django.urls import reverse
from pyroaring import BitMap

from liuliang.analytics.forecasts.uplift import Part, Uplift
from liuliang.commerce.coupons import NewTemplate, create_template, give_coupons
from liuliang.commerce.models import Coupon, CouponRun, Order
from liuliang.console.shop.experiment import whom_words
from liuliang.kernel import clock
from reading import people_in, text_of

DAY = timedelta(days=1)


@pytest.fixture
def world(told):
    """Of 60 who were given a coupon 30 bought, of 60 who were not 6; forty days ago."""
    begun = clock.now() - 40 * DAY
    group = told.community("福利社")
    people = [told.member(f"成员{number}") for number in range(120)]
    for place, each in enumerate(people):
        told.joins(each, group, begun - DAY)
        if place < 30 or 60 <= place < 66:
            told.buys(each, begun + 2 * DAY, 1_000 + place, community=group)
    told.settle()
    template = create_template(
        NewTemplate(
            name="开学券", kind="amount", off=1_000, starts_at=begun, ends_at=begun + 90 * DAY, total=1_000, most=None,
            threshold=0, currency="CNY", products=(), days=None, per_person=1, is_stacking=False, community=None,
        ),
        at=begun,
    )  # fmt: skip
    given, held = (BitMap([each.id for each in some]) for some in (people[:60], people[60:]))
    run = CouponRun.objects.create(
        template=template, title="新客", members=given.serialize(), size=60, held=held.serialize(), held_size=60,
        created_at=begun, ended_at=begun,
    )  # fmt: skip
    return group, template, run


def test_what_a_coupon_did_is_said_in_words_and_opens_who_paid(world, browser):
    _group, template, run = world
    owner = browser()
    page = reverse("console:coupon-run", args=[template.public_id, run.pk])
    assert page in text_of(owner.get(reverse("console:coupon", args=[template.public_id])))

    text = text_of(owner.get(page))

    assert "有用：发了的人里 50.0% 付过款，没发的 10.0%，多 40.0 个百分点" in text
    assert "平均每人多付 ¥4.01" in text
    text += text_of(owner.get(reverse("console:coupon-run-whom", args=[template.public_id, run.pk])))
    assert "说不出对谁更有用：每边至少要 250 个人、付过款和没付款的各 63 个才学得出来；现在少的一边 60 人" in text
    found = [(unescape(url), int(n)) for url, n in re.findall(r'href="(/members/\?behind=[^"]+)">(\d+)<', text)]
    assert sorted(n for _url, n in found) == [6, 30]
    for url, number in found:
        assert people_in(owner, url) == number
        assert "付过款的人" in text_of(owner.get(url))


def test_a_run_that_is_not_over_says_so(world, browser):
    _group, template, run = world
    CouponRun.objects.filter(pk=run.pk).update(created_at=clock.now() - 3 * DAY)
    text = text_of(browser().get(reverse("console:coupon-run", args=[template.public_id, run.pk])))
    assert "现在的数只是暂时的" in text
    assert "要看得出 5 个百分点的差别，每边大约要" in text
    assert re.search(r"每边大约要 [\d,]+ 人", text)


def test_before_the_time_is_up_a_difference_is_shown_and_nothing_is_concluded(world, browser):
    """Who looks every day and stops at the first believed difference is wrong six times in a hundred, not one."""
    _group, template, run = world
    CouponRun.objects.filter(pk=run.pk).update(created_at=clock.now() - 39 * DAY)
    owner = browser()
    assert "有用：发了的人里" in text_of(owner.get(reverse("console:coupon-run", args=[template.public_id, run.pk])))
    Order.objects.update(at=clock.now() - 2 * DAY)
    CouponRun.objects.filter(pk=run.pk).update(created_at=clock.now() - 3 * DAY)

    text = text_of(owner.get(reverse("console:coupon-run", args=[template.public_id, run.pk])))

    assert "有用：" not in text
    assert "平均每人多付" not in text
    assert "到期才下结论" in text
    assert "50.0%" in text
    moved = Uplift((Part(60, 100, 5, 100, 0.4), Part(20, 100, 10, 100, 0.1), Part(5, 100, 5, 100, 0.0)), np.zeros(300))
    assert "对人有分别" in whom_words(moved, is_over=True)
    assert "对人有分别" not in whom_words(moved, is_over=False)
    assert "到期才下结论" in whom_words(moved, is_over=False)


def test_who_got_the_coupon_all_the_same_is_told(world, browser):
    _group, template, run = world
    page = reverse("console:coupon-run", args=[template.public_id, run.pk])
    given, held = (list(BitMap.deserialize(bytes(each))) for each in (run.members, run.held))
    give_coupons(template, given, how="segment", cause=f"run:{run.pk}", at=run.created_at)
    owner = browser()
    before = text_of(owner.get(page))
    assert "人还是拿到了" not in before
    assert "人没有拿到" not in before
    give_coupons(template, held[:7], how="segment", cause="run:another", at=run.created_at + DAY)
    give_coupons(template, held[7:9], how="segment", cause="run:late", at=run.created_at + 31 * DAY)
    Coupon.objects.filter(member__in=given[:4]).delete()
    cache.clear()

    text = text_of(owner.get(page))

    assert "对照里有 7 人还是拿到了这张券" in text
    assert "发了券的一边有 4 人没有拿到" in text


def test_without_a_control_group_nothing_is_claimed(world, browser):
    _group, template, run = world
    CouponRun.objects.filter(pk=run.pk).update(held=b"", held_size=0)
    text = text_of(browser().get(reverse("console:coupon-run", args=[template.public_id, run.pk])))
    assert "发的时候没有留对照组" in text
    assert "有用：" not in text


def test_only_who_sees_everybodys_orders_sees_what_a_coupon_did(world, browser):
    group, template, run = world
    page = reverse("console:coupon-run", args=[template.public_id, run.pk])
    part = reverse("console:coupon-run-whom", args=[template.public_id, run.pk])
    mine = browser("service", group)
    text = text_of(mine.get(page))
    assert "要看得到全部社群的订单" in text
    assert "50.0%" not in text
    assert not mine.get(part).content
    for question in (f"run={run.pk}&side=given", f"run={run.pk}&part=0"):
        address = reverse("console:members") + "?behind=" + f"coupon-run?{question}".replace("&", "%26")
        assert people_in(mine, address) == 0
        # Runs are numbered: who tries the numbers is told neither what a coupon nor what a segment is called.
        assert template.name not in text_of(mine.get(address))
        assert run.title not in text_of(mine.get(address))
    other = create_template(
        NewTemplate(
            name="别的券", kind="amount", off=1_000, starts_at=run.created_at, ends_at=clock.now() + 90 * DAY, total=10,
            most=None, threshold=0, currency="CNY", products=(), days=None, per_person=1, is_stacking=False, community=None,
        ),
        at=run.created_at,
    )  # fmt: skip
    assert browser().get(reverse("console:coupon-run", args=[other.public_id, run.pk])).status_code == 404


def test_a_question_about_no_run_is_of_nobody(world, browser):
    owner = browser()
    for question in ("run=0", "run=x", "run=99999999999999", "", "run=1%2526part%253D9"):
        assert people_in(owner, f"{reverse('console:members')}?behind=coupon-run%3F{question}") == 0


def test_a_share_is_held_back_as_it_was_chosen(world, browser, monkeypatch):
    from liuliang.segments.rules import read_rule
    from liuliang.segments.services import create_segment

    _group, template, _run = world
    rule = read_rule({"if": "behaviour", "kind": "member.joined", "number": 1})
    segment = create_segment("来过的", rule, community=None, at=clock.now())
    monkeypatch.setattr("liuliang.commerce.jobs.give_to_many.defer", lambda run: None)
    owner, url = browser(), reverse("console:give-coupon-to-segment", args=[template.public_id])
    assert "随机留 20% 不发" in text_of(owner.get(url))
    assert owner.post(url, {"segment": segment.public_id, "hold": "20", "key": "a"}).status_code == 302
    run = CouponRun.objects.latest("id")
    assert (run.size, run.held_size) == (96, 24)
    assert owner.post(url, {"segment": segment.public_id, "hold": "15", "key": "b"}).status_code == 422
