from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.importers.head import head_of
from liuliang.importers.records import Unreadable
from liuliang.importers.tables import Table, delimiter_of, layout_of, open_table, plain_header

SYNONYMS = {"name": ("姓名", "name"), "phone": ("手机号", "phone"), "amount": ("实付金额", "金额")}


def opened(path: Path, raw: bytes) -> Table:
    path.write_bytes(raw)
    table = open_table(path, head_of(path), SYNONYMS)
    assert table is not None
    return table


def rows(table: Table) -> list[list[str] | Unreadable]:
    return [row.cells for row in table.rows()]


@pytest.mark.parametrize(
    "header", ["实付金额", "实付金额（元）", " 实付金额 (元) *", "实 付 金 额", "【必填】实付金额", "实付金额："]
)
def test_a_header_is_known_whatever_stands_around_it(header: str) -> None:
    assert plain_header(header) == "实付金额"


def test_of_two_columns_for_one_field_the_plainest_keeps_it() -> None:
    layout = layout_of([["金额", "姓名", "实付金额", "别的"], ["1", "a", "2", "x"]], SYNONYMS)
    assert layout is not None
    assert layout.fields == ("", "name", "amount", "")
    assert [(column.header, column.field, column.samples) for column in layout.columns][2:] == [
        ("实付金额", "amount", ("2",)),
        ("别的", "", ("x",)),
    ]


def test_what_a_person_chose_counts_more_than_the_headers() -> None:
    layout = layout_of([["姓名", "联系", "手机号"]], SYNONYMS, {"联系": "phone", "手机号": ""})
    assert layout is not None
    assert layout.fields == ("name", "phone", "")


def test_a_table_without_known_headers_is_none() -> None:
    assert layout_of([["a", "b"], ["1", "2"]], SYNONYMS) is None
    assert layout_of([], SYNONYMS) is None


def test_a_sum_below_headers_that_nobody_knows_is_no_header() -> None:
    table = [["十一月流水"], ["流水代码", "收了多少", "电话呢"], ["W1", "20", "139"], ["金额", "", "999"]]
    layout = layout_of(table, SYNONYMS)
    assert layout is not None
    assert layout.headers == ("流水代码", "收了多少", "电话呢")
    assert layout.fields == ("", "", "")
    chosen = layout_of(table, SYNONYMS, {"收了多少": "amount"})
    assert chosen is not None
    assert chosen.headers == layout.headers
    assert chosen.fields == ("", "amount", "")


def test_one_known_header_among_others_is_enough() -> None:
    layout = layout_of([["导出"], ["手机号", "什么"], ["139", "x"]], SYNONYMS)
    assert layout is not None
    assert layout.fields == ("phone", "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_encoding_delimiter_and_line_end_is_read(
    tmp_path: Path, encoding: str, delimiter: str, newline: str
) -> None:
    written = (["姓名", "手机号", "备注"], ["张三", "138", "你好，世界"], ["李四", "139", ""])
    text = newline.join(delimiter.join(row) for row in written)
    table = opened(tmp_path / "t.csv", (text + newline).encode(encoding))
    assert rows(table) == [["张三", "138", "你好，世界"], ["李四", "139", ""]]


def test_a_title_above_the_header_and_short_rows_do_no_harm(tmp_path: Path) -> None:
    table = opened(tmp_path / "t.csv", "会员导出\n\n姓名,手机号\n张三\n李四,139,多\n".encode())
    assert [(row.number, row.cells) for row in table.rows()] == [(4, ["张三"]), (5, ["李四", "139", "多"])]


def test_what_shops_put_around_numbers_is_taken_off(tmp_path: Path) -> None:
    table = opened(tmp_path / "t.csv", '姓名,手机号\n"=""001""",\'138\n="7",\t139\n'.encode())
    assert rows(table) == [["001", "138"], ["7", "139"]]


def test_a_row_with_a_quote_that_is_never_closed_is_told_and_the_next_one_is_read(tmp_path: Path) -> None:
    first, second = rows(opened(tmp_path / "t.csv", '姓名,手机号\n"张三,138\n李四,139\n'.encode()))
    assert isinstance(first, Unreadable)
    assert (first.line, first.reason) == (2, "unclosed_quote")
    assert second == ["李四", "139"]


def test_the_delimiter_may_be_said_by_the_file() -> None:
    assert delimiter_of("sep=;\na,b;c") == ";"


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), min_size=3, max_size=3).filter(
            lambda row: any(cell.strip() for cell in row)
        ),
        max_size=5,
    ),
    st.sampled_from([",", ";", "\t"]),
)
def test_every_row_of_a_table_that_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, written: list[list[str]], delimiter: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "t.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["姓名", "手机号", "备注"], *written])
    table = opened(path, path.read_bytes())
    assert len(rows(table)) == len(written)
    assert not [row for row in rows(table) if isinstance(row, Unreadable)]
