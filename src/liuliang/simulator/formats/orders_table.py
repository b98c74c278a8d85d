"""The order list of a shop system, one row an order, amounts in yuan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from liuliang.simulator.formats.tables import write_table

HEADER = (
    "订单编号", "下单时间", "买家昵称", "手机号", "微信号", "商品名称", "数量", "实付金额", "退款金额", "订单状态", "来自内容",
    "活动",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order. Amounts are fen (1/100 yuan); ``at`` is local, to the second."""

    number: str
    at: str
    nickname: str
    phone: str
    wxid: str
    product: str
    quantity: int
    amount: int
    refunded: int
    status: str
    content: str = ""
    play: str = ""


def write(path: Path, lines: Iterable[OrderLine]) -> None:
    """Write the list to ``path`` (.xlsx or .csv)."""
    rows = (
        (
            line.number, line.at, line.nickname, line.phone, line.wxid, line.product, line.quantity,
            line.amount / 100, line.refunded / 100, line.status, line.content, line.play,
        )
        for line in lines
    )  # fmt: skip
    write_table(path, HEADER, rows, "订单")
