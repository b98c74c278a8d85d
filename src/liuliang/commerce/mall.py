"""The points mall: what is given for points, money or both, how many there are, and who got it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.commerce.coupons import SOURCE, give_coupon
from liuliang.commerce.events import MallRedeemed, OrderPaid
from liuliang.commerce.models import CouponTemplate, MallItem, Order, Redemption
from liuliang.commerce.products import CURRENCIES, HIGHEST
from liuliang.commerce.selling import WAYS, order_number
from liuliang.commerce.services import order_fact
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.loyalty import stock
from liuliang.loyalty.idempotency import once
from liuliang.loyalty.models import Account
from liuliang.loyalty.points import spend
from liuliang.loyalty.purses import person_of
from liuliang.people.names import clean_name

ITEM_CREATED = audit.action("mall.item_created", _("上架商城礼品"))
ITEM_CHANGED = audit.action("mall.item_changed", _("修改商城礼品"))
ITEM_STOCKED = audit.action("mall.item_stocked", _("调整商城库存"))
REDEEMED = audit.action("mall.redeemed", _("兑换礼品"))

GOODS, COUPON, SERVICE, PRIVILEGE = "goods", "coupon", "service", "privilege"
KINDS = (GOODS, COUPON, SERVICE, PRIVILEGE)

WAITING, SHIPPED, DONE, REFUNDED = "waiting", "shipped", "done", "refunded"

MALL = "mall"
"""The source of orders that hold the money of redemptions."""

MOST_POINTS = 10**9
_AT_ONCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewItem:
    """Something for the mall as staff write it; see `liuliang.commerce.models.MallItem`."""

    name: str
    kind: str
    points: int
    amount: int = 0
    currency: str = "CNY"
    description: str = ""
    per_person: int | None = None
    template: int | None = None
    community: int | None = None


@transaction.atomic
def create_item(told: NewItem, *, at: datetime, quantity: int | None = None) -> MallItem:
    """Put something into the mall; ``quantity`` None is what never runs out.

    Raises:
        Refused: ``mall.name``, ``mall.kind``, ``mall.price``, ``mall.per_person``, ``mall.template``,
            ``product.currency``, ``stock.amount``.
    """
    if told.kind not in KINDS:
        raise Refused("mall.kind")
    if told.currency not in CURRENCIES:
        raise Refused("product.currency", currency=told.currency)
    if (told.kind == COUPON) != (told.template is not None):
        raise Refused("mall.template")
    if told.template is not None and not CouponTemplate.objects.filter(id=told.template, is_active=True).exists():
        raise Refused("mall.template")
    if quantity is not None and not 0 <= quantity <= HIGHEST:
        raise Refused("stock.amount", highest=HIGHEST)
    item = MallItem(
        kind=told.kind, currency=told.currency, template_id=told.template, community_id=told.community, created_at=at
    )
    _fill(
        item, name=told.name, description=told.description, points=told.points, amount=told.amount,
        per_person=told.per_person,
    )  # fmt: skip
    if told.per_person is not None and quantity is None:
        raise Refused("stock.limit_uncounted")
    item.save()
    if quantity is not None:
        _open_stock(item, quantity, at)
    audit.record(
        ITEM_CREATED, item, name=item.name, community=told.community,
        changes={"points": (None, told.points), "amount": (None, told.amount), "quantity": (None, quantity)},
    )  # fmt: skip
    return item


@transaction.atomic
def change_item(
    item: int, *, name: str, description: str, points: int, amount: int, per_person: int | None, is_active: bool
) -> MallItem:
    """Change what something costs and says; what was redeemed keeps its price.

    Raises:
        Refused: as `create_item`.
    """
    row = MallItem.objects.select_for_update(of=("self",)).get(id=item)
    fields = ("name", "description", "points", "amount", "per_person", "is_active")
    before = {key: getattr(row, key) for key in fields}
    _fill(row, name=name, description=description, points=points, amount=amount, per_person=per_person)
    row.is_active = is_active
    if per_person is not None and row.stock_id is None:
        raise Refused("stock.limit_uncounted")
    row.save()
    audit.record(
        ITEM_CHANGED, row, name=row.name, community=row.community_id,
        changes={key: (before[key], getattr(row, key)) for key in fields},
    )  # fmt: skip
    return row


def _fill(item: MallItem, *, name: str, description: str, points: int, amount: int, per_person: int | None) -> None:
    item.name = clean_name(name)[:120]
    if not item.name:
        raise Refused("mall.name")
    if not (0 <= points <= MOST_POINTS and 0 <= amount <= HIGHEST) or points + amount == 0:
        raise Refused("mall.price")
    if per_person is not None and not 1 <= per_person <= 10**6:
        raise Refused("mall.per_person")
    item.description, item.points, item.amount = description.strip()[:5_000], points, amount
    item.per_person = per_person


@transaction.atomic
def change_item_stock(item: int, *, by: int, key: str, reason: str, at: datetime) -> None:
    """Put more into the stock of something, or take (negative) free ones out. The same ``key`` again changes nothing.

    Raises:
        Refused: ``stock.amount``, ``stock.not_enough``.
    """
    if not by or abs(by) > HIGHEST:
        raise Refused("stock.amount", highest=HIGHEST)
    row = MallItem.objects.select_for_update(of=("self",)).get(id=item)
    account = row.stock_id or _open_stock(row, 0, at)
    cause = f"{row.thing}:stocked:{key}"
    move = stock.add if by > 0 else stock.withdraw
    if move(account, abs(by), cause=cause, at=at, actor=_actor()).is_new:
        audit.record(
            ITEM_STOCKED, row, name=row.name, community=row.community_id,
            changes={"by": (None, by), "reason": (None, reason.strip()[:200])},
        )  # fmt: skip


def _open_stock(item: MallItem, quantity: int, at: datetime) -> int:
    account = stock.open_stock(item.thing, quantity, cause=f"{item.thing}:first", at=at)
    item.stock = Account.objects.get(pk=account)
    item.save(update_fields=["stock"])
    return account


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a member wants of the mall.

    Attributes:
        item: its id.
        member: any record of the person.
        quantity: how many.
        address: ``name``, ``phone`` and ``address`` of where it goes; needed for goods.
        how: how its money came, one of `liuliang.commerce.selling.WAYS`; empty where it costs none.
        community: where it came from.
    """

    item: int
    member: int
    quantity: int = 1
    address: Mapping[str, str] = field(default_factory=dict)
    how: str = ""
    community: int | None = None


def redeem(wanted: Wanted, *, key: str, at: datetime) -> Redemption:
    """Give a member something of the mall for their points, once for its key: all of it happens, or nothing.

    Raises:
        Refused: ``mall.inactive``, ``mall.quantity``, ``mall.address``, ``order.way``, ``mall.sold_out``, ``mall.limit``,
            ``points.not_enough``, ``member.unknown``, and for coupons as `liuliang.commerce.coupons.give_coupon`.
    """
    body = msgspec.json.encode(asdict(wanted))
    answer = once(key, owner="commerce:mall", body=body, at=at, effect=lambda: _redeem(wanted, at))
    return Redemption.objects.select_related("item", "member").get(pk=answer.data)


def _redeem(wanted: Wanted, at: datetime) -> int:
    item = MallItem.objects.select_related("template").filter(id=wanted.item).first()
    if item is None or not item.is_active:
        raise Refused("mall.inactive")
    most = 1 if item.kind == COUPON else 1_000
    if not 1 <= wanted.quantity <= most:
        raise Refused("mall.quantity", most=most)
    person = person_of(wanted.member)
    address = {part: clean_name(wanted.address.get(part, ""))[:200] for part in ("name", "phone", "address")}
    if item.kind == GOODS and not all(address.values()):
        raise Refused("mall.address")
    if item.amount and wanted.how not in WAYS:
        raise Refused("order.way", how=wanted.how)
    row = Redemption.objects.create(
        number=order_number(at), item=item, member_id=person, quantity=wanted.quantity,
        points=item.points * wanted.quantity, state=WAITING if item.kind in {GOODS, SERVICE} else DONE,
        address=address if item.kind == GOODS else {}, at=at, staff_id=_actor(),
    )  # fmt: skip
    # Things first, purses last: the order in which everybody takes them.
    row.taken = _take(item, row, at)
    if item.template is not None:
        row.coupon = give_coupon(item.template, person, how="mall", cause=f"mall:{row.pk}", at=at)
    if row.points:
        spend(person, row.points, cause=f"redemption:{row.pk}", at=at, community=wanted.community, actor=_actor())
    facts = []
    if item.amount:
        row.order = _order_of(row, item, wanted, at)
        paid = OrderPaid(row.order.pk, row.order.amount, row.order.currency, item.name, row.quantity)
        facts.append(
            order_fact(
                paid, "paid", source=MALL, number=row.number, at=at, member=person, community=wanted.community,
                actor=_actor(),
            )
        )  # fmt: skip
    row.save(update_fields=["taken", "coupon", "order"])
    told = MallRedeemed(row.pk, item.pk, row.quantity, row.points, item.name)
    append([*facts, Fact(told, at, SOURCE, f"mall:{row.pk}:redeemed", person, wanted.community, _actor())])
    audit.record(
        REDEEMED, item, name=item.name, community=item.community_id,
        changes={"quantity": (None, row.quantity), "points": (None, row.points)},
    )  # fmt: skip
    return int(row.pk)


def _take(item: MallItem, row: Redemption, at: datetime) -> int | None:
    """Take what is redeemed out of the stock; what never runs out has none."""
    if item.stock_id is None:
        return None
    try:
        held = stock.reserve(
            item.stock_id, item.thing, row.member_id, row.quantity, cause=f"redemption:{row.pk}:{item.thing}", at=at,
            until=at + _AT_ONCE, at_most=item.per_person,
        )  # fmt: skip
    except Refused as refusal:
        code = {"stock.sold_out": "mall.sold_out", "stock.limit": "mall.limit"}.get(refusal.code)
        if code is None:
            raise
        raise Refused(code, name=item.name, limit=item.per_person) from None
    return stock.redeem(held.hold, at=at).transfer


def _order_of(row: Redemption, item: MallItem, wanted: Wanted, at: datetime) -> Order:
    """Put the money of a redemption into an order, so that figures know one kind of sale."""
    return Order.objects.create(
        source=MALL, number=row.number, member_id=row.member_id, community_id=wanted.community, at=at, paid_at=at,
        amount=item.amount * row.quantity, currency=item.currency, product=item.name, quantity=row.quantity,
        status="paid", paid_how=wanted.how, staff_id=_actor(),
    )  # fmt: skip


def _actor() -> int | None:
    staff = audit.actor().staff
    return staff.pk if staff else None
