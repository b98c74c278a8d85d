"""Who may build which segments: a rule tells no more than the pages of what it is about."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.segments.models import Segment
from telling import told

__all__ = ["told"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("points.spent", "看积分和等级的权限不够"),
        ("level.reached", "看积分和等级的权限不够"),
        ("commission.given", "要有“查看合伙人、业绩和佣金”的权限"),
        ("order.paid", "看订单的权限不够"),
        ("mall.redeemed", "看订单的权限不够"),
        ("subscription.started", "看订单的权限不够"),
        ("coupon.given", "要有“查看商品、优惠券和商城”的权限"),
        ("penalty.given", "要有“处罚成员、处理申诉”的权限"),
        ("message.sent", ""),
    ],
)
@pytest.mark.parametrize("condition", ["behaviour", "sequence"])
def test_a_rule_asks_only_for_what_one_may_see(told, browser, kind, words, condition):
    here = told.community()
    told.settle()
    owner, officer = browser(), browser("content_officer", here)
    step = (
        {"r.0|kind": kind}
        if condition == "behaviour"
        else {"r.0|steps.0.kind": "member.joined", "r.0|steps.1.kind": kind}
    )
    posted = {"save": "1", "name": "试试", "place": here.public_id, "r|join": "all", "r.0|if": condition, **step}

    told_there = officer.post(reverse("console:new-segment"), posted)

    assert told_there.status_code == (422 if words else 302)
    assert words in told_there.content.decode()
    Segment.objects.all().delete()
    assert owner.post(reverse("console:new-segment"), posted).status_code == 302
    form = {"r|join": "all", "r.0|if": condition, "place": here.public_id, **step}
    offered = officer.post(reverse("console:new-segment"), form).content.decode()
    assert (f'<option value="{kind}"' in offered) == (not words)
