# ruff: noqa: DTZ001 - the times of a table are local
from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuliang.importers.base import Options
from liuliang.importers.head import recognise
from liuliang.importers.records import MemberRow, Person, Record, Unreadable
from liuliang.simulator.formats import members_table as written
from liuliang.simulator.formats.members_table import MemberLine

SAMPLES = Path(__file__).parents[1] / "samples" / "members_table"


@pytest.fixture
def read(read_text: Callable[..., list[Record]]) -> Callable[..., list[Record]]:
    def read(text: str, **options: Any) -> list[Record]:
        return read_text(text, expected="members_table", name="成员.csv", options=Options(**options))

    return read


def test_a_list_in_gb18030_with_chinese_dates(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "members_gb18030.csv", expected="members_table")
    assert inspection.encoding == "gb18030"
    assert {column.header: column.field for column in inspection.columns}["入群时间"] == "joined_at"
    assert inspection.columns[1].samples == ("13800000001", "+86 138 0000 0002")
    assert [read.record for read in reads] == [
        MemberRow(
            Person("小明", (("phone", "+8613800000001"), ("wxid", "wxid_ming"))),
            datetime(2024, 3, 5, 12, 1),
            "owner",
            {"gender": "男", "city": "上海", "会员等级": "金卡"},
            ("老客", "咖啡"),
            "好人",
            date(1990, 5, 6),
        ),
        MemberRow(Person("小红", (("phone", "+8613800000002"),)), datetime(2024, 3, 6, 13, 5), "", {"gender": "女"}),
    ]


def test_an_english_list_with_semicolons(read_file: Callable[..., Any]) -> None:
    _, reads = read_file(SAMPLES / "english_semicolon.csv", expected="members_table")
    anna, bob = (read.record for read in reads)
    assert anna.person == Person("Anna Lee", (("phone", "+14155550100"), ("email", "anna@example.com")))
    assert anna.joined_at == datetime(2024, 3, 5, 12, 1, tzinfo=UTC)
    assert anna.tags == ("vip", "early")
    assert anna.attributes == {"Company": "ACME"}
    assert bob.person == Person("Bob", (("email", "bob@example.com"),))


def test_a_workbook_with_days_and_numbers(read_file: Callable[..., Any]) -> None:
    _, (read,) = read_file(SAMPLES / "members.xlsx", expected="members_table")
    assert read.record == MemberRow(
        Person("王小明", (("phone", "+8613800000001"), ("qq", "10001"))),
        datetime(2024, 3, 5),
        attributes={"积分": "1200"},
        tags=("老客", "咖啡"),
        birthday=date(1990, 5, 6),
    )


def test_a_row_that_names_nobody_is_told_and_an_empty_one_is_not(read: Callable[..., list[Record]]) -> None:
    wrong, good = read("姓名,手机号,城市\n,,上海\n,,\n小明,,\n")
    assert isinstance(wrong, Unreadable)
    assert (wrong.line, wrong.reason) == (2, "no_member")
    assert good == MemberRow(Person("小明"))


def test_a_date_that_never_was_is_told_and_the_person_is_kept(read: Callable[..., list[Record]]) -> None:
    told, row = read("姓名,手机号,入群时间\n小明,13800000001,2024-02-31\n")
    assert told == Unreadable(2, "bad_date", "2024-02-31")
    assert isinstance(row, MemberRow)
    assert row.joined_at is None
    assert row.attributes == {"joined_at": "2024-02-31"}


def test_dates_are_read_in_the_order_of_the_column_or_as_a_person_says(read: Callable[..., list[Record]]) -> None:
    text = "name,email,joined\na,a@x.com,3/4/2024\nb,b@x.com,25/4/2024\n"
    assert [row.joined_at for row in read(text)] == [datetime(2024, 4, 3), datetime(2024, 4, 25)]  # type: ignore[union-attr]
    first, *_ = read(text, date_order="mdy")
    assert first.joined_at == datetime(2024, 3, 4)  # type: ignore[union-attr]


def test_columns_may_be_chosen_by_hand(read: Callable[..., list[Record]]) -> None:
    (row,) = read("姓名,手机号,渠道\n小明,13800000001,老客\n", columns={"渠道": "tags", "手机号": ""})
    assert row == MemberRow(Person("小明"), attributes={"手机号": "13800000001"}, tags=("老客",))


def test_what_is_no_number_or_address_stays_an_attribute(read: Callable[..., list[Record]]) -> None:
    (row,) = read("姓名,手机号,邮箱,QQ号,微信号\n小明,138****0001,无,abc,\n")
    assert row == MemberRow(Person("小明"), attributes={"phone": "138****0001"})


def test_hostile_cells_are_only_text(read: Callable[..., list[Record]]) -> None:
    long = "长" * 10_000
    rows = read(f"姓名,手机号\n{long},13800000001\n=cmd|'/c calc'!A1,13800000002\n\x01小\x7f明\u202e,13800000003\n")
    assert [row.person.name for row in rows] == [long, "=cmd|'/c calc'!A1", "\x01小\x7f明\u202e"]  # type: ignore[union-attr]


NAMES = st.text(st.characters(categories=["L", "N", "So"]), min_size=1, max_size=12).map(str.strip).filter(bool)
LINES = st.builds(
    MemberLine,
    number=st.integers(1, 999).map(str),
    nickname=NAMES,
    name=st.just(""),
    phone=st.integers(13_000_000_000, 19_999_999_999).map(str),
    wxid=st.integers(1, 99_999).map("wxid_{}".format),
    qq=st.integers(10_001, 99_999).map(str),
    gender=st.sampled_from(["男", "女", ""]),
    birthday=st.none() | st.dates(date(1950, 1, 1), date(2010, 1, 1)),
    city=st.sampled_from(["上海", ""]),
    level=st.sampled_from(["金卡", ""]),
    registered=st.datetimes(datetime(2015, 1, 1), datetime(2025, 1, 1)).map("{:%Y-%m-%d %H:%M:%S}".format),
    tags=st.lists(st.sampled_from(["老客", "咖啡", "手冲"]), unique=True).map(tuple),
    note=st.sampled_from(["", "常来"]),
)


def attributes(line: MemberLine) -> dict[str, str]:
    told = {"gender": line.gender, "city": line.city, "会员编号": line.number, "会员等级": line.level}
    return {key: value for key, value in told.items() if value}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@settings(max_examples=25, deadline=None)
@given(lines=st.lists(LINES, min_size=1, max_size=5))
def test_a_list_that_was_written_is_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, lines: list[MemberLine]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"members{suffix}"
    written.write(path, lines)
    source, head = recognise(path)
    assert source.key == "members_table"
    rows = [read.record for read in source.read(path, source.inspect(path, head), Options())]
    assert rows == [
        MemberRow(
            Person(
                unicodedata.normalize("NFC", line.nickname),
                (("phone", f"+86{line.phone}"), ("wxid", line.wxid), ("qq", line.qq)),
            ),
            datetime.fromisoformat(line.registered),
            "",
            attributes(line),
            line.tags,
            line.note,
            line.birthday,
        )
        for line in lines
    ]
