"""What the sample brand sells and gives, set up as an operator would by the console: its files tell of members and orders alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from liuliang.commerce.coupons import NewTemplate, create_template
from liuliang.commerce.mall import COUPON, GOODS, SERVICE, NewItem, create_item
from liuliang.commerce.models import Product
from liuliang.commerce.plan_selling import sell_plan
from liuliang.commerce.products import add_offer, add_variant, create_product
from liuliang.kernel.readers import ensure_cursors
from liuliang.loyalty.accounts import GROWTH, POINTS
from liuliang.loyalty.earning import write_rule
from liuliang.loyalty.leveling import NewLevel, set_ladder
from liuliang.loyalty.models import EarningRule
from liuliang.loyalty.reactions import EarningReaction
from liuliang.loyalty.stock import open_budget
from liuliang.partners.materials import NewMaterial, save_material
from liuliang.partners.plans import NewPlan, create_plan
from liuliang.partners.services import NewPartner, create_partner
from liuliang.partners.training import NewTraining, save_item
from liuliang.people.models import Community
from liuliang.simulator import brand
from liuliang.subscriptions.plans import PlanTerms

BUDGET = "积分预算"
REWARDED_FOR = timedelta(days=60)
"""How far back the rules of the sample brand speak: what its files tell of these days is paid when they come in."""


def set_rewards(*, at: datetime) -> None:
    """Set the levels, and the rules by which what the files tell of the last `REWARDED_FOR` earns points."""
    set_ladder(
        [
            NewLevel("new", "新客", 0, 0, ("生日月 95 折券",)),
            NewLevel("regular", "常客", 200, 100, ("生日月 9 折券", "新品优先试喝")),
            NewLevel("friend", "老友", 600, 300, ("全年包邮", "新品优先试喝", "线下沙龙名额")),
        ]
    )
    open_budget(BUDGET, 500_000, cause="sample:budget", at=at)
    since = at - REWARDED_FOR
    for rule in (
        EarningRule(
            title="每消费 1 元得 1 分", behaviour="order", low=1, high=1, per=100, cap_day=1_000, budget=BUDGET
        ),
        EarningRule(title="每消费 1 元得 1 点成长值", unit=GROWTH, behaviour="order", low=1, high=1, per=100),
        EarningRule(
            title="邀请好友进群", behaviour="invite", low=20, high=20, cap_week=200, budget=BUDGET, undo_hours=72
        ),
    ):
        rule.starts_at = since
        if rule.unit == POINTS:
            rule.validity = {"kind": "months", "number": 12}
        write_rule(rule, at=at)
    # A reaction begins with what comes after its first start, and nothing has run here yet.
    ensure_cursors(EarningReaction())


def open_shop(top: Community, group: Community, *, at: datetime) -> None:
    """Put on sale what the brand sells, with coupons, a mall, a membership and partners; members of ``group`` buy cheaper."""
    membership = sell_plan(
        PlanTerms("雾汀会员", "month", 12, "一年里每一包都按会员价，每月 8 日积分加倍", ("会员价", "免邮"), "month", 8, 0, 100),
        amount=19_900, community=top.pk, at=at,
    )  # fmt: skip
    for place, (name, amount, _weight) in enumerate(brand.PRODUCTS, start=1):
        product = create_product(name, at=at, community=top.pk)
        variant = add_variant(product.pk, code=f"WT-{place:03d}", amount=amount, quantity=40 * place, at=at)
        add_offer(variant.pk, amount=amount * 9 // 10, plan=membership.pk, at=at)
        if place <= 3:
            add_offer(variant.pk, amount=amount * 95 // 100, communities=[group.pk], at=at)
    until = at + timedelta(days=90)
    welcome = create_template(
        NewTemplate("新人满 50 减 10", "amount", 1_000, at, until, 500, threshold=5_000, days=14, community=top.pk),
        at=at,
    )
    create_template(
        NewTemplate("老友 9 折", "percent", 10, at, until, 200, most=3_000, per_person=2, community=top.pk), at=at
    )
    for item, quantity in (
        (NewItem("雾汀随行杯", GOODS, 900, description="杯盖有四色，随机发", per_person=1, community=top.pk), 60),
        (NewItem("桂花拿铁粉 2 条试饮", GOODS, 200, per_person=2, community=top.pk), 300),
        (NewItem("满 50 减 10 券", COUPON, 150, per_person=2, template=welcome.pk, community=top.pk), 400),
        (NewItem("手冲一对一指导 30 分钟", SERVICE, 600, 1_900, community=top.pk), 20),
    ):  # fmt: skip
        create_item(item, at=at, quantity=quantity)
    plan = create_plan(NewPlan("老友推荐", (800,), window_days=15, binding_days=180), at=at)
    for name, kind in (("阿岚的咖啡角", "partner"), ("湖滨店小周", "assistant")):
        create_partner(NewPartner(name, kind, plan), at=at)
    words = "这周的新豆到了，下单时报我的码 {code} 就行。冲不好喝来找我，{name}。"
    save_material(NewMaterial("新豆上架", words, product=Product.objects.get(name=brand.PRODUCTS[4][0])), at=at)
    save_item(NewTraining("怎么介绍三款拼配", "先问平时怎么冲，再说风味；不会冲的先推荐挂耳。"), at=at)
