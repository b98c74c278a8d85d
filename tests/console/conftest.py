"""A small organisation to open pages in: two brands that must not see each other, and everyone who works there."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test import Client
from django_otp.oath import totp
from PIL import Image
from pyroaring import BitMap

sys.path.insert(0, str(Path(__file__).parent.parent))

import wechat_pay
from liuliang.accounts import audit, second_factor
from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.accounts.services import account, links, owners
from liuliang.alerting.models import Alert, AlertOwner, Firing
from liuliang.analytics.models import ChannelCost, Goal, ReviewSubscription
from liuliang.commerce import payment_accounts
from liuliang.commerce.codes import make_codes
from liuliang.commerce.coupons import NewTemplate, create_template, give_coupon
from liuliang.commerce.giving import add_rule
from liuliang.commerce.mall import NewItem, Wanted, create_item, redeem
from liuliang.commerce.models import CouponTemplate, MallItem, Order, Payment, Product, Redemption
from liuliang.commerce.plan_selling import sell_plan
from liuliang.commerce.products import add_offer, add_variant, create_product
from liuliang.commerce.quoting import Sale
from liuliang.commerce.selling import pay_order, place_order
from liuliang.cultivation.models import Candidacy
from liuliang.dashboards.models import Card, Dashboard
from liuliang.importers.models import Import
from liuliang.importers.services import examine, receive
from liuliang.kernel import clock
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.earning import stop_rule
from liuliang.loyalty.models import Adjustment, Award, Badge, EarningRule, Penalty
from liuliang.loyalty.penalties import appeal
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.validity import today
from liuliang.partners.commissions import release
from liuliang.partners.models import Material, Partner, Settlement
from liuliang.partners.models import Plan as PartnerPlan
from liuliang.partners.plans import NewPlan, create_plan
from liuliang.partners.services import NewPartner, claim_order, create_partner, save_material
from liuliang.partners.settling import make_settlement
from liuliang.people.models import (
    Activity,
    ApiKey,
    AttributeDefinition,
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
from liuliang.people.profile import NEEDS
from liuliang.people.proposals import reject_proposal
from liuliang.people.tagging import tag_members
from liuliang.segments.models import Segment
from liuliang.subscriptions import subscribing
from liuliang.subscriptions.models import Plan, Term
from liuliang.subscriptions.plans import PlanTerms
from liuliang.testimonials.models import Testimonial
from liuliang.testimonials.pictures import made_anew
from liuliang.testimonials.services import NewTestimonial, collect, note_consent
from liuliang.ui.assets import asset_url
from liuliang.ui.listing import Column
from liuliang.ui.listing.export import write_xlsx
from post import post, start_post
from telling import Told, emptied, local

__all__ = ["post", "start_post"]

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
    outsider = Member.objects.create(name="乙群小明", created_at=now)
    Membership.objects.create(member=outsider, community=other, first_seen_at=now)
    twin = Member.objects.create(name="密友阿珍珍", created_at=now)
    Membership.objects.create(member=twin, community=group, first_seen_at=now)
    record = Member.objects.create(name="密友小号", canonical=member, created_at=now)

    owner = staff("老板", is_owner=True, box="owner")
    Staff.objects.filter(pk=owner.pk).update(password=_hashed())
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
    """Build a partner with a plan, a material, and a sheet that waits to be paid; they belong to the installation."""
    now = clock.now() - timedelta(days=40)
    plan = create_plan(NewPlan("导购方案", (1_000,)), at=now)
    partner = create_partner(NewPartner("李店长", "assistant", plan, code="XIAOLI8"), at=now)
    save_material("一句话", "{code} {name}", at=now)
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


def _with_consent(world: World) -> Mapping[str, object]:
    note_consent(Testimonial.objects.get(), uses=["group"], how="微信回复", at=clock.now())
    return {}


@pytest.fixture
def filled_forms(request: pytest.FixtureRequest) -> Mapping[str, Callable[[World], Mapping[str, object]]]:
    """What to post to each address that takes a POST, so that it does its work; what it needs first is made here.

    A page that changes something adds a line. The test sees to it that the change is in the audit log.
    """

    analyst = Role.objects.filter(key="analyst")

    def with_mail(_world: World) -> Mapping[str, object]:
        request.getfixturevalue("post")
        return {}

    return {
        "console:winback-segment": lambda world: {"list": "long"},
        "console:winback-rules": lambda world: {
            "early": 70,
            "late": 120,
            "until": 300,
            "lost_days": 40,
            "long_days": 90,
            "high_amount": "",
        },
        "console:winback-cycle": lambda world: {"product": "密制咖啡豆", "days": 30},
        "console:new-partner-plan": lambda world: {
            "name": "新方案",
            "rates": "8",
            "window_days": 7,
            "binding_days": 90,
        },
        "console:stop-partner-plan": lambda world: {},
        "console:new-partner": lambda world: {
            "name": "周晓彤",
            "kind": "partner",
            "plan": PartnerPlan.objects.get().public_id,
            "member": world.member.public_id,
        },
        "console:edit-partner": lambda world: {"name": "李店长二号", "plan": PartnerPlan.objects.get().public_id},
        "console:bind-to-partner": lambda world: {"member": world.member.public_id},
        "console:claim-order-for-partner": lambda world: {"number": "P3", "code": "xiaoli8"},
        "console:new-partner-material": lambda world: {"title": "新话术", "text": "报 {code}"},
        "console:partner-material": lambda world: {"title": "改话术", "text": "报 {code}"},
        "console:new-testimonial": lambda world: {
            "sort": "showcase",
            "text": "好喝",
            "community": world.group.public_id,
            "member": world.member.public_id,
        },
        "console:take-testimonial": lambda world: {},
        "console:testimonial-consent": lambda world: {"uses": ["group"], "how": "微信回复"},
        "console:withdraw-testimonial": lambda world: {},
        "console:accept-testimonial": _with_consent,
        "console:refuse-testimonial": lambda world: {"reason": "看不清"},
        "console:new-settlement": lambda world: {},
        "console:confirm-settlement": lambda world: {"reference": "回单 7"},
        "console:cancel-settlement": lambda world: {},
        "console:sign-out": lambda world: {},
        "console:change-profile": lambda world: {"name": "新名字", "language": "en"},
        "console:change-password": lambda world: {"current": PASSWORD, "new": "quite another pass phrase"},
        "console:enable-second-factor": _first_code,
        "console:disable-second-factor": _with_second_factor,
        "console:renew-recovery-codes": _with_second_factor,
        "console:end-session": _signed_in_elsewhere,
        "console:end-other-sessions": _signed_in_elsewhere,
        "console:invite": lambda world: {
            "email": "new@example.com",
            "name": "新人",
            "role": analyst.get().pk,
            "where": world.group.public_id,
        },
        "console:revoke-grant": lambda world: {},
        "console:grant-role": lambda world: {"role": analyst.get().pk, "where": "everywhere"},
        "console:make-link": lambda world: {},
        "console:deactivate-staff": lambda world: {},
        "console:reactivate-staff": _deactivated,
        "console:change-ownership": _joined,
        "console:new-role": lambda world: {"name": "白班", "permissions": ["members.view"]},
        "console:role": lambda world: {"name": "夜班", "permissions": ["members.view", "members.edit"]},
        "console:delete-role": lambda world: {},
        "console:new-segment": lambda world: {
            "save": "1",
            "name": "都在",
            "r|join": "all",
            "r.0|if": "membership",
            "r.0|state": "in",
        },
        "console:edit-segment": lambda world: {
            "save": "1",
            "name": "还在",
            "r|join": "any",
            "r.0|if": "silence",
            "r.0|kinds": ["message.sent"],
            "r.0|days": "9",
        },
        "console:delete-segment": lambda world: {},
        "console:new-dashboard": lambda world: {"name": "早会", "ready": "daily", "community": ""},
        "console:put-card": lambda world: {
            "board": world.dashboard.public_id,
            "told": json.dumps({"kind": "retention", "question": {}, "places": [], "days": "30"}),
        },
        "console:copy-dashboard": lambda world: {},
        "console:dashboard-settings": lambda world: {"name": "晨会", "community": world.brand.public_id, "days": "7"},
        "console:share-dashboard": lambda world: {"roles": [analyst.get().pk]},
        "console:delete-dashboard": lambda world: {},
        "console:new-card": lambda world: {"metric": "messages", "view": "trend", "width": "2", "where": "follows"},
        "console:edit-card": lambda world: {"metric": "joined", "view": "number", "width": "1", "where": "all"},
        "console:move-card": _with_another_card,
        "console:widen-card": lambda world: {"width": "4"},
        "console:copy-card": lambda world: {},
        "console:remove-card": lambda world: {},
        "console:restore-card": _removed,
        "console:layer-rules": lambda world: {
            "save": "1",
            "new_days": "9",
            "core_days": "8",
            "active_days": "14",
            "silent_days": "30",
            "long_lost_days": "90",
        },
        "console:correct-layer": lambda world: {"layer": "core", "reason": "天天来"},
        "console:health-weights": lambda world: {
            "growth": "20",
            "participation": "20",
            "depth": "20",
            "reciprocity": "10",
            "response": "10",
            "retention": "10",
            "conversion": "10",
        },
        "console:community-stage": lambda world: {"stage": "growth", "reason": "新人多"},
        "console:new-cost": lambda world: {
            "community": world.group.public_id,
            "first_day": "2026-03-01",
            "last_day": "2026-03-07",
            "amount": "12.50",
        },
        "console:delete-cost": lambda world: {},
        "console:new-goal": lambda world: {
            "metric": "messages",
            "community": world.group.public_id,
            "first_day": "2026-03-01",
            "last_day": "2026-03-31",
            "target": "100",
        },
        "console:delete-goal": lambda world: {},
        "console:new-alert": lambda world: {**ALERT, "community": world.group.public_id, "owner": world.owner.pk},
        "console:edit-alert": lambda world: {**ALERT, "community": world.group.public_id, "owner": world.owner.pk},
        "console:mute-alert": lambda world: {"days": "7"},
        "console:resume-alert": _muted,
        "console:delete-alert": lambda world: {},
        "console:take-firing": lambda world: {"note": "我去看"},
        "console:test-mail": with_mail,
        "console:subscribe-review": lambda world: {"unit": "week", "community": world.group.public_id},
        "console:unsubscribe-review": _subscribed,
        "console:members-keep": lambda world: {"name": "留下的", "row": world.member.public_id},
        "console:candidate-criteria": lambda world: {
            "save": "1",
            "answerers_90": "6",
            "mutual_90": "0",
            "active_days_30": "5",
        },
        "console:add-candidates": lambda world: {"member": world.proposal.second.public_id},
        "console:move-candidate": lambda world: {"state": "invited"},
        "console:points-programme": lambda world: {
            "worth_points": "100",
            "worth_money": "1.50",
            "set_aside": "3000",
            "approval_from": "500",
        },
        "console:points-budget": lambda world: {"key": "春季", "amount": "500", "form": "once"},
        "console:points-season": _rich,
        "console:new-earning-rule": lambda world: {**EARNING_RULE, "save": "1"},
        "console:edit-earning-rule": lambda world: {**EARNING_RULE, "title": "换了名字", "save": "1"},
        "console:stop-earning-rule": lambda world: {},
        "console:start-earning-rule": _stopped,
        "console:edit-levels": lambda world: {
            "level_key": ["", ""],
            "level_name": ["银", "金"],
            "level_threshold": ["0", "100"],
            "level_keep": ["", "30"],
            "level_rights": ["", "生日礼"],
            "save": "1",
        },
        "console:new-badge": lambda world: {**BADGE, "name": "常驻嘉宾"},
        "console:badge": lambda world: BADGE,
        "console:give-badge": _without_awards,
        "console:revoke-badge": lambda world: {},
        "console:punish": lambda world: {"step": "mute", "days": "3", "reason": "刷屏"},
        "console:appeal-penalty": lambda world: {"text": "发错群了"},
        "console:decide-penalty": _appealed,
        "console:adjust-points": lambda world: {"way": "give", "amount": "5", "reason": "谢谢整理笔记"},
        "console:approve-adjustment": lambda world: {},
        "console:reject-adjustment": lambda world: {},
        "console:new-product": lambda world: {
            "name": "滤杯",
            "community": world.group.public_id,
            "currency": "CNY",
            "code": "CUP",
            "amount": "99.90",
            "quantity": "5",
            "is_on_sale": "on",
        },
        "console:edit-product": lambda world: {"name": "咖啡豆", "is_on_sale": "on"},
        "console:import-products": lambda world: {"community": "", "file": _sheet()},
        "console:new-variant": lambda world: {"code": "MI-500", "amount": "180", "quantity": ""},
        "console:variant": lambda world: {"code": "MI-251", "amount": "99", "is_active": "on"},
        "console:variant-stock": lambda world: {"by": "5", "reason": "到货"},
        "console:new-offer": lambda world: {"amount": "70", "from_quantity": "3"},
        "console:delete-offer": lambda world: {},
        "console:new-coupon": lambda world: {
            "name": "满百减十",
            "kind": "amount",
            "amount": "10",
            "currency": "CNY",
            "community": "",
            "starts_at": "2026-01-01T00:00",
            "ends_at": "2099-01-01T00:00",
            "total": "10",
            "per_person": "1",
        },
        "console:edit-coupon": lambda world: {
            "name": "新名字",
            "ends_at": "2099-01-01T00:00",
            "total": "50",
            "per_person": "2",
        },
        "console:give-coupon": lambda world: {"key": "k", "member": world.member.public_id},
        "console:claim-code": lambda world: {
            "code": world.template.batches.get().codes.first().code,
            "member": world.member.public_id,
        },
        "console:give-coupon-to-segment": lambda world: {"segment": world.segment.public_id},
        "console:make-codes": lambda world: {"title": "传单", "count": "3"},
        "console:export-codes": lambda world: {},
        "console:new-coupon-rule": lambda world: {"behaviour": "join", "community": ""},
        "console:stop-coupon-rule": lambda world: {},
        "console:withdraw-coupon": lambda world: {},
        "console:new-order": lambda world: {
            "member": world.member.public_id,
            f"quantity-{world.product.variants.get().pk}": "2",
            "community": world.group.public_id,
            "wait": "30",
            "key": "k",
        },
        "console:pay-order": lambda world: {"how": "offline", "reference": ""},
        "console:close-order": lambda world: {},
        "console:refund-order": _paid,
        "console:new-plan": lambda world: _PLAN | {"community": ""},
        "console:edit-plan": lambda world: _PLAN | {"is_active": "on"},
        "console:gift-plan": lambda world: {
            "plan": Plan.objects.get().pk,
            "count": "1",
            "reason": "密函致歉",
            "key": "g",
        },
        "console:take-gift-back": lambda world: {},
        "console:payment-code": lambda world: {},
        "console:return-payment": _strayed,
        "console:payment-account": lambda world: {**wechat_pay.config(), "appid": "wx00000000"},
        "console:check-payment-account": lambda world: {},
        "console:switch-payment-account": lambda world: {"to": "off"},
        "console:new-mall-item": lambda world: {
            "name": "书签",
            "kind": "goods",
            "community": "",
            "points": "10",
            "currency": "CNY",
            "quantity": "5",
        },
        "console:edit-mall-item": lambda world: {"name": "杯子", "points": "20", "is_active": "on"},
        "console:mall-item-stock": lambda world: {"by": "5", "reason": "到货"},
        "console:redeem-mall-item": lambda world: {
            "key": "k",
            "member": world.member.public_id,
            "quantity": "1",
            "to": "阿珍",
            "phone": "1",
            "address": "一号",
        },
        "console:export-products": lambda world: {},
        "console:export-shipping": lambda world: {},
        "console:import-shipping": _parcels,
        "console:ship-redemption": lambda world: {"carrier": "顺丰", "tracking": "SF1"},
        "console:finish-redemption": lambda world: {},
        "console:take-back-redemption": lambda world: {"reason": "碎了", "into_stock": "on"},
        "console:new-key": lambda world: {
            "name": "商城",
            "where": "everywhere",
            "permissions": "orders.edit",
            "key": "k",
        },
        "console:revoke-key": lambda world: {},
        "console:import-upload": lambda world: {"file": SimpleUploadedFile("读书群.txt", CHAT.encode())},
        "console:import-examine": _uploaded,
        "console:import-start": _uploaded,
        "console:import-cancel": _given_in("ready"),
        "console:members-tag": lambda world: {"tag": world.tag.pk, "row": world.member.public_id},
        "console:members-untag": _tagged,
        "console:new-tag-group": lambda world: {"name": "来源"},
        "console:tag-group": lambda world: {"name": "爱好"},
        "console:delete-tag-group": _without_tags,
        "console:new-tag": lambda world: {"name": "茶"},
        "console:tag": lambda world: {"name": "手冲", "group": world.tag.group_id},
        "console:delete-tag": lambda world: {},
        "console:new-field": lambda world: {"title": "生日", "type": "date"},
        "console:field": lambda world: {"title": "所在城市"},
        "console:delete-field": lambda world: {},
        "console:accept-proposal": lambda world: {},
        "console:reject-proposal": lambda world: {},
        "console:undo-proposal": _rejected,
        "console:member-attribute": lambda world: {"value": "上海"},
        "console:member-tag": lambda world: {"tag": world.tag.pk},
        "console:member-untag": _tagged,
        "console:member-retag": lambda world: {},
        "console:member-needs": lambda world: {"needs": [next(iter(NEEDS))]},
        "console:member-note": lambda world: {"text": "爱喝手冲"},
        "console:member-delete-note": lambda world: {},
        "console:member-merge": lambda world: {"other": world.proposal.second.public_id},
        "console:member-split": lambda world: {},
        "console:member-erase": lambda world: {},
        "console:new-community": lambda world: {"name": "新群", "type": "learning", "is_group": "1", "parent": ""},
        "console:community-edit": lambda world: {"name": "新名字", "timezone": "Asia/Tokyo"},
        "console:community-blueprint": lambda world: {},
        "console:community-identity": lambda world: {},
        "console:community-transform": lambda world: {"type": "service"},
        "console:community-move": lambda world: {"parent": world.other.public_id},
        "console:community-archive": lambda world: {},
        "console:community-restore": _archived,
    }


@pytest.fixture
def told(transactional_db: None) -> Iterator[Told]:
    """Begin a story that the lake will know, told at noon of 10 March 2026."""
    with time_machine.travel(local(2026, 3, 10, 12), tick=False):
        yield from emptied()


@pytest.fixture
def browser() -> Callable[..., Client]:
    """Return what opens a browser in which the owner, or somebody with one role, is signed in."""

    def opened(role: str = "", where: Community | None = None) -> Client:
        ensure_built_in_roles(Role)
        email = f"{role or 'owner'}@example.com"
        staff = Staff.objects.create(email=email, name="员工", is_owner=not role, created_at=clock.now())
        if role:
            Grant.objects.create(staff=staff, role=Role.objects.get(key=role), community=where)
        client = Client()
        client.force_login(staff)
        return client

    return opened


@cache
def _hashed() -> str:
    return make_password(PASSWORD)


ALERT = {"save": "1", "metric": "messages", "kind": "below", "threshold": "5"}

EARNING_RULE = {
    "title": "爱说话",
    "unit": "points",
    "behaviour": "speak",
    "community": "",
    "low": "2",
    "starts_on": "2026-01-01",
    "validity": "never",
    "undo_hours": "24",
    "budget": "",
}
"""The form of an earning rule, filled in."""


BADGE = {"name": "星星", "icon": "star", "community": "", "measure": "", "is_active": "on", "save": "1"}
"""The form of a badge that staff give by hand, filled in."""


def _without_awards(world: World) -> Mapping[str, object]:
    Award.objects.all().delete()
    return {"badge": str(world.badge.pk), "reason": "整理了三年的笔记"}


def _appealed(world: World) -> Mapping[str, object]:
    appeal(world.penalty.pk, text="发错群了", at=clock.now())
    return {"answer": "核对过，确实是广告", "uphold": "1"}


def _rich(world: World) -> Mapping[str, object]:
    """Let the member have earned something the day before yesterday, and clear what was earned up to yesterday."""
    now = clock.now()
    earn([Reward(world.member.pk, 30, "gift:1")], at=now - timedelta(days=2))
    return {"title": "上半年", "last_day": (today(now) - timedelta(days=1)).isoformat(), "clear": "1"}


def _muted(world: World) -> Mapping[str, object]:
    Alert.objects.filter(pk=world.alert.pk).update(muted_until=clock.now() + timedelta(days=1))
    return {}


def _subscribed(world: World) -> Mapping[str, object]:
    subscription = ReviewSubscription.objects.create(
        staff=world.owner, community=world.group, unit="week", sent_first=clock.now().date(), at=clock.now()
    )
    return {"subscription": subscription.public_id}


def _stopped(world: World) -> Mapping[str, object]:
    stop_rule(world.earning_rule)
    return {}


def _given_in(state: str) -> Callable[[World], Mapping[str, object]]:
    def prepare(world: World) -> Mapping[str, object]:
        Import.objects.filter(pk=world.given.pk).update(state=state)
        return {}

    return prepare


def _first_code(world: World) -> Mapping[str, object]:
    device = second_factor.prepare(world.owner)
    return {"code": f"{totp(device.bin_key):06d}"}


def _with_second_factor(world: World) -> Mapping[str, object]:
    second_factor.enable(world.owner, str(_first_code(world)["code"]))
    return {"password": PASSWORD}


def _signed_in_elsewhere(world: World) -> Mapping[str, object]:
    world.sign_in(world.owner)
    return {"session": account.session_name(world.owner.sessions.get())}


def _deactivated(world: World) -> Mapping[str, object]:
    Staff.objects.filter(pk=world.colleague.pk).update(is_active=False)
    return {}


def _joined(world: World) -> Mapping[str, object]:
    Staff.objects.filter(pk=world.colleague.pk).update(password=_hashed())
    return {"password": PASSWORD}


def _tagged(world: World) -> Mapping[str, object]:
    tag_members([world.member.id], world.tag, at=clock.now())
    return {"tag": world.tag.pk, "row": world.member.public_id}


def _without_tags(world: World) -> Mapping[str, object]:
    Tag.objects.all().delete()
    return {}


def _rejected(world: World) -> Mapping[str, object]:
    reject_proposal(world.proposal.pk, at=clock.now())
    return {}


def _paid(world: World) -> Mapping[str, object]:
    pay_order(world.order.pk, how="offline", reference="", at=clock.now())
    return {"amount": "10", "reason": "不合适", "key": "k"}


_PLAN = {
    "name": "季卡", "amount": "99", "length": "3", "unit": "month", "rights": "免邮", "day_kind": "week", "day_of_week": "1",
    "day_off": "5",
}  # fmt: skip


def _strayed(world: World) -> Mapping[str, object]:
    world.order.payments.update(state="stray", problem="closed", received=1)
    return {}


def _sheet() -> SimpleUploadedFile:
    return _workbook({"商品": "手冲壶", "货号": "POT", "标价": "199"})


def _parcels(world: World) -> Mapping[str, object]:
    return {"file": _workbook({"兑换号": world.redemption.number, "快递公司": "顺丰", "快递单号": "SF1"})}


def _workbook(cells: Mapping[str, str]) -> SimpleUploadedFile:
    file = io.BytesIO()
    columns = [Column(title, title, value=lambda row, title=title: row[title]) for title in cells]
    write_xlsx(file, columns, [cells], "表")
    return SimpleUploadedFile("表.xlsx", file.getvalue())


def _with_another_card(world: World) -> Mapping[str, object]:
    Card.objects.create(dashboard=world.dashboard, position=1, kind="health")
    return {"way": "down"}


def _removed(world: World) -> Mapping[str, object]:
    Card.objects.filter(pk=world.card.pk).update(removed_at=clock.now())
    return {}


def _archived(world: World) -> Mapping[str, object]:
    Community.objects.filter(pk=world.group.pk).update(archived_at=clock.now())
    return {}


def _uploaded(world: World) -> Mapping[str, object]:
    row = receive(io.BytesIO(CHAT.encode()), "读书群.txt")
    examine(row)
    Import.objects.filter(pk=world.given.pk).delete()
    Import.objects.filter(pk=row.pk).update(public_id=world.given.public_id)
    return {"community": world.group.pk, "timezone": "Asia/Shanghai", "source": "", "encoding": ""}
