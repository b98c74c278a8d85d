# ruff: noqa: DTZ001 - the times of a table are local
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuliang.importers.base import Options
from liuliang.importers.head import recognise
from liuliang.importers.records import OrderRow, Person, Record, Unreadable
from liuliang.simulator.formats import orders_table as written
from liuliang.simulator.formats.orders_table import OrderLine

SAMPLES = Path(__file__).parents[1] / "samples" / "orders_table"
HEADER = "订单编号,下单时间,手机号,实付金额,退款金额,订单状态,数量\n"

ReadText = Callable[..., list[Record]]


@pytest.fixture
def read(read_text: ReadText) -> ReadText:
    def read(text: str, **options: Any) -> list[Record]:
        return read_text(text, expected="orders_table", name="订单.csv", options=Options(**options))

    return read


def ming(name: str = "", phone: str = "+8613800000001") -> Person:
    return Person(name, (("phone", phone),))


def test_taobao(read_file: Callable[..., Any]) -> None:
    _, reads = read_file(SAMPLES / "taobao.csv", expected="orders_table")
    first, second = datetime(2024, 3, 5, 12, 1), datetime(2024, 3, 6, 12, 1)
    hong = ming("t_小红", "+8613800000002")
    assert [read.record for read in reads] == [
        OrderRow("1234567890123456789", first, ming("t_小明"), 19800, 0, "CNY", "云南咖啡豆, 454g", 2),
        OrderRow("1234567890123456790", second, hong, 129950, 129950, "CNY", "咖啡机", 1, "refunded"),
    ]


def test_weidian_in_utf_16_with_a_title_full_width_digits_and_a_sum(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "weidian_tab.csv", expected="orders_table")
    assert inspection.encoding == "utf-16-le"
    expected = OrderRow("W1", datetime(2024, 3, 5, 12, 1), ming("小明"), 1990, product="滤纸")
    assert [read.record for read in reads] == [expected]


def test_youzan_from_the_second_sheet(read_file: Callable[..., Any]) -> None:
    _, reads = read_file(SAMPLES / "youzan.xlsx", expected="orders_table")
    hong = ming("王小红", "+8613800000002")
    number = "E2024030512010000000000{}".format
    assert [(read.line, read.record) for read in reads] == [
        (3, OrderRow(number(1), datetime(2024, 3, 5, 12, 1), ming("王小明"), 5970, product="滤纸(3件)", quantity=3)),
        (4, OrderRow(number(2), datetime(2024, 3, 6, 6), hong, 1000, 250, product="杯子")),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",2024-03-05 12:01,138,1,,,", "no_number"),
        ("E1,昨天,138,1,,,", "bad_date"),
        ("E1,,138,1,,,", "bad_date"),
        ("E1,2024-02-31,138,1,,,", "bad_date"),
        ("E1,2024-03-05,138,很多,,,", "bad_amount"),
        ("E1,2024-03-05,138,,,,", "bad_amount"),
        ("E1,2024-03-05,138,-5,,,", "amount_negative"),
        ("E1,2024-03-05,138,1.999,,,", "amount_decimals"),
        (f"E1,2024-03-05,138,{'9' * 400},,,", "bad_amount"),
        ("E1,2024-03-05,138,1,x,,", "bad_refund"),
        ("E1,2024-03-05,138,1,,,半", "bad_quantity"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_number_and_reason(read: ReadText, row: str, reason: str) -> None:
    wrong, good = read(f"{HEADER}{row}\nE2,2024-03-05 12:01,13800000001,1,,,\n")
    assert isinstance(wrong, Unreadable)
    assert (wrong.line, wrong.reason) == (2, reason)
    assert good == OrderRow("E2", datetime(2024, 3, 5, 12, 1), ming(), 100)


@pytest.mark.parametrize(
    ("word", "refund", "expected"),
    [
        ("等待买家付款", "", "unpaid"), ("待付款", "", "unpaid"), ("买家已付款，等待卖家发货", "", "paid"), ("待发货", "", "paid"),
        ("卖家已发货，等待买家确认", "", "paid"), ("交易成功", "", "paid"), ("交易完成", "", "paid"), ("已完成", "", "paid"), ("已发货", "", "paid"),
        ("交易关闭", "", "cancelled"), ("交易关闭", "5", "refunded"), ("已取消", "", "cancelled"), ("已关闭", "0", "cancelled"),
        ("已退款", "", "refunded"), ("退款成功", "5", "refunded"), ("部分退款", "1", "paid"), ("退款中", "", "paid"), ("", "", "paid"),
        ("partially_refunded", "1", "paid"), ("voided", "", "cancelled"), ("Refunded", "5", "refunded"), ("pending", "", "unpaid"),
        ("审核", "", "审核"),
    ],
)  # fmt: skip
def test_a_status_is_put_in_our_words(read: ReadText, word: str, refund: str, expected: str) -> None:
    (row,) = read(f'{HEADER}E1,2024-03-05,13800000001,5,{refund},"{word}",\n')
    assert row.status == expected  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("order number,date,total (USD)\n1,2024-03-05,5\n", "USD", 500),
        ("order number,date,total,currency\n1,2024-03-05,1200,JPY\n", "JPY", 1200),
        ("order number,date,total\n1,2024-03-05,€5\n", "EUR", 500),
    ],
)
def test_a_currency_may_stand_in_the_header_in_its_column_or_by_the_amount(
    read: ReadText, text: str, currency: str, amount: int
) -> None:
    (row,) = read(text)
    assert (row.currency, row.amount) == (currency, amount)  # type: ignore[union-attr]


def test_unit_prices_are_multiplied_where_there_is_no_total(read: ReadText) -> None:
    (row,) = read("订单编号,下单时间,单价,数量\nE1,2024-03-05,9.90,3\n")
    assert row.amount == 2970  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("订单流水,成交时间,客户,联系电话,宝贝,件数,实收(元),备注栏", "orders_table"),
        ("成交时间,客户,联系电话,宝贝,件数,实收(元)", "orders_table"),
        ("姓名,联系电话,时间,金额", "members_table"),
    ],
)
def test_what_tells_of_sales_is_a_list_of_orders_though_it_names_people_too(
    tmp_path: Path, header: str, key: str
) -> None:
    path = tmp_path / "导出.csv"
    path.write_bytes(f"店铺周报\n\n{header}\n".encode("gb18030"))
    source, _head = recognise(path)
    assert source.key == key


def test_columns_that_are_missing_are_told_before_the_import(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("订单编号,实付金额,买家\nE1,5,小明\n")
    source, head = recognise(path)
    assert source.inspect(path, head).warnings == ("no_at_column",)


LINES = st.builds(
    OrderLine,
    number=st.integers(10**8, 10**15).map("E{}".format),
    at=st.datetimes(datetime(2015, 1, 1), datetime(2025, 1, 1)).map("{:%Y-%m-%d %H:%M:%S}".format),
    nickname=st.text(st.characters(categories=["L"]), min_size=1, max_size=8),
    phone=st.integers(13_000_000_000, 19_999_999_999).map(str),
    wxid=st.integers(1, 99_999).map("wxid_{}".format),
    product=st.text("咖啡豆 454g,\"'", min_size=1, max_size=12).map(str.strip).filter(bool),
    quantity=st.integers(1, 99),
    amount=st.integers(0, 10**9),
    refunded=st.integers(0, 10**9),
    status=st.sampled_from(["交易成功", "已退款", "待付款"]),
)
STATUSES = {"交易成功": "paid", "已退款": "refunded", "待付款": "unpaid"}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@settings(max_examples=25, deadline=None)
@given(lines=st.lists(LINES, min_size=1, max_size=5))
def test_a_list_that_was_written_is_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, lines: list[OrderLine]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"orders{suffix}"
    written.write(path, lines)
    source, head = recognise(path)
    assert source.key == "orders_table"
    rows = [read.record for read in source.read(path, source.inspect(path, head), Options())]
    assert [(r.number, r.at, r.amount, r.refunded, r.quantity, r.status, r.buyer.identities) for r in rows] == [  # type: ignore[union-attr]
        (
            line.number, datetime.fromisoformat(line.at), line.amount, line.refunded, line.quantity, STATUSES[line.status],
            (("phone", f"+86{line.phone}"), ("wxid", line.wxid)),
        )
        for line in lines
    ]  # fmt: skip
