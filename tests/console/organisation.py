"""A small organisation to open pages in: two brands that must not see each other, and everyone who works there."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpResponseBase
from django.test import Client
from PIL import Image
from pyroaring import BitMap

import wechat_pay
from liuliang.accounts import audit
from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.accounts.services import links, owners
from liuliang.alerting.models import Alert, AlertOwner, Firing
from liuliang.analytics.models import ChannelCost, Goal
from liuliang.commerce import payment_accounts
from liuliang.commerce.codes import make_codes
from liuliang.commerce.coupons import NewTemplate, create_template, give_coupon
from liuliang.commerce.giving import add_rule
from liuliang.commerce.mall import NewItem, Wanted, create_item, redeem
from liuliang.commerce.models import CouponRun, CouponTemplate, MallItem, Order, Payment, Product, Redemption
from liuliang.commerce.plan_selling import sell_plan
from liuliang.commerce.products import add_offer, add_variant, create_product
from liuliang.commerce.quoting import Sale
from liuliang.commerce.selling import place_order
from liuliang.cultivation.models import Candidacy
from liuliang.dashboards.models import Card, Dashboard
from liuliang.families.models import Family, Invitation, Tier, TierGroup
from liuliang.importers.models import Import
from liuliang.kernel import clock
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.models import Adjustment, Award, Badge, EarningRule, Penalty
from liuliang.loyalty.points import Reward, earn
from liuliang.partners.commissions import release
from liuliang.partners.materials import NewMaterial, save_material
from liuliang.partners.models import Material, Partner, Settlement, TrainingItem
from liuliang.partners.models import Plan as PartnerPlan
from liuliang.partners.plans import NewPlan, create_plan
from liuliang.partners.services import NewPartner, claim_order, create_partner
from liuliang.partners.settling import make_settlement
from liuliang.partners.training import NewTraining, note_trained, save_item
from liuliang.people.models import (
    Activity,
    ApiKey,
    AttributeDefinition,
    Circle,
    CircleMember,
    Community,
    Grant,
    Identity,
    Member,
    Membership,
    Merge,
    MergeProposal,
    Note,
    Tag,
    TagGroup,
)
from liuliang.people.pictures import made_anew
from liuliang.segments.models import Segment
from liuliang.subscriptions import subscribing
from liuliang.subscriptions.models import Plan, Term
from liuliang.subscriptions.plans import PlanTerms
from liuliang.testimonials.models import Testimonial
from liuliang.testimonials.services import NewTestimonial, collect
from liuliang.ui.assets import asset_url

PASSWORD = "a long enough pass phrase"

CHAT = """消息记录（此消息记录为文本格式，不支持重新导入）

================================================================
消息分组:我的群聊
================================================================
消息对象:读书群
================================================================

2026-01-01 10:00:00 阿珍(10001)
今天读什么

2026-01-01 10:01:00 小明(10002)
读诗
"""


@dataclass
class World:
    """Brand 甲 with a group and people, and brand 乙 beside it. Everything of 甲 that has a name is in ``secrets``."""

    brand: Community
    group: Community
    other: Community
    member: Member
    colleague: Staff
    role: Role
    given: Import
    note: Note
    tag: Tag
    definition: AttributeDefinition
    merge: Merge
    proposal: MergeProposal
    segment: Segment
    cost: ChannelCost
    goal: Goal
    alert: Alert
    firing: Firing
    candidacy: Candidacy
    dashboard: Dashboard
    card: Card
    earning_rule: EarningRule
    adjustment: Adjustment
    badge: Badge
    award: Award
    penalty: Penalty
    product: Product
    template: CouponTemplate
    order: Order
    item: MallItem
    redemption: Redemption
    owner: Staff
    staff: dict[str, Staff]
    secrets: list[str] = field(default_factory=list)

    def sign_in(self, staff: Staff) -> Client:
        """Return a browser in which ``staff`` is signed in."""
        client = Client(raise_request_exception=False)
        client.force_login(staff)
        return client


def content_of(response: HttpResponseBase) -> str:
    """Return the text of an answer, streamed or not."""
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    return bytes(body).decode("utf-8", "replace")


@pytest.fixture
def read() -> Callable[[HttpResponseBase], str]:
    return content_of


@pytest.fixture
def _folder_of_its_own(tmp_path, monkeypatch):
    """Run where nothing can be lost: some of what pages do deletes files."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def world(db: None, _folder_of_its_own: None) -> World:
    """Build the organisation. Names begin with 密 so that searching for that finds all of them."""
    now = clock.now()
    ensure_built_in_roles(Role)

    def community(name: str, parent: Community | None = None, **fields: object) -> Community:
        made = Community.objects.create(name=name, parent=parent, type="learning", created_at=now, **fields)
        made.path = [*(parent.path if parent else []), made.id]
        made.save()
        return made

    def staff(name: str, **fields: object) -> Staff:
        email = f"{len(everyone)}-{fields.pop('box', 'box')}@example.com"
        everyone.append(Staff.objects.create(email=email, name=name, created_at=now, password="!", **fields))
        return everyone[-1]

    everyone: list[Staff] = []
    brand = community("密云品牌甲", is_group=False)
    group = community("密林读书群", brand)
    other = community("乙品牌")
    member = Member.objects.create(name="密友阿珍", created_at=now, name_grams=["密友", "友阿", "阿珍"])
    Membership.objects.create(
        member=member, community=group, first_seen_at=now - timedelta(days=9), last_spoke_at=now, messages=3
    )
    Activity.objects.create(member=member, first_seen_at=now, last_seen_at=now, last_spoke_at=now, messages=3)
    Identity.objects.create(kind="phone", value="+8613900008888", member=member, created_at=now)
    Membership.objects.create(
        member=Member.objects.create(name="乙群小明", created_at=now), community=other, first_seen_at=now
    )
    twin = Member.objects.create(name="密友阿珍珍", created_at=now)
    Membership.objects.create(member=twin, community=group, first_seen_at=now)
    _company(group, member)
    record = Member.objects.create(name="密友小号", canonical=member, created_at=now)

    owner = staff("老板", is_owner=True, box="owner")
    Staff.objects.filter(pk=owner.pk).update(password=hashed())
    owner.refresh_from_db()
    colleague = staff("密探同事", box="micolleague")
    Grant.objects.create(staff=colleague, role=Role.objects.get(key="helper"), community=group)
    people = {"no role at all": staff("无角色")}
    for role in Role.objects.exclude(key=""):
        people[f"{role.key} of 甲"] = staff(f"甲{role.key}")
        Grant.objects.create(staff=people[f"{role.key} of 甲"], role=role, community=brand)
    everywhere = Role.objects.get(key="admin")
    people["admin everywhere"] = staff("总管理")
    Grant.objects.create(staff=people["admin everywhere"], role=everywhere)
    people["admin of 乙"] = staff("乙管理")
    Grant.objects.create(staff=people["admin of 乙"], role=everywhere, community=other)
    folder = settings.UPLOAD_ROOT / "given"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_text("密", encoding="utf-8")
    given = Import.objects.create(
        file_name="密件.txt",
        path=str(folder / "file"),
        size=3,
        state="done",
        community=group,
        staff=owner,
        created_at=now,
    )
    board = Dashboard.objects.create(
        name="密看板", meaning="密事一览", community=group, owner=owner, created_at=now, changed_at=now
    )
    board.roles.set(Role.objects.exclude(key=""))
    alert = Alert.objects.create(
        name="密警安静了", metric="messages", community=group, condition={"kind": "below", "threshold": 5}, steps="密步一",
        duties="密责二", looked_day=now.date(), due_at=now, outcome="fired", created_at=now, changed_at=now,
    )  # fmt: skip
    AlertOwner.objects.create(alert=alert, staff=owner)
    badge = Badge.objects.create(name="密星", icon="star", community=group, created_at=now)
    ApiKey.objects.create(
        name="密钥商城", staff=owner, community=group, permissions=["orders.edit"], digest="0" * 64, hint="mi4x",
        created_at=now, minute=now,
    )  # fmt: skip
    with audit.acting(owner):
        shop = _shop(brand, group, member, owner)
        _partners()
        _testimonials(group, member)
    return World(
        **shop,
        brand=brand,
        group=group,
        other=other,
        member=member,
        colleague=colleague,
        role=Role.objects.create(name="夜班", permissions=["communities.view"]),
        given=given,
        note=Note.objects.create(member=member, staff=colleague, text="密谈：爱喝手冲", at=now),
        tag=Tag.objects.create(group=TagGroup.objects.create(name="兴趣"), name="咖啡", created_at=now),
        definition=AttributeDefinition.objects.create(key="city", title="城市"),
        merge=Merge.objects.create(record=record, into=member, rule="staff", at=now),
        proposal=MergeProposal.objects.create(first=member, second=twin, score=80, created_at=now),
        segment=Segment.objects.create(
            name="密友圈",
            community=group,
            rule={"all": [{"if": "membership"}]},
            members=BitMap([member.pk, twin.pk]).serialize(),
            size=2,
            created_at=now,
            changed_at=now,
            evaluated_at=now,
        ),
        cost=ChannelCost.objects.create(community=group, first_day=now.date(), last_day=now.date(), amount=100, at=now),
        goal=Goal.objects.create(
            community=group, metric="speakers", first_day=now.date(), last_day=now.date(), target=3, at=now
        ),
        alert=alert,
        firing=Firing.objects.create(
            alert=alert, community=group, day=now.date(), value=2, condition=alert.condition, fired_at=now
        ),
        candidacy=Candidacy.objects.create(
            member=member, kind="star", state="candidate", evidence={"answerers_90": 12}, added_at=now, since=now
        ),
        dashboard=board,
        card=Card.objects.create(
            dashboard=board, position=0, kind="metric", question={"metric": "speakers"}, title="密卡", community=group
        ),
        earning_rule=EarningRule.objects.create(
            title="密令发言", behaviour="speak", low=1, high=5, starts_at=now, created_at=now
        ),
        adjustment=Adjustment.objects.create(member=member, amount=5_000, reason="密谈：补偿", staff=colleague, at=now),
        badge=badge,
        award=Award.objects.create(badge=badge, member=member, reason="密谈：整理", staff=colleague, at=now),
        penalty=Penalty.objects.create(
            member=member, community=group, step="warn", reason="密谈：广告", staff=colleague, at=now
        ),
        owner=owner,
        staff=people,
        secrets=[
            "密钥商城",
            "密看板",
            "密事一览",
            "密卡",
            "密警安静了",
            "密步一",
            "密责二",
            "密星",
            "密语：",
            "密聊：",
            "密谈：整理",
            "密谈：广告",
            "密令发言",
            "密谈：补偿",
            "密藏马克杯",
            "密云路",
            "13900007777",
            "密制咖啡豆",
            "密室优先",
            "密友专享券",
            "MI-250",
            "密流水号",
            "密友圈",
            brand.name,
            group.name,
            member.name,
            "密谈：爱喝手冲",
            "13900008888",
            colleague.name,
            "micolleague",
            "密件.txt",
        ],
    )


def _dot() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(written, "PNG")
    return written.getvalue()


def _testimonials(group: Community, member: Member) -> None:
    """Build a testimonial with a picture, and a message that may become one."""
    now = clock.now()
    told = NewTestimonial(member.pk, text="密语：喝了就回不去", community=group.id, product="密制咖啡豆")
    collect(told, [made_anew(_dot())], at=now)
    LoggedEvent.objects.create(
        position=10**6, id=uuid4(), kind="message.sent", occurred_at=now, recorded_at=now, member=member.pk,
        community=group.pk, source="qq_txt", source_id="world", data={"text": "密聊：这豆子真香"},
    )  # fmt: skip


def _partners() -> None:
    """Build a partner with a plan, a material, training, and a sheet that waits to be paid; they belong to the installation."""
    now = clock.now() - timedelta(days=40)
    plan = create_plan(NewPlan("导购方案", (1_000,)), at=now)
    partner = create_partner(NewPartner("李店长", "assistant", plan, code="XIAOLI8"), at=now)
    save_material(NewMaterial("一句话", "{code} {name}", made_anew(_dot()).data), at=now)
    note_trained(partner, save_item(NewTraining("产品怎么讲"), at=now), at=now)
    paid = {"source": "shop", "amount": 10_000, "status": "paid"}
    claim_order(Order.objects.create(number="P1", at=now, **paid).pk, partner.code, at=now)
    release(at=clock.now())
    make_settlement("CNY", at=now)
    claim_order(Order.objects.create(number="P2", at=now, **paid).pk, partner.code, at=now)
    release(at=clock.now())
    Order.objects.create(number="P3", at=now, **paid)


def _shop(brand: Community, group: Community, member: Member, staff: Staff) -> dict[str, Any]:
    """Build a product with a price, a coupon with a code, a rule and a holder, and an order that waits for its money."""
    now = clock.now()
    product = create_product("密制咖啡豆", at=now, community=brand.id, description="密传配方")
    variant = add_variant(product.pk, code="MI-250", amount=9_900, at=now, name="密封装", quantity=10)
    add_offer(variant.pk, amount=8_000, at=now, communities=[group.id])
    told = NewTemplate(
        "密友专享券", "amount", 1_000, now, now + timedelta(days=9), 100, community=brand.id, per_person=9
    )
    template = create_template(told, at=now)
    give_coupon(template, member.pk, how="hand", cause="world", at=now)
    make_codes(template, 2, title="密印传单", at=now)
    add_rule(template, "join", community=group.id, at=now)
    CouponRun.objects.create(
        template=template, title="密选的人", members=BitMap([member.pk]).serialize(), size=1,
        held=BitMap([member.pk + 1_000]).serialize(), held_size=1, created_at=now - timedelta(days=40), ended_at=now,
    )  # fmt: skip
    sale = Sale(member.pk, ((variant.pk, 1),), community=group.id, content="密文种草", play="密拼团", staff=staff.pk)
    order = place_order(sale, key="world", at=now, until=now + timedelta(hours=1))
    Order.objects.filter(pk=order.pk).update(reference="密流水号")
    _account(order)
    told = PlanTerms("密友年卡", rights=("密室优先",), day_kind="month", day_number=8, day_off=10, day_points=100)
    plan = sell_plan(told, amount=19_900, community=brand.id, at=now)
    subscribing.give(subscribing.Grant(member.pk, plan, "gift:world", how="gift", reason="密函致歉"), at=now)
    gift = NewItem("密藏马克杯", "goods", 30, community=brand.id, description="密窑烧制")
    item = create_item(gift, at=now, quantity=10)
    earn([Reward(member.pk, 500, "world")], at=now)
    where = {"name": "密友收货", "phone": "13900007777", "address": "密云路 1 号"}
    redemption = redeem(Wanted(item.pk, member.pk, 1, where), key="world", at=now)
    return {"product": product, "template": template, "order": order, "item": item, "redemption": redemption}


def _account(order: Order) -> None:
    """Let orders be paid through an adapter, and show a code for one of them."""
    now = clock.now()
    payment_accounts.save_account("wechatpay", wechat_pay.config(), at=now)
    payment_accounts.switch_account("wechatpay", is_active=True, at=now)
    Payment.objects.create(
        order=order, adapter="wechatpay", way="native", number=f"{order.number}P1", amount=order.amount, currency="CNY",
        state="open", handle={"url": "weixin://wxpay/bizpayurl?pr=secret"}, begun_at=now,
        until=now + timedelta(minutes=50),
    )  # fmt: skip


@pytest.fixture
def address_parts() -> Mapping[str, Callable[[World], str]]:
    """How to fill each parameter of an address, with a thing that belongs to brand 甲.

    A page whose address names a new kind of thing adds a line here, and its rows to `world`; the walk does the rest.
    """
    return {
        "community": lambda world: world.group.public_id,
        "member": lambda world: world.member.public_id,
        "colleague": lambda world: str(world.colleague.pk),
        "grant": lambda world: str(world.colleague.grants.get().pk),
        "role": lambda world: str(world.role.pk),
        "api_key": lambda world: ApiKey.objects.get(name="密钥商城").public_id,
        "token": lambda world: links.link_token(world.colleague),
        "partner": lambda world: Partner.objects.get().public_id,
        "partner_plan": lambda world: PartnerPlan.objects.get().public_id,
        "material": lambda world: str(Material.objects.get().pk),
        "training_item": lambda world: str(TrainingItem.objects.get().pk),
        "settlement": lambda world: Settlement.objects.get().public_id,
        "testimonial": lambda world: Testimonial.objects.get().public_id,
        "picture_id": lambda world: str(Testimonial.objects.get().pictures.get().pk),
        "message": lambda world: "1000000",
        "setup_token": lambda world: owners.setup_token(),
        "given": lambda world: world.given.public_id,
        "note_id": lambda world: str(world.note.pk),
        "tag_id": lambda world: str(world.tag.pk),
        "group_id": lambda world: str(world.tag.group_id),
        "field_id": lambda world: str(world.definition.pk),
        "key": lambda world: world.definition.key,
        "metric": lambda world: "active",
        "cost": lambda world: world.cost.public_id,
        "goal": lambda world: world.goal.public_id,
        "alert": lambda world: world.alert.public_id,
        "firing": lambda world: world.firing.public_id,
        "segment": lambda world: world.segment.public_id,
        "product": lambda world: world.product.public_id,
        "variant_id": lambda world: str(world.product.variants.get().pk),
        "offer_id": lambda world: str(world.product.variants.get().offers.get().pk),
        "template": lambda world: world.template.public_id,
        "batch_id": lambda world: str(world.template.batches.get().pk),
        "rule_id": lambda world: str(world.template.rules.get().pk),
        "run_id": lambda world: str(world.template.runs.earliest("id").pk),
        "coupon_id": lambda world: str(world.template.coupons.get().pk),
        "order": lambda world: str(world.order.pk),
        "adapter": lambda world: "wechatpay",
        "plan": lambda world: Plan.objects.get().public_id,
        "term_id": lambda world: str(Term.objects.get().pk),
        "payment_id": lambda world: str(world.order.payments.get().pk),
        "item": lambda world: world.item.public_id,
        "redemption": lambda world: world.redemption.number,
        "dashboard": lambda world: world.dashboard.public_id,
        "own_dashboard": lambda world: world.dashboard.public_id,
        "card": lambda world: world.card.public_id,
        "own_card": lambda world: world.card.public_id,
        "dimension": lambda world: "activity",
        "pattern": lambda world: "mute-newcomers",
        "family": lambda world: Family.objects.get().public_id,
        "invitation": lambda world: str(Invitation.objects.get().pk),
        "circle": lambda world: Circle.objects.get(name="密圈").public_id,
        "candidate_kind": lambda world: "star",
        "candidacy": lambda world: str(world.candidacy.pk),
        "rule": lambda world: str(world.earning_rule.pk),
        "badge": lambda world: str(world.badge.pk),
        "award": lambda world: str(world.award.pk),
        "penalty": lambda world: str(world.penalty.pk),
        "adjustment_id": lambda world: str(world.adjustment.pk),
        "merge_id": lambda world: str(world.merge.pk),
        "proposal_id": lambda world: str(world.proposal.pk),
        "name": lambda world: asset_url("console.css").rpartition("/")[2],
    }


def _company(group: Community, member: Member) -> None:
    """Put the member into a circle of the group, and ask them into it as a tier of a family."""
    now = clock.now()
    CircleMember.objects.create(
        circle=Circle.objects.create(community=group, name="密圈", leader=member, created_at=now),
        member=member,
        since=now,
    )
    family = Family.objects.create(name="密家族", created_at=now)
    rule = {"if": "layer", "dimension": "activity", "layers": ["core"]}
    top = Tier.objects.create(family=family, place=0, name="密核心", rule=rule)
    Tier.objects.create(family=family, place=1, name="密普通")
    TierGroup.objects.create(tier=top, community=group)
    Invitation.objects.create(
        family=family, tier=top, member=member, community=group, invited_at=now + timedelta(days=1)
    )


@cache
def hashed() -> str:
    """Return the password as it is kept; hashing it takes long on purpose."""
    return make_password(PASSWORD)
