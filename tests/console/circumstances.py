"""What must be so before a form can do its work: each makes it so, and returns what to post."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django_otp.oath import totp
from organisation import CHAT, PASSWORD, World, hashed
from pyroaring import BitMap

from liuliang.accounts import second_factor
from liuliang.accounts.models import Staff
from liuliang.accounts.services import account
from liuliang.alerting.models import Alert
from liuliang.analytics.models import ReviewSubscription
from liuliang.commerce.selling import pay_order
from liuliang.dashboards.models import Card
from liuliang.families.models import Tier, TierGroup
from liuliang.importers.models import Import
from liuliang.importers.services import examine, receive
from liuliang.kernel import clock
from liuliang.loyalty.earning import stop_rule
from liuliang.loyalty.models import Award
from liuliang.loyalty.penalties import appeal
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.validity import today
from liuliang.partners.models import TrainingDone
from liuliang.people.circles import disband_circle
from liuliang.people.models import (
    Circle,
    Community,
    Member,
    Membership,
    Tag,
)
from liuliang.people.proposals import reject_proposal
from liuliang.people.tagging import tag_members
from liuliang.segments.models import LayerSet
from liuliang.testimonials.models import Testimonial
from liuliang.testimonials.services import note_consent
from liuliang.ui.listing import Column
from liuliang.ui.listing.export import write_xlsx


def without_awards(world: World) -> Mapping[str, object]:
    Award.objects.all().delete()
    return {"badge": str(world.badge.pk), "reason": "整理了三年的笔记"}


def appealed(world: World) -> Mapping[str, object]:
    appeal(world.penalty.pk, text="发错群了", at=clock.now())
    return {"answer": "核对过，确实是广告", "uphold": "1"}


def rich(world: World) -> Mapping[str, object]:
    """Let the member have earned something the day before yesterday, and clear what was earned up to yesterday."""
    now = clock.now()
    earn([Reward(world.member.pk, 30, "gift:1")], at=now - timedelta(days=2))
    return {"title": "上半年", "last_day": (today(now) - timedelta(days=1)).isoformat(), "clear": "1"}


def muted(world: World) -> Mapping[str, object]:
    Alert.objects.filter(pk=world.alert.pk).update(muted_until=clock.now() + timedelta(days=1))
    return {}


def subscribed(world: World) -> Mapping[str, object]:
    subscription = ReviewSubscription.objects.create(
        staff=world.owner, community=world.group, unit="week", sent_first=clock.now().date(), at=clock.now()
    )
    return {"subscription": subscription.public_id}


def stopped(world: World) -> Mapping[str, object]:
    stop_rule(world.earning_rule)
    return {}


def given_in(state: str) -> Callable[[World], Mapping[str, object]]:
    def prepare(world: World) -> Mapping[str, object]:
        Import.objects.filter(pk=world.given.pk).update(state=state)
        return {}

    return prepare


def first_code(world: World) -> Mapping[str, object]:
    device = second_factor.prepare(world.owner)
    return {"code": f"{totp(device.bin_key):06d}"}


def with_second_factor(world: World) -> Mapping[str, object]:
    second_factor.enable(world.owner, str(first_code(world)["code"]))
    return {"password": PASSWORD}


def signed_in_elsewhere(world: World) -> Mapping[str, object]:
    world.sign_in(world.owner)
    return {"session": account.session_name(world.owner.sessions.get())}


def deactivated(world: World) -> Mapping[str, object]:
    Staff.objects.filter(pk=world.colleague.pk).update(is_active=False)
    return {}


def joined(world: World) -> Mapping[str, object]:
    Staff.objects.filter(pk=world.colleague.pk).update(password=hashed())
    return {"password": PASSWORD}


def tagged(world: World) -> Mapping[str, object]:
    tag_members([world.member.id], world.tag, at=clock.now())
    return {"tag": world.tag.pk, "row": world.member.public_id}


def disbanded(_world: World) -> Mapping[str, object]:
    disband_circle(Circle.objects.get(), at=clock.now())
    return {}


def _family_form(world: World) -> dict[str, object]:
    """Give the family's groups free, and make another group; return the form of a family of both."""
    other = _second_group(world)
    TierGroup.objects.all().delete()
    return {
        "save": "1",
        "name": "新家族",
        "steady_days": "7",
        "name-0": "核心",
        "who-0": ["layer:activity:core"],
        "groups-0": [world.group.public_id],
        "invites-0": "1",
        "name-1": "普通",
        "groups-1": [other.public_id],
    }


def new_family(world: World) -> Mapping[str, object]:
    return _family_form(world)


def changed_family(world: World) -> Mapping[str, object]:
    tier = Tier.objects.earliest("place")
    return {**_family_form(world), "known-0": str(tier.pk)}


def asked_over(world: World) -> Mapping[str, object]:
    """Let somebody be in the other group of the family, and belong in this one."""
    one = Member.objects.create(name="该来的人", created_at=clock.now())
    other, (top, rest) = _second_group(world), Tier.objects.order_by("place")
    TierGroup.objects.create(tier=rest, community=other)
    Membership.objects.create(member=one, community=other, first_seen_at=clock.now())
    LayerSet.objects.update_or_create(
        dimension="activity", layer="core", defaults={"members": BitMap([one.pk]).serialize(), "size": 1}
    )
    return {"tier": str(top.pk), "group": world.group.public_id, "member": [one.public_id]}


def _second_group(world: World) -> Community:
    made = Community.objects.create(name="密林大群", parent=world.brand, type="learning", created_at=clock.now())
    made.path = [*world.brand.path, made.id]
    made.save()
    return made


def without_tags(world: World) -> Mapping[str, object]:
    Tag.objects.all().delete()
    return {}


def rejected(world: World) -> Mapping[str, object]:
    reject_proposal(world.proposal.pk, at=clock.now())
    return {}


def paid(world: World) -> Mapping[str, object]:
    pay_order(world.order.pk, how="offline", reference="", at=clock.now())
    return {"amount": "10", "reason": "不合适", "key": "k"}


def strayed(world: World) -> Mapping[str, object]:
    world.order.payments.update(state="stray", problem="closed", received=1)
    return {}


def sheet() -> SimpleUploadedFile:
    return workbook({"商品": "手冲壶", "货号": "POT", "标价": "199"})


def parcels(world: World) -> Mapping[str, object]:
    return {"file": workbook({"兑换号": world.redemption.number, "快递公司": "顺丰", "快递单号": "SF1"})}


def workbook(cells: Mapping[str, str]) -> SimpleUploadedFile:
    file = io.BytesIO()
    columns = [Column(title, title, value=lambda row, title=title: row[title]) for title in cells]
    write_xlsx(file, columns, [cells], "表")
    return SimpleUploadedFile("表.xlsx", file.getvalue())


def with_another_card(world: World) -> Mapping[str, object]:
    Card.objects.create(dashboard=world.dashboard, position=1, kind="health")
    return {"way": "down"}


def removed(world: World) -> Mapping[str, object]:
    Card.objects.filter(pk=world.card.pk).update(removed_at=clock.now())
    return {}


def archived(world: World) -> Mapping[str, object]:
    Community.objects.filter(pk=world.group.pk).update(archived_at=clock.now())
    return {}


def uploaded(world: World) -> Mapping[str, object]:
    row = receive(io.BytesIO(CHAT.encode()), "读书群.txt")
    examine(row)
    Import.objects.filter(pk=world.given.pk).delete()
    Import.objects.filter(pk=row.pk).update(public_id=world.given.public_id)
    return {"community": world.group.pk, "timezone": "Asia/Shanghai", "source": "", "encoding": ""}


def with_consent(world: World) -> Mapping[str, object]:
    note_consent(Testimonial.objects.get(), uses=["group"], how="微信回复", at=clock.now())
    return {}


def untrained(world: World) -> Mapping[str, object]:
    del world
    TrainingDone.objects.all().delete()
    return {}
