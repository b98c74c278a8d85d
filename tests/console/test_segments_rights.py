"""Who may build which segments: a rule tells no more than the pages of what it is about."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.accounts.models import Role
from liuliang.accounts.permissions import SEGMENTS_EDIT
from liuliang.kernel import clock
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


def test_who_may_not_see_members_tries_no_rule_on_them(told, browser):
    here = told.community()
    member = told.member("慕容不见")
    told.says(member, here, clock.now(), "我要离职了")
    told.settle()
    client = browser("content_officer", here)
    Role.objects.filter(key="content_officer").update(permissions=[SEGMENTS_EDIT])
    rule = {
        "r|join": "all", "r.0|if": "behaviour", "r.0|kind": "message.sent", "place": here.public_id,
        "r.0|properties.0.field": "text", "r.0|properties.0.operator": "contains", "r.0|properties.0.value": "离职",
    }  # fmt: skip

    tried = client.post(reverse("console:new-segment"), rule).content.decode()
    kept = client.post(reverse("console:new-segment"), rule | {"save": "1", "name": "试试"})

    assert member.name not in tried
    assert "要有“查看成员”的权限" in tried
    assert kept.status_code == 422
