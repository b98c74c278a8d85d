"""Products from a table: a row is a variant, known by its code; all rows are taken in, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from liuliang.commerce.models import Product, Variant
from liuliang.commerce.products import add_variant, change_product, change_stock, change_variant, create_product
from liuliang.kernel.errors import Refused

MOST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """A variant as a table tells it. ``number`` is the row's; amounts are minor units; ``incoming`` is added to the stock."""

    number: int
    product: str
    code: str
    amount: int
    name: str = ""
    currency: str = "CNY"
    incoming: int | None = None
    per_person: int | None = None
    is_on_sale: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """What a table brought: products and variants that are new, and variants that it changed."""

    products: int
    variants: int
    changed: int


@transaction.atomic
def bring_in(rows: Sequence[Row], *, community: int | None, key: str, at: datetime) -> BroughtIn:
    """Take in the rows of a table: new codes are added to the product of that name, known ones are changed.

    Args:
        rows: in the order of the table.
        community: the branch that new products belong to; codes of other branches are refused.
        key: of the form; what comes in is added once.
        at: now.

    Raises:
        Refused: ``sheet.row`` with the row's number and the refusal that is ``inner``, ``sheet.rows``.
    """
    if not 1 <= len(rows) <= MOST_ROWS:
        raise Refused("sheet.rows", most=MOST_ROWS)
    known = {
        variant.code: variant
        for variant in Variant.objects.select_related("product").filter(code__in=[row.code for row in rows])
    }
    place = _Place(community, key, at)
    for row in rows:
        try:
            variant = known.get(row.code)
            if variant is None:
                _add(row, place)
            else:
                _change(row, variant, place)
        except Refused as refusal:
            raise Refused("sheet.row", number=row.number, article=row.code, inner=refusal) from refusal
    new = sum(row.code not in known for row in rows)
    return BroughtIn(place.new, new, len(rows) - new)


@dataclass(slots=True)
class _Place:
    """Where and when a table is taken in, and the products it has spoken of so far; how many of them are new."""

    community: int | None
    key: str
    at: datetime
    products: dict[tuple[str, str], Product] = field(default_factory=dict)
    new: int = 0


def _change(row: Row, known: Variant, place: _Place) -> None:
    product = known.product
    if product.community_id != place.community:
        raise Refused("sheet.elsewhere", name=product.name)
    if product.currency != row.currency:
        raise Refused("product.currency", currency=row.currency)
    change_variant(
        known.pk, code=row.code, name=row.name, amount=row.amount, per_person=row.per_person,
        is_active=known.is_active, at=place.at,
    )  # fmt: skip
    change_product(product.pk, at=place.at, name=row.product, description=row.description, is_on_sale=row.is_on_sale)
    if row.incoming:
        change_stock(known.pk, by=row.incoming, key=f"{place.key}:{row.number}", reason="", at=place.at)


def _add(row: Row, place: _Place) -> None:
    named = (row.product, row.currency)
    same = Product.objects.filter(name=row.product, currency=row.currency, community=place.community)
    product = place.products.get(named) or same.order_by("id").first()
    if product is None:
        product = create_product(
            row.product, at=place.at, community=place.community, currency=row.currency, description=row.description,
            is_on_sale=row.is_on_sale,
        )  # fmt: skip
        place.new += 1
    place.products[named] = product
    add_variant(
        product.pk, code=row.code, amount=row.amount, at=place.at, name=row.name, quantity=row.incoming,
        per_person=row.per_person,
    )  # fmt: skip
