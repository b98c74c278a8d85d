"""What earned or took points: the order, the invited person, the message behind a cause, as far as one may see it.

A cause carries an id (an event's, a redemption's, a penalty's). All causes of a page are looked up together, with a
fixed number of questions however many there are. What one may not open is not named: neither an order's number nor
another member's name nor what was said in a group of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import MEMBERS_VIEW, ORDERS_VIEW, PENALTIES_MANAGE
from liuliang.commerce.models import Order
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.members.member import unseen_kinds
from liuliang.console.members.moments import moments, names_of
from liuliang.console.rewards.penalties import penalties_for
from liuliang.console.shop.mall import redemptions
from liuliang.console.shop.orders import visible
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.models import Transfer
from liuliang.loyalty.penalties import LADDER
from liuliang.loyalty.queries import Cause, read_cause
from liuliang.people.access import Access
from liuliang.ui import formats

TEXT_SHOWN = 40
"""So much of a message says which one it was."""

MEMBER_DAY = "member_day"
"""The causes of what a paid membership adds: ``member_day:<transfer that it was added to>``."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What a cause goes back to: its words, and its page where one may open it."""

    words: str
    url: str = ""


NOTHING = Deed("")


def deeds_of(causes: Iterable[str], person: int, access: Access) -> Mapping[str, Deed]:
    """Return what these causes of entries go back to, by cause; those without a thing that may be named are left out.

    Args:
        causes: as they were posted.
        person: whose account it is; others are named in their deeds.
        access: the reader's.
    """
    read = _origins({cause: read_cause(cause) for cause in causes})
    events = _events({each.event for each in read.values() if each.event}, person, access)
    things = {
        "redemption": _redemptions(_ids(read.values(), "redemption"), access),
        "penalty": _penalties(_ids(read.values(), "penalty"), access),
    }
    found = {
        cause: events.get(each.event) if each.event else things.get(each.kind, {}).get(_id(each))
        for cause, each in read.items()
    }
    return {cause: deed for cause, deed in found.items() if deed is not None}


def _origins(read: Mapping[str, Cause]) -> dict[str, Cause]:
    """Put what a member day was added to in the place of the day."""
    added = dict(Transfer.objects.filter(pk__in=_ids(read.values(), MEMBER_DAY)).values_list("pk", "cause"))
    return {
        cause: read_cause(added.get(_id(each), "")) if each.kind == MEMBER_DAY else each for cause, each in read.items()
    }


def _ids(causes: Iterable[Cause], kind: str) -> set[int]:
    return {_id(cause) for cause in causes if cause.kind == kind} - {0}


def _id(cause: Cause) -> int:
    """Return the id that a cause begins with; 0 where it has none."""
    head = cause.rest.partition(":")[0]
    return int(head) if head.isdecimal() and head.isascii() and len(head) < 19 else 0


def _events(ids: Iterable[str], person: int, access: Access) -> dict[str, Deed]:
    seen = [event for event in LoggedEvent.objects.filter(id__in=_uuids(ids)) if _may_read(event, access)]
    sales = {event.pk: event.data.get("order") for event in seen if event.kind.startswith("order.")}
    orders = visible(access, ORDERS_VIEW).in_bulk(set(sales.values())) if sales else {}
    people = names_of((event.member for event in seen if event.member), access)
    deeds = {}
    for event, told in zip(seen, moments(seen, access), strict=True):
        if event.pk in sales:
            deed = _sold(orders.get(sales[event.pk]))
        else:
            text = told.text if len(told.text) <= TEXT_SHOWN else f"{told.text[:TEXT_SHOWN]}…"
            deed = _happened(event, " · ".join(filter(None, (told.title, text))), people, person)
        if deed is not None:
            deeds[str(event.id)] = deed
    return deeds


def _uuids(ids: Iterable[str]) -> list[UUID]:
    found = []
    for each in ids:
        try:
            found.append(UUID(each))
        except ValueError:
            continue
    return found


def _may_read(event: LoggedEvent, access: Access) -> bool:
    """Tell whether one may know of an event; of sales the orders themselves decide."""
    if event.kind.startswith("order."):
        return access.may(ORDERS_VIEW)
    if event.kind.startswith(unseen_kinds(access, sees_all_sales=True)):
        return False
    allowed = access.community_ids(MEMBERS_VIEW)
    return allowed is None or event.community is None or event.community in allowed


def _sold(order: Order | None) -> Deed | None:
    if order is None:
        return None
    amount = formats.money(order.amount, order.currency)
    words = _("订单 {number} · {amount}").format(number=order.number, amount=amount)
    return Deed(words, reverse("console:order", args=[order.pk]))


def _happened(event: LoggedEvent, said: str, people: Mapping[int, Any], person: int) -> Deed:
    """Say on which day what was done; where somebody else did it (who was invited), name them and lead to them."""
    day = _day(event.occurred_at)
    doer = people.get(event.member or 0)
    if doer is not None and doer.pk == person:
        return Deed(f"{day} {said}")
    name = shown_name(doer) if doer else _("一位成员")
    return Deed(f"{name} · {day} {said}", member_url(doer) if doer else "")


def _day(at: datetime) -> str:
    return formats.day(timezone.localtime(at).date())


def _redemptions(ids: set[int], access: Access) -> dict[int, Deed]:
    if not (ids and access.may(ORDERS_VIEW)):
        return {}
    rows = redemptions(access, ORDERS_VIEW).filter(pk__in=ids).select_related("item")
    return {
        row.pk: Deed(
            _("兑换 {number} · {item}").format(number=row.number, item=f"{row.item.name} × {row.quantity}"),
            reverse("console:redemption", args=[row.number]),
        )
        for row in rows
    }


def _penalties(ids: set[int], access: Access) -> dict[int, Deed]:
    if not (ids and access.may(PENALTIES_MANAGE)):
        return {}
    return {
        row.pk: Deed(
            _("{day} 的{step}").format(day=_day(row.at), step=LADDER[row.step]),
            reverse("console:penalty", args=[row.pk]),
        )
        for row in penalties_for(access, PENALTIES_MANAGE).filter(pk__in=ids)
    }
