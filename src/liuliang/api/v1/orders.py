"""Orders of other systems: told in batches, as often as they like; and money that went back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from django.utils.translation import gettext_lazy as _
from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from liuliang.accounts import audit
from liuliang.accounts.permissions import ORDERS_EDIT, ORDERS_VIEW
from liuliang.accounts.queries import colleagues_called
from liuliang.api.operations import Answer, Asked, Call, Told, operation
from liuliang.commerce.mall import MALL
from liuliang.commerce.models import Order
from liuliang.commerce.products import Currency
from liuliang.commerce.refunding import RefundWanted, refund_imported, refund_order
from liuliang.commerce.selling import HERE
from liuliang.commerce.services import ORIGIN_LIMIT, NewOrder, record_orders
from liuliang.importers.tabling import AMOUNT_LIMIT, ORDER_SOURCE, QUANTITY_LIMIT
from liuliang.kernel.errors import Refused
from liuliang.people.identities import Known

TOLD = audit.action("order.told", _("通过接口写入订单"))

MOST = 500
"""Orders of one call at the most."""

_OWN = frozenset({HERE, MALL})
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
"""How far the clock of another system may be ahead of ours."""

_WRITTEN = r"^[^\x00-\x1f\x7f]*$"

Line = Annotated[str, StringConstraints(pattern=_WRITTEN, max_length=300)]
Origin = Annotated[str, StringConstraints(pattern=_WRITTEN, max_length=ORIGIN_LIMIT)]
Number = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=100)
]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Kind = Literal["phone", "email", "unionid", "openid", "wxid", "wecom_external", "qq"]
Status = Literal["unpaid", "paid", "refunded", "cancelled"]


class ToldIdentity(Told):
    """A way to recognise somebody."""

    kind: Kind
    value: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f*]+$", max_length=200)]
    """In full: a number with stars in it is nobody's."""


class ToldBuyer(Told):
    """Who bought. Whoever is not known yet becomes a member; an order without a buyer waits for one."""

    name: Line = ""
    identities: Annotated[tuple[ToldIdentity, ...], Field(max_length=7, strict=False)] = ()
    """The strongest first."""


class ToldOrder(Told):
    """An order as it stands now. Telling it again changes nothing; telling more of it adds what is new."""

    number: Number
    placed_at: AwareDatetime
    """When it was placed, with its offset from UTC."""
    amount: Annotated[int, Field(ge=0, lt=AMOUNT_LIMIT)]
    """What is paid in all, in minor units of the currency (fen, cents)."""
    refunded: Annotated[int, Field(ge=0, lt=AMOUNT_LIMIT)] = 0
    """All that went back so far, not what went back this time."""
    currency: Currency = "CNY"
    status: Status = "paid"
    product: Line = ""
    quantity: Annotated[int, Field(ge=1, lt=QUANTITY_LIMIT)] = 1
    content: Origin = ""
    """Which piece of content it came from, in words; what is known already stays."""
    play: Origin = ""
    """Which play or campaign it came from, in words."""
    staff: Line = ""
    """The colleague in charge, by e-mail or name."""
    buyer: ToldBuyer = ToldBuyer()

    @model_validator(mode="after")
    def _adds_up(self) -> ToldOrder:
        if self.refunded > self.amount:
            raise ValueError("refunded is more than amount")
        if self.placed_at < _EARLIEST:
            raise ValueError("placed_at is before 2000")
        return self


class PutOrders(Told):
    """A batch of orders of one source."""

    orders: Annotated[tuple[ToldOrder, ...], Field(min_length=1, max_length=MOST, strict=False)]
    source: Source = ORDER_SOURCE
    """What names the numbers, such as a shop. The default is that of imported spreadsheets: an order told here and imported there counts once."""
    community: str | None = None
    """The public id of the community where new ones belong; may be left out only with a key for all communities."""

    @model_validator(mode="after")
    def _each_once(self) -> PutOrders:
        numbers = [one.number for one in self.orders]
        doubled = sorted({one for one in numbers if numbers.count(one) > 1}) if len(set(numbers)) < len(numbers) else []
        if doubled:
            raise ValueError(f"told twice in one batch: {', '.join(doubled[:10])}")
        return self


class PutAnswer(Answer):
    """What a batch brought."""

    added: int
    changed: int
    unchanged: int
    conflicting: tuple[str, ...]
    """Numbers of paid orders whose amount or currency was told differently before; these stand as they were first told."""


class AskOrder(Asked):
    """Which order."""

    number: Number
    source: Source = ORDER_SOURCE


class RefundOrder(Told):
    """Money that went back, all or some of it."""

    number: Number
    source: Source = ORDER_SOURCE
    amount: Annotated[int, Field(ge=0, lt=AMOUNT_LIMIT)]
    """What went back this time, in minor units; 0 takes back an order that cost nothing."""
    currency: Currency
    reason: Line = ""


class OrderAnswer(Answer):
    """An order as it stands."""

    number: str
    source: str
    status: str
    placed_at: datetime
    amount: int
    refunded: int
    currency: str
    product: str
    quantity: int
    content: str
    play: str
    staff: str | None
    """The name of the colleague in charge."""
    member: str | None
    """The public id of the buyer; null while nobody is known to be, or the key does not reach them."""
    community: str | None


@operation(
    "PUT",
    "orders",
    summary=_("写入一批订单"),
    permissions=(ORDERS_EDIT,),
    takes=PutOrders,
    answers=PutAnswer,
    moves=True,
)
def put_orders(call: Call, told: PutOrders) -> PutAnswer:
    """Record orders, as an import would; either all of them or none."""
    if told.source in _OWN:
        raise Refused("order.source", source=told.source)
    late = next((one.number for one in told.orders if one.placed_at > call.at + _AHEAD), None)
    if late is not None:
        raise Refused("order.future", number=late)
    community = _place(call, told.community)
    called = {one.staff for one in told.orders} - {""}
    staff = colleagues_called(called, call.access.chargeable(ORDERS_EDIT))
    if strangers := sorted(called - staff.keys()):
        raise Refused("order.staff", staff=strangers[0])
    recorded = record_orders(
        [_new(one, staff.get(one.staff)) for one in told.orders], source=told.source, community=community, at=call.at, may_merge=False,
        among=call.access.community_ids(ORDERS_EDIT),
    )  # fmt: skip
    if recorded.elsewhere:
        raise Refused("order.unknown", number=recorded.elsewhere[0])
    if recorded.added or recorded.changed:
        key = call.access.key
        audit.record(
            TOLD, key, name=key.name, community=community,
            changes={"added": (None, recorded.added), "changed": (None, recorded.changed)},
        )  # fmt: skip
    unchanged = len(told.orders) - recorded.added - recorded.changed
    return PutAnswer(
        added=recorded.added, changed=recorded.changed, unchanged=unchanged, conflicting=recorded.conflicting
    )


@operation("GET", "orders", summary=_("查看一笔订单"), permissions=(ORDERS_VIEW,), asks=AskOrder, answers=OrderAnswer)
def get_order(call: Call, asked: AskOrder) -> OrderAnswer:
    """Return an order."""
    return _shown(call, _found(call, asked.source, asked.number, ORDERS_VIEW))


@operation(
    "POST", "orders/refunds", summary=_("登记退款，可以只退一部分"), permissions=(ORDERS_EDIT,), takes=RefundOrder,
    answers=OrderAnswer, moves=True,
)  # fmt: skip
def refund(call: Call, told: RefundOrder) -> OrderAnswer:
    """Note that money went back for an order, wherever it was made; it moves no money itself."""
    order = _found(call, told.source, told.number, ORDERS_EDIT)
    note = refund_order if order.source == HERE else refund_imported
    note(order.pk, RefundWanted(told.amount, told.currency, key=call.cause, reason=told.reason, at=call.at))
    return _shown(call, _found(call, told.source, told.number, ORDERS_EDIT))


def _place(call: Call, public_id: str | None) -> int | None:
    if public_id is None:
        if not call.access.may_everywhere(ORDERS_EDIT):
            raise Refused("order.community")
        return None
    found = call.access.communities(ORDERS_EDIT).filter(public_id=public_id, archived_at=None).first()
    if found is None:
        raise Refused("community.unknown")
    return found.pk


def _new(told: ToldOrder, staff: int | None) -> NewOrder:
    identities = tuple((one.kind, one.value) for one in told.buyer.identities)
    return NewOrder(
        told.number, told.placed_at, Known(told.buyer.name.strip(), identities), told.amount, told.refunded,
        told.currency, told.product, told.quantity, told.status, told.content, told.play, staff,
    )  # fmt: skip


def _found(call: Call, source: str, number: str, permission: str) -> Order:
    rows = Order.objects.select_related("member__canonical", "community", "staff").filter(source=source, number=number)
    allowed = call.access.community_ids(permission)
    if allowed is not None:
        rows = rows.filter(community__in=allowed)
    found = rows.first()
    if found is None:
        raise Refused("order.unknown", number=number)
    return found


def _shown(call: Call, order: Order) -> OrderAnswer:
    person = order.member and (order.member.canonical or order.member)
    # A number in an order finds a member of any community; who may not see them learns nothing of them.
    is_seen = person is not None and call.access.members(ORDERS_VIEW).filter(pk=person.pk).exists()
    return OrderAnswer(
        number=order.number, source=order.source, status=order.status, placed_at=order.at, amount=order.amount,
        refunded=order.refunded, currency=order.currency, product=order.product, quantity=order.quantity,
        content=order.content, play=order.play, staff=order.staff.name if order.staff else None,
        member=person.public_id if person and is_seen else None,
        community=order.community.public_id if order.community else None,
    )  # fmt: skip
