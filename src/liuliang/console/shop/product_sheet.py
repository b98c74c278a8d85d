"""Products as a workbook: what is written can be changed and read again."""

from __future__ import annotations

from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.commerce.models import Product, Variant
from liuliang.commerce.sheets import MOST_ROWS, Row
from liuliang.console.shop.products import free_of
from liuliang.console.tables import read_table
from liuliang.importers.cells import count_of, currency_of, minor_units, narrow
from liuliang.kernel.errors import Refused
from liuliang.people.names import clean_name
from liuliang.ui import formats
from liuliang.ui.listing import Column
from liuliang.ui.listing.export import write_xlsx

HEADINGS: dict[str, str | Promise] = {
    "product": _("商品"),
    "name": _("规格"),
    "code": _("货号"),
    "amount": _("标价"),
    "currency": _("币种"),
    "free": _("可售库存"),
    "incoming": _("入库数量"),
    "per_person": _("每人限购"),
    "is_on_sale": _("在售"),
    "description": _("介绍"),
}
NEEDED = ("product", "code", "amount")
_NO = frozenset({"否", "不", "no", "false", "0", "×", "x", "n"})


def headings() -> list[str]:
    """Return the headings of the table, in order."""
    return [str(title) for title in HEADINGS.values()]


def write(file: IO[bytes], products: QuerySet[Product]) -> None:
    """Write the variants of these products, a row each, without holding them."""
    rows = (
        Variant.objects.filter(product__in=products)
        .select_related("product", "stock")
        .prefetch_related("stock__parts")
        .order_by("product__name", "product_id", "id")
    )
    write_xlsx(file, _COLUMNS, rows.iterator(chunk_size=1_000), _now("商品"))


_COLUMNS = (
    Column("product", HEADINGS["product"], value="product.name"),
    Column("name", HEADINGS["name"], value="name"),
    Column("code", HEADINGS["code"], value="code"),
    Column("amount", HEADINGS["amount"], value=lambda one: _typed(one.amount, one.product.currency)),
    Column("currency", HEADINGS["currency"], value="product.currency"),
    Column("free", HEADINGS["free"], value=free_of),
    Column("incoming", HEADINGS["incoming"], value=lambda _one: None),
    Column("per_person", HEADINGS["per_person"], value="per_person"),
    Column(
        "is_on_sale", HEADINGS["is_on_sale"], value=lambda one: _now("是") if one.product.is_on_sale else _now("否")
    ),
    Column("description", HEADINGS["description"], value="product.description"),
)


def _typed(amount: int, currency: str) -> str:
    return formats.money(amount, currency).removeprefix(formats.symbol(currency)).replace(",", "")


def read(file: UploadedFile[Any]) -> list[Row]:
    """Return the rows of a workbook with these headings.

    Raises:
        Refused: ``sheet.cell`` with the row and the heading, and as `liuliang.console.tables.read_table`.
    """
    return [_row(number, cells) for number, cells in read_table(file, HEADINGS, needed=NEEDED, most=MOST_ROWS)]


def _row(number: int, cells: dict[str, str]) -> Row:
    def wrong(key: str) -> Refused:
        return Refused("sheet.cell", number=number, heading=HEADINGS[key], value=cells.get(key, "")[:40])

    def whole(key: str) -> int | None:
        text = cells.get(key, "")
        if not text:
            return None
        count = count_of(text)
        if count is None:
            raise wrong(key)
        return count

    currency = currency_of(cells.get("currency", "")) or "CNY"
    amount = minor_units(cells["amount"], currency)
    if amount is None or amount < 0:
        raise wrong("amount")
    return Row(
        number=number, product=clean_name(cells["product"])[:120], code="".join(cells["code"].split())[:60],
        amount=amount, name=clean_name(cells.get("name", ""))[:80], currency=currency, incoming=whole("incoming"),
        per_person=whole("per_person"), is_on_sale=narrow(cells.get("is_on_sale", "")).lower() not in _NO,
        description=cells.get("description", ""),
    )  # fmt: skip
