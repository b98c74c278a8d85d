"""Products: what is sold, in which forms, at which prices, and how many there are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal, get_args

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.commerce.models import Offer, Product, Variant
from liuliang.kernel.errors import Refused
from liuliang.loyalty import stock
from liuliang.loyalty.models import Account, Level
from liuliang.people.names import clean_name
from liuliang.subscriptions.models import Plan

CREATED = audit.action("product.created", _("新建商品"))
CHANGED = audit.action("product.changed", _("修改商品"))
VARIANT_ADDED = audit.action("product.variant_added", _("添加规格"))
VARIANT_CHANGED = audit.action("product.variant_changed", _("修改规格"))
STOCKED = audit.action("product.stocked", _("调整库存"))
OFFER_ADDED = audit.action("product.offer_added", _("添加优惠价"))
OFFER_REMOVED = audit.action("product.offer_removed", _("删除优惠价"))

HIGHEST = 10**12
"""The largest price in minor units, and the largest stock."""

Currency = Literal["CNY", "USD", "EUR", "GBP", "JPY", "HKD", "TWD", "SGD"]
CURRENCIES: tuple[str, ...] = get_args(Currency)

PICTURE_LIMIT = 150_000
"""Characters of a picture as a data URL; what uploads allow is less."""


@transaction.atomic
def create_product(
    name: str,
    *,
    at: datetime,
    community: int | None = None,
    currency: str = "CNY",
    description: str = "",
    picture: str = "",
    is_on_sale: bool = True,
) -> Product:
    """Make a product, which is sold once it has a variant.

    Raises:
        Refused: ``product.name``, ``product.currency``.
    """
    product = Product(community_id=community, currency=currency, created_at=at, changed_at=at)
    _fill(product, name=name, description=description, picture=picture, is_on_sale=is_on_sale)
    if currency not in CURRENCIES:
        raise Refused("product.currency", currency=currency)
    product.save()
    audit.record(CREATED, product, name=product.name, community=community)
    return product


@transaction.atomic
def change_product(
    product: int, *, at: datetime, name: str, description: str, is_on_sale: bool, picture: str | None = None
) -> Product:
    """Change what is said of a product; its currency and branch stay, for prices and orders are in them.

    Args:
        product: the id.
        at: now.
        name: what it is called.
        description: what it is.
        is_on_sale: whether it can be ordered.
        picture: a data URL, empty to take it off, None to leave it.

    Raises:
        Refused: ``product.name``.
    """
    row = Product.objects.select_for_update().get(id=product)
    before = {"name": row.name, "is_on_sale": row.is_on_sale, "description": row.description}
    had = row.picture
    _fill(row, name=name, description=description, picture=had if picture is None else picture, is_on_sale=is_on_sale)
    changes: dict[str, tuple[object, object]] = {key: (value, getattr(row, key)) for key, value in before.items()}
    if had != row.picture:
        changes["picture"] = (bool(had), bool(row.picture))
    row.changed_at = at
    row.save()
    audit.record(CHANGED, row, name=row.name, community=row.community_id, changes=changes)
    return row


def _fill(product: Product, *, name: str, description: str, picture: str, is_on_sale: bool) -> None:
    product.name = clean_name(name)[:120]
    if not product.name:
        raise Refused("product.name")
    if len(picture) > PICTURE_LIMIT:
        raise Refused("product.picture")
    product.description, product.picture, product.is_on_sale = description.strip()[:5_000], picture, is_on_sale


@transaction.atomic
def add_variant(
    product: int,
    *,
    code: str,
    amount: int,
    at: datetime,
    name: str = "",
    quantity: int | None = None,
    per_person: int | None = None,
) -> Variant:
    """Add a form in which a product is sold.

    Args:
        product: the id.
        code: its article number, unique among all.
        amount: the listed price in minor units.
        at: now.
        name: what tells it from the others, such as 250g.
        quantity: how many there are; None for what never runs out.
        per_person: how many a person may have; None for any number.

    Raises:
        Refused: ``variant.code``, ``variant.code_taken``, ``variant.amount``, ``variant.per_person``, ``stock.amount``,
            ``stock.limit_uncounted``.
    """
    row = Product.objects.select_for_update().get(id=product)
    variant = Variant(product=row)
    _fill_variant(variant, code=code, name=name, amount=amount, per_person=per_person)
    if quantity is not None and not 0 <= quantity <= HIGHEST:
        raise Refused("stock.amount", highest=HIGHEST)
    _check_limit(per_person, is_counted=quantity is not None)
    variant.save()
    if quantity is not None:
        _open_stock(variant, quantity, at)
    _touch(row, at)
    audit.record(
        VARIANT_ADDED, row, name=f"{row.name} {variant.name or variant.code}", community=row.community_id,
        changes={"code": (None, variant.code), "amount": (None, amount), "quantity": (None, quantity)},
    )  # fmt: skip
    return variant


@transaction.atomic
def change_variant(
    variant: int, *, code: str, name: str, amount: int, per_person: int | None, is_active: bool, at: datetime
) -> Variant:
    """Change a variant; orders that were placed keep their price.

    Raises:
        Refused: as `add_variant`; ``offer.above`` where an offer would not be lower any more.
    """
    row = Variant.objects.select_for_update(of=("self",)).select_related("product").get(id=variant)
    fields = ("code", "name", "amount", "per_person", "is_active")
    before = {field: getattr(row, field) for field in fields}
    _fill_variant(row, code=code, name=name, amount=amount, per_person=per_person)
    row.is_active = is_active
    _check_limit(per_person, is_counted=row.stock_id is not None)
    if row.offers.filter(amount__gte=amount).exists():
        raise Refused("offer.above")
    row.save()
    _touch(row.product, at)
    audit.record(
        VARIANT_CHANGED, row.product, name=f"{row.product.name} {row.name or row.code}",
        community=row.product.community_id, changes={field: (before[field], getattr(row, field)) for field in fields},
    )  # fmt: skip
    return row


def _fill_variant(variant: Variant, *, code: str, name: str, amount: int, per_person: int | None) -> None:
    code = "".join(code.split())[:60]
    if not code:
        raise Refused("variant.code")
    if Variant.objects.filter(code=code).exclude(pk=variant.pk).exists():
        raise Refused("variant.code_taken", article=code)
    if not 0 <= amount <= HIGHEST:
        raise Refused("variant.amount")
    if per_person is not None and not 1 <= per_person <= 10**6:
        raise Refused("variant.per_person")
    variant.code, variant.name, variant.amount, variant.per_person = code, clean_name(name)[:80], amount, per_person


def _check_limit(per_person: int | None, *, is_counted: bool) -> None:
    """Refuse a limit for a person on what is not counted: it is the stock's account that knows who has how many."""
    if per_person is not None and not is_counted:
        raise Refused("stock.limit_uncounted")


@transaction.atomic
def change_stock(variant: int, *, by: int, key: str, reason: str, at: datetime) -> None:
    """Put more into a variant's stock, or take (negative) free items out of it.

    A variant that never ran out begins to be counted with this. The same ``key`` again changes nothing.

    Raises:
        Refused: ``stock.amount``, ``stock.not_enough``.
    """
    if not by or abs(by) > HIGHEST:
        raise Refused("stock.amount", highest=HIGHEST)
    row = Variant.objects.select_for_update(of=("self",)).select_related("product").get(id=variant)
    account = row.stock_id or _open_stock(row, 0, at)
    cause = f"{row.thing}:stocked:{key}"
    staff = audit.actor().staff
    actor = staff.pk if staff else None
    if by > 0:
        posting = stock.add(account, by, cause=cause, at=at, actor=actor)
    else:
        posting = stock.withdraw(account, -by, cause=cause, at=at, actor=actor)
    if posting.is_new:
        audit.record(
            STOCKED, row.product, name=f"{row.product.name} {row.name or row.code}",
            community=row.product.community_id, changes={"by": (None, by), "reason": (None, reason.strip()[:200])},
        )  # fmt: skip


def _open_stock(variant: Variant, quantity: int, at: datetime) -> int:
    account = stock.open_stock(variant.thing, quantity, cause=f"{variant.thing}:first", at=at)
    variant.stock = Account.objects.get(pk=account)
    variant.save(update_fields=["stock"])
    return account


@transaction.atomic
def add_offer(
    variant: int,
    *,
    amount: int,
    at: datetime,
    communities: Collection[int] = (),
    level: int | None = None,
    plan: int | None = None,
    from_quantity: int = 1,
) -> Offer:
    """Give a variant a better price under conditions.

    Raises:
        Refused: ``offer.above`` for a price that is not below the listed one, ``offer.conditions`` for one without
            conditions, ``offer.quantity``, ``offer.level``, ``offer.plan``.
    """
    row = Variant.objects.select_for_update(of=("self",)).select_related("product").get(id=variant)
    if not 0 <= amount < row.amount:
        raise Refused("offer.above")
    if not 1 <= from_quantity <= 10**6:
        raise Refused("offer.quantity")
    if not communities and level is None and plan is None and from_quantity == 1:
        raise Refused("offer.conditions")
    if level is not None and not Level.objects.filter(id=level).exists():
        raise Refused("offer.level")
    if plan is not None and not Plan.objects.filter(id=plan).exists():
        raise Refused("offer.plan")
    offer = Offer.objects.create(
        variant=row, amount=amount, communities=sorted(communities), level_id=level, plan_id=plan,
        from_quantity=from_quantity,
    )  # fmt: skip
    _touch(row.product, at)
    audit.record(
        OFFER_ADDED, row.product, name=f"{row.product.name} {row.name or row.code}", community=row.product.community_id,
        changes={
            "amount": (None, amount), "communities": (None, sorted(communities)), "level": (None, level), "plan": (None, plan),
            "from_quantity": (None, from_quantity),
        },
    )  # fmt: skip
    return offer


@transaction.atomic
def remove_offer(offer: int, *, at: datetime) -> None:
    """Take a price away; orders that were placed keep it."""
    row = Offer.objects.select_for_update(of=("self",)).select_related("variant__product").get(id=offer)
    product = row.variant.product
    audit.record(
        OFFER_REMOVED, product, name=f"{product.name} {row.variant.name or row.variant.code}",
        community=product.community_id, changes={"amount": (row.amount, None)},
    )  # fmt: skip
    row.delete()
    _touch(product, at)


def _touch(product: Product, at: datetime) -> None:
    Product.objects.filter(pk=product.pk).update(changed_at=at)
