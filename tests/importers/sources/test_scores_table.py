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
from liuliang.importers.records import Person, Record, ScoreRow, Unreadable
from liuliang.importers.sources.scores_table import score_of
from liuliang.simulator.formats import scores_table as written
from liuliang.simulator.formats.scores_table import ScoreLine

SAMPLES = Path(__file__).parents[1] / "samples" / "scores_table"
HEADER = "提交时间,姓名,手机号,评分,原因\n"

ReadText = Callable[..., list[Record]]


@pytest.fixture
def read(read_text: ReadText) -> ReadText:
    def read(text: str, **options: Any) -> list[Record]:
        return read_text(text, expected="scores_table", name="答卷.csv", options=Options(**options))

    return read


MING = Person("小明", (("phone", "+8613800000001"),))


def test_a_form_tool_with_numbered_questions(read_file: Callable[..., Any]) -> None:
    _, reads = read_file(SAMPLES / "numbered.csv", expected="scores_table")
    assert [read.record for read in reads] == [
        ScoreRow(MING, datetime(2026, 3, 5, 12, 1, 9), 10, "", "豆子新鲜, 还会买"),
        ScoreRow(Person("小红", (("email", "hong@example.com"),)), datetime(2026, 3, 6, 8), 6),
    ]


@pytest.mark.parametrize("who", ["成员", "会员", "用户", "客户名称"])
def test_a_list_that_was_kept_by_hand(read_text: ReadText, who: str) -> None:
    text = f"{who},时间,评分,评语\n小明,2026-03-05,9,很喜欢\n"
    assert read_text(text, expected="scores_table", name="打分.csv") == [
        ScoreRow(Person("小明"), datetime(2026, 3, 5), 9, "", "很喜欢")
    ]


def test_an_english_form_with_groups(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "english.csv", expected="scores_table")
    assert inspection.date_order == "mdy"
    assert [read.record for read in reads] == [
        ScoreRow(
            Person("Mei", (("email", "mei@example.com"),)),
            datetime(2026, 3, 25, 9, 30),
            9,
            "Spring",
            "Great",
            "Readers",
        ),
        ScoreRow(Person("Bo"), datetime(2026, 3, 26, 9, 30), 0, "Spring", "", "Readers"),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-03-05 12:00,,,9,", "no_respondent"),
        ("2026-03-05 12:00,匿名,13800000001,11,", "bad_score"),
        ("2026-03-05 12:00,小明,,,", "bad_score"),
        ("2026-03-05 12:00,小明,,9.5,", "bad_score"),
        ("昨天,小明,,9,", "bad_date"),
        (",小明,,9,", "bad_date"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_number_and_reason(read: ReadText, row: str, reason: str) -> None:
    wrong, good = read(f"{HEADER}{row}\n2026-03-05 12:01,小明,13800000001,8 分,\n")
    assert isinstance(wrong, Unreadable)
    assert (wrong.line, wrong.reason) == (2, reason)
    assert good == ScoreRow(MING, datetime(2026, 3, 5, 12, 1), 8)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        *(("0", 0), ("10", 10), ("9.0", 9), ("８", 8), ("7分", 7), ("9/10", 9), ("10 (非常愿意)", 10), ("0-完全不愿意", 0)),
        *(("", None), ("11", None), ("-3", None), ("4.5", None), ("9-10", None), ("90%", None), ("很愿意", None), ("100", None)),
    ],
)  # fmt: skip
def test_what_a_cell_means(text: str, score: int | None) -> None:
    assert score_of(text) == score


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("提交时间,您的姓名,NPS评分", "scores_table"),
        ("Q1. 您愿意向朋友推荐我们吗？,Q2. 您的手机号,提交答卷时间", "scores_table"),
        ("姓名,手机号,评分,加入时间", "members_table"),
        ("订单编号,下单时间,手机号,实付金额,评分", "orders_table"),
    ],
)
def test_a_list_is_taken_for_answers_only_where_it_says_who_how_and_when(tmp_path: Path, header: str, key: str) -> None:
    path = tmp_path / "导出.csv"
    path.write_text(f"{header}\n")
    assert recognise(path)[0].key == key


def test_columns_are_chosen_by_hand_where_nobody_knows_their_names(read: ReadText) -> None:
    text = "提交时间,姓名,手机号,分数,您对我们有多满意（一定要答）\n2026-03-05 12:01,小明,13800000001,3,10\n"
    chosen = {"分数": "", "您对我们有多满意（一定要答）": "score"}
    assert read(text, columns=chosen) == [ScoreRow(MING, datetime(2026, 3, 5, 12, 1), 10)]


def test_columns_that_are_missing_are_told_before_the_import(tmp_path: Path) -> None:
    path = tmp_path / "答卷.csv"
    path.write_text("姓名,推荐意愿\n小明,9\n")
    source, head = recognise(path)
    assert source.inspect(path, head).warnings == ("no_at_column",)


LINES = st.builds(
    ScoreLine,
    at=st.datetimes(datetime(2015, 1, 1), datetime(2025, 1, 1)).map("{:%Y-%m-%d %H:%M:%S}".format),
    survey=st.sampled_from(["", "三月回访"]),
    nickname=st.text(st.characters(categories=["L"]), min_size=1, max_size=8),
    phone=st.integers(13_000_000_000, 19_999_999_999).map(str),
    score=st.integers(0, 10),
)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@settings(max_examples=25, deadline=None)
@given(lines=st.lists(LINES, min_size=1, max_size=5))
def test_a_list_that_was_written_is_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, lines: list[ScoreLine]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"scores{suffix}"
    written.write(path, lines)
    source, head = recognise(path)
    assert source.key == "scores_table"
    rows = [read.record for read in source.read(path, source.inspect(path, head), Options())]
    assert [(r.at, r.score, r.survey, r.person.identities) for r in rows] == [  # type: ignore[union-attr]
        (datetime.fromisoformat(line.at), line.score, line.survey, (("phone", f"+86{line.phone}"),)) for line in lines
    ]
