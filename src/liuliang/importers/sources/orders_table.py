"""Order lists as 有赞, 淘宝, 微店, 抖店 and others export them: CSV or XLSX, one row an order or one a line of it."""

from __future__ import annotations

from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.importers.cells import (
    count_of,
    currency_of,
    is_finer_than_a_coin,
    minor_units,
    narrow,
    when,
)
from liuliang.importers.clocks import DateOrder
from liuliang.importers.fields import clean
from liuliang.importers.lists import ListSource, ReadRow
from liuliang.importers.persons import NOTHING, person_of
from liuliang.importers.records import OrderRow, Record
from liuliang.importers.tables import Layout
from liuliang.importers.text import unreadable

SYNONYMS = {
    "number": (
        "订单编号", "订单号", "主订单编号", "订单id", "订单", "交易编号", "交易单号", "交易号", "单号", "平台订单号", "父订单编号",
        "订单流水", "订单流水号", "交易流水", "交易流水号", "流水号", "order number", "order id",
        "order no", "order", "order #", "transaction id",
    ),
    "at": (
        "下单时间", "付款时间", "支付时间", "订单付款时间", "订单支付时间", "买家付款时间", "订单创建时间", "订单提交时间", "创建时间", "成交时间", "交易时间",
        "下单日期", "订单日期", "付款日期", "支付日期", "购买时间", "日期", "时间", "order time", "order date", "ordered at", "paid at", "created at",
        "payment time", "purchase date", "date", "time",
    ),
    "amount": (
        "实付金额", "买家实际支付金额", "买家实付金额", "订单实付金额", "实际支付金额", "实付款", "订单应付金额", "订单实际支付金额", "用户实付金额", "支付金额",
        "付款金额", "应付金额", "买家应付货款", "订单金额", "总金额", "订单总额", "订单总金额", "成交金额", "实收金额", "交易金额", "实付", "金额", "合计", "总价", "实收", "实收款",
        "amount paid", "paid amount", "total paid", "order amount", "amount", "total", "order total", "grand total", "revenue",
    ),
    "refunded": (
        "退款金额", "已退款金额", "订单退款金额", "订单已退款金额", "退款总额", "实际退款金额", "成功退款金额", "退款", "refund amount",
        "refunded amount", "amount refunded", "refunded", "refund",
    ),
    "status": (
        "订单状态", "交易状态", "状态", "支付状态", "付款状态", "order status", "status", "payment status", "financial status", "state",
    ),
    "currency": ("币种", "货币", "币别", "结算币种", "currency", "currency code"),
    "product": (
        "商品名称", "宝贝标题", "商品标题", "商品", "选购商品", "全部商品名称", "产品", "产品名称", "商品信息", "宝贝名称", "宝贝", "货品", "货品名称", "品名", "product", "product name",
        "item", "item name", "title", "lineitem name", "sku name",
    ),
    "quantity": (
        "数量", "商品数量", "宝贝总数量", "购买数量", "件数", "商品件数", "订单商品总件数", "总件数", "quantity", "qty", "count", "lineitem quantity", "items",
    ),
    "price": ("单价", "商品单价", "商品价格", "宝贝单价", "售价", "unit price", "price", "item price"),
    "phone": (
        "买家手机号", "手机号", "买家手机", "下单人手机号", "手机", "手机号码", "收货人手机号", "收货人手机", "联系手机", "联系电话", "电话", "收件人手机号",
        "收件人手机", "收货人电话", "收货人手机号/提货人手机号", "phone", "mobile", "buyer phone", "customer phone", "shipping phone", "phone number",
    ),
    "nickname": (
        "买家昵称", "买家会员名", "用户昵称", "昵称", "买家", "买家账号", "客户昵称", "微信昵称", "会员昵称", "下单人", "下单人昵称", "买家旺旺", "抖音昵称",
        "nickname", "buyer", "buyer name", "username", "buyer nickname",
    ),
    "name": (
        "买家姓名", "姓名", "客户姓名", "收货人姓名", "收货人", "收件人", "收件人姓名", "收货人/提货人", "联系人", "会员姓名", "客户", "name", "customer",
        "customer name", "recipient", "full name", "shipping name", "billing name",
    ),
    "wxid": ("wxid", "微信号", "微信", "买家微信号", "微信id", "wechat", "wechat id"),
    "qq": ("qq号", "qq", "买家qq"),
    "openid": ("openid", "微信openid", "买家openid"),
    "unionid": ("unionid", "买家unionid"),
    "wecom_external": ("external_userid", "外部联系人id"),
    "content": ("来自内容", "来源内容", "内容", "推广内容", "笔记", "直播间", "content", "utm_content"),
    "play": ("来自玩法", "玩法", "活动", "活动名称", "营销活动", "推广活动", "play", "campaign", "campaign name", "utm_campaign"),
    "staff": (
        "负责人", "归属人", "导购", "导购员", "导购姓名", "销售", "销售员", "业务员", "归属员工", "推广员工", "staff", "sales person", "salesperson",
        "assistant",
    ),
    "email": ("邮箱", "买家邮箱", "电子邮箱", "email", "e-mail", "customer email", "buyer email"),
}  # fmt: skip

TITLES: dict[str, str | Promise] = {
    "number": _("订单编号"),
    "at": _("下单时间"),
    "amount": _("实付金额"),
    "refunded": _("退款金额"),
    "status": _("订单状态"),
    "currency": _("币种"),
    "product": _("商品名称"),
    "quantity": _("数量"),
    "price": _("单价"),
    "phone": _("手机号"),
    "nickname": _("买家昵称"),
    "name": _("买家姓名"),
    "wxid": _("微信号"),
    "qq": _("QQ 号"),
    "openid": _("微信 OpenID"),
    "unionid": _("微信 UnionID"),
    "wecom_external": _("企业微信外部联系人 ID"),
    "email": _("邮箱"),
    "content": _("来自内容"),
    "play": _("来自玩法"),
    "staff": _("负责人"),
}
"""What a column may be taken for, as a person chooses it."""

_AMOUNTS = ("amount", "price", "refunded")

# The first word that a status holds decides. A shop closes an order that was never paid, or that was paid back.
_STATUSES: tuple[tuple[str, str], ...] = (
    ("部分退款", "paid"), ("退款中", "paid"), ("退款失败", "paid"), ("申请退款", "paid"), ("待退款", "paid"), ("退款关闭", "paid"),
    ("未退款", "paid"), ("无退款", "paid"), ("partially refunded", "paid"), ("partial refund", "paid"),
    ("已退款", "refunded"), ("退款成功", "refunded"), ("全额退款", "refunded"), ("退款完成", "refunded"), ("已全额退款", "refunded"),
    ("已退货", "refunded"), ("refunded", "refunded"), ("退款", "refunded"), ("charged back", "refunded"),
    ("等待买家付款", "unpaid"), ("待付款", "unpaid"), ("待支付", "unpaid"), ("未付款", "unpaid"), ("未支付", "unpaid"),
    ("等待付款", "unpaid"), ("unpaid", "unpaid"), ("awaiting payment", "unpaid"), ("pending payment", "unpaid"),
    ("pending", "unpaid"),
    ("取消", "cancelled"), ("关闭", "cancelled"), ("作废", "cancelled"), ("失败", "cancelled"), ("cancel", "cancelled"),
    ("void", "cancelled"), ("closed", "cancelled"), ("failed", "cancelled"), ("expired", "cancelled"),
    ("付款", "paid"), ("支付", "paid"), ("发货", "paid"), ("收货", "paid"), ("成功", "paid"), ("完成", "paid"), ("签收", "paid"),
    ("成团", "paid"), ("使用", "paid"), ("核销", "paid"), ("评价", "paid"), ("备货", "paid"), ("维权", "paid"), ("售后", "paid"),
    ("配送", "paid"), ("自提", "paid"), ("接单", "paid"), ("paid", "paid"), ("complete", "paid"), ("ship", "paid"),
    ("deliver", "paid"), ("fulfil", "paid"), ("success", "paid"), ("processing", "paid"), ("authorized", "paid"),
)  # fmt: skip


class OrdersTable(ListSource):
    """A list of orders."""

    key = "orders_table"
    title: str | Promise = _("订单列表 (.xlsx, .csv)")
    kind: Literal["orders"] = "orders"
    field_titles = TITLES
    synonyms = SYNONYMS
    dates = frozenset({"at"})
    needed = ("number", "at", "amount")

    def confidence(self, known: frozenset[str]) -> float:
        """Say how sure the table is an order list."""
        has_amount = "amount" in known or {"price", "quantity"} <= known
        if "number" not in known:
            # What was bought, when and for how much is still a list of orders: a person says which column numbers them.
            tells_a_sale = {"at", "amount"} <= known and known & {"product", "quantity", "price"}
            return 0.82 if tells_a_sale else 0.0
        if has_amount:
            return 0.95 if "at" in known else 0.85
        return 0.6 if "at" in known and len(known) > 3 else 0.0

    def reader(self, layout: Layout, order: DateOrder) -> ReadRow:
        """Return what reads an order. A row whose number, time or amount cannot be read is told as unreadable."""
        places, currency = layout.places, _currency(layout)
        return lambda cells, number: filter(None, (_record(cells, number, places, order, currency),))


def _currency(layout: Layout) -> str:
    """Return the currency that the header of the amounts names, as in 金额(美元); yuan where it names none."""
    headers = (header for header, name in zip(layout.headers, layout.fields, strict=True) if name == "amount")
    return next((code for header in headers if (code := currency_of(header))), "CNY")


def _record(cells: list[str], number: int, places: dict[str, int], order: DateOrder, currency: str) -> Record | None:
    """Return the order of a row; None for a row without content."""
    said = {name: cells[column].strip() for name, column in places.items() if column < len(cells)}
    if not any(said.values()):
        return None
    code = clean(narrow(said.get("number", "")))
    at = when(said.get("at", ""), order)
    if at is None and _is_sum(cells):
        return None  # the last row of many exports adds up the others
    currency = currency_of(said.get("currency") or said.get("amount", "")) or currency
    quantity = count_of(said.get("quantity", "")) if said.get("quantity") else 1
    amount = _amount(said, quantity or 0, currency)
    refund = said.get("refunded", "")
    refunded = 0 if refund.lower() in NOTHING else minor_units(refund, currency)
    if code.lower() in NOTHING:
        reason, cell = "no_number", ""
    elif at is None:
        reason, cell = "bad_date", said.get("at", "")
    elif quantity is None:
        reason, cell = "bad_quantity", said.get("quantity", "")
    elif amount is None or refunded is None:
        wrong = next((said[name] for name in _AMOUNTS if is_finer_than_a_coin(said.get(name, ""), currency)), "")
        reason = "amount_decimals" if wrong else "bad_amount" if amount is None else "bad_refund"
        cell = wrong or (said.get("amount", "") if amount is None else refund)
    elif amount < 0:
        reason, cell = "amount_negative", said.get("amount", "")
    else:
        status = _status(said.get("status", ""), abs(refunded))
        product = clean(said.get("product", ""))
        content, play, staff = (_words(said.get(name, "")) for name in ("content", "play", "staff"))
        return OrderRow(
            code, at, person_of(said), amount, abs(refunded), currency, product, quantity, status, content, play, staff
        )
    return unreadable(number, reason, " | ".join(filter(None, (cell, ", ".join(cells)))))


def _words(text: str) -> str:
    return "" if text.lower() in NOTHING else clean(text)


def _is_sum(cells: list[str]) -> bool:
    return any(
        cell.strip().startswith(("合计", "总计", "小计", "汇总", "Total", "total", "TOTAL")) for cell in cells[:3]
    )


def _amount(said: dict[str, str], quantity: int, currency: str) -> int | None:
    """Return what was paid; of a list that has unit prices only, their multiple."""
    text = said.get("amount", "")
    if text.lower() not in NOTHING:
        return minor_units(text, currency)
    price = minor_units(said.get("price", ""), currency)
    return None if price is None else price * quantity


def _status(text: str, refunded: int) -> str:
    """Return the state of an order in our words; an unknown one as it is, up to twenty characters."""
    plain = narrow(text).lower().replace("_", " ")
    if not plain:
        return "paid"
    for word, status in _STATUSES:
        if word in plain:
            return "refunded" if status == "cancelled" and refunded else status
    return clean(text)[:20]


SOURCE = OrdersTable()
