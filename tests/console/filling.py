"""What to post to each address that takes a POST, so that it does its work."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django_otp.oath import totp
from organisation import CHAT, PASSWORD, World, hashed

import wechat_pay
from liuliang.accounts import second_factor
from liuliang.accounts.models import Role, Staff
from liuliang.accounts.services import account
from liuliang.alerting.models import Alert
from liuliang.analytics.models import ReviewSubscription
from liuliang.commerce.selling import pay_order
from liuliang.dashboards.models import Card
from liuliang.importers.models import Import
from liuliang.importers.services import examine, receive
from liuliang.kernel import clock
from liuliang.loyalty.earning import stop_rule
from liuliang.loyalty.models import Award
from liuliang.loyalty.penalties import appeal
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.validity import today
from liuliang.partners.models import Plan as PartnerPlan
from liuliang.partners.models import TrainingDone
from liuliang.people.models import (
    Community,
    Tag,
)
from liuliang.people.profile import NEEDS
from liuliang.people.proposals import reject_proposal
from liuliang.people.tagging import tag_members
from liuliang.subscriptions.models import Plan
from liuliang.testimonials.models import Testimonial
from liuliang.testimonials.services import note_consent
from liuliang.ui.listing import Column
from liuliang.ui.listing.export import write_xlsx

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
    Staff.objects.filter(pk=world.colleague.pk).update(password=hashed())
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


def _with_consent(world: World) -> Mapping[str, object]:
    note_consent(Testimonial.objects.get(), uses=["group"], how="微信回复", at=clock.now())
    return {}


def _untrained(world: World) -> Mapping[str, object]:
    del world
    TrainingDone.objects.all().delete()
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
        "console:new-partner-training": lambda world: {"title": "什么话不能说"},
        "console:edit-partner-training": lambda world: {"title": "产品怎么讲好"},
        "console:note-partner-training": _untrained,
        "console:take-back-partner-training": lambda world: {},
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
