# ruff: noqa: DTZ001 - the times of a table are local
from __future__ import annotations

import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from liuliang.importers import xlsx_rows
from liuliang.importers.xlsx_rows import MAX_COLUMNS, is_date_format, plain_number, read_sheet, sheet_names
from liuliang.kernel.errors import Refused

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 6)),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff_"), max_size=30),
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    st.dates(date(1950, 1, 1), date(2100, 1, 1)),
)


def write(path: Path, rows: list[list[object]], **options: object) -> Path:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, **options}) as book:
        page = book.add_worksheet("数据")
        day = book.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
        time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, bool):
                    page.write_boolean(number, column, cell)
                elif isinstance(cell, str):
                    page.write_string(number, column, cell)
                elif isinstance(cell, datetime):
                    page.write_datetime(number, column, cell, time)
                elif isinstance(cell, date):
                    page.write_datetime(number, column, cell, day)
                elif cell is not None:
                    page.write_number(number, column, cell)
    return path


def shown(cell: object) -> str:
    """What calamine's value looks like as our text."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return plain_number(cell)
    return str(cell)


def padded(rows: list[list[str]]) -> list[list[str]]:
    return [[*row, *[""] * (10 - len(row))] for row in rows]


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(CELLS, max_size=8), max_size=6), shared=st.booleans())
def test_rows_are_those_that_calamine_reads(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[object]], shared: bool
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "book.xlsx", rows, constant_memory=not shared)
    theirs = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    expected = [[shown(cell) for cell in row] for row in theirs]
    # Where midnight is meant, calamine gives a date with a time and we give the date.
    expected = [[cell.removesuffix(" 00:00:00") for cell in row] for row in expected]
    assert padded([row.cells for row in read_sheet(path)]) == padded([row for row in expected if any(row)])


def test_rows_keep_their_numbers_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "b.xlsx", [["a"], [], [None, "b"]])
    assert [(row.number, row.cells) for row in read_sheet(path)] == [(1, ["a"]), (3, ["", "b"])]
    assert sheet_names(path) == ("数据",)


def replaced(path: Path, changes: dict[str, str]) -> Path:
    """Write the workbook again with other XML in some of its parts."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, raw in {**parts, **{name: text.encode() for name, text in changes.items()}}.items():
            book.writestr(name, raw)
    return path


SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def test_prefixed_names_rich_texts_readings_and_missing_references_are_understood(tmp_path: Path) -> None:
    path = replaced(
        write(tmp_path / "b.xlsx", [["x"]]),
        {
            SHEET: f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c>'
            '<x:c><x:v>1.5E3</x:v></x:c><x:c t="str"><x:f>A1</x:f><x:v>sum</x:v></x:c><x:c t="e"><x:v>#N/A</x:v></x:c>'
            '<x:c t="s"><x:v>99</x:v></x:c><x:c t="inlineStr"><x:is><x:r><x:t>a</x:t></x:r><x:r><x:t>b</x:t></x:r></x:is>'
            "</x:c></x:row></x:sheetData></x:worksheet>",
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><r><t>咖</t></r><r><t>啡</t></r>'
            '<rPh sb="0" eb="1"><t>カフェ</t></rPh></si></sst>',
        },
    )
    assert [row.cells for row in read_sheet(path)] == [["咖啡", "1500", "sum", "", "", "ab"]]


def test_a_cell_far_away_takes_no_memory(tmp_path: Path) -> None:
    path = replaced(
        write(tmp_path / "b.xlsx", [["x"]]),
        {
            SHEET: f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
            '<row r="1048576"><c r="B1048576"><v>2</v></c><c r="XFD1048576"><v>3</v></c></row></sheetData></worksheet>'
        },
    )
    tracemalloc.start()
    rows = [(row.number, row.cells) for row in read_sheet(path)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == [(1, ["1"]), (1_048_576, ["", "2"])]
    assert peak < 2_000_000
    assert MAX_COLUMNS < 16_384


@pytest.mark.parametrize(
    "sheet",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData><row><c><v>&a;</v></c></row></sheetData></worksheet>',
        "<worksheet><sheetData><row>",
        "no xml",
    ],
)
def test_xml_with_entities_or_without_an_end_is_refused(tmp_path: Path, sheet: str) -> None:
    path = replaced(write(tmp_path / "b.xlsx", [["x"]]), {SHEET: sheet})
    with pytest.raises(Refused) as refused:
        list(read_sheet(path))
    assert refused.value.code == "import.archive_broken"


def test_a_sheet_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        list(read_sheet(write(tmp_path / "b.xlsx", [["x"]]), "别的"))
    assert refused.value.code == "import.sheet_missing"


def test_days_are_counted_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "b.xlsx", [[date(2024, 3, 5)]], date_1904=True)
    assert [row.cells for row in read_sheet(path)] == [["2024-03-05"]]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("yyyy-mm-dd", True), ("m/d/yy h:mm", True), ('yyyy"年"m"月"', True), ("[$-804]yyyy年", True), ("[h]:mm:ss", True),
        ("General", False), ("0.00", False), ("#,##0.00 [$¥-804]", False), ('0.0 "days"', False), ("0.00E+00", False),
        ("[Red]0;[Blue]-0", False), ("@", False),
    ],
)  # fmt: skip
def test_a_number_format_is_known_for_a_date(code: str, expected: bool) -> None:
    assert is_date_format(code) is expected


def test_memory_does_not_grow_with_the_sheet(tmp_path: Path) -> None:
    peaks = []
    for count in (1_000, 8_000):
        path = write(tmp_path / f"{count}.xlsx", [[f"订单{n}", n, 1.5] for n in range(count)], constant_memory=True)
        tracemalloc.start()
        assert sum(1 for _row in read_sheet(path)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000


@pytest.mark.timeout(20)
def test_a_reference_that_names_no_column_takes_no_time_however_long_it_is(tmp_path: Path) -> None:
    far = "A" * 500_000
    path = replaced(
        write(tmp_path / "b.xlsx", [["x"]]),
        {
            SHEET: f'<worksheet xmlns="{MAIN}"><sheetData><row><c r="A1"><v>1</v></c><c r="{far}1"><v>2</v></c></row>'
            "</sheetData></worksheet>"
        },
    )
    assert [row.cells for row in read_sheet(path)] == [["1"]]


LONG = "长" * 4_000_000  # characters


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({SHEET: f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>{LONG}</v></c><c><v>2</v></c></row></sheetData></worksheet>'}, 100_000),
        ({"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>{LONG}</t></si></sst>'}, 100_000),
    ],
    ids=["cell", "shared"],
)  # fmt: skip
def test_of_a_cell_no_more_is_held_than_is_read(tmp_path: Path, changes: dict[str, str], read: int) -> None:
    path = replaced(write(tmp_path / "b.xlsx", [["x"]]), changes)
    tracemalloc.start()
    rows = [row.cells for row in read_sheet(path)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [len(row[0]) for row in rows] == [read]
    assert rows[0][1:] in ([], ["2"]), "what follows the long cell is read"
    assert peak < 3_000_000


def test_a_piece_of_xml_that_does_not_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row><c x="{LONG}"><v>1</v></c></row></sheetData></worksheet>'
    path = replaced(write(tmp_path / "b.xlsx", [["x"]]), {SHEET: sheet})
    with pytest.raises(Refused, match=r"import\.archive_too_large"):
        list(read_sheet(path))


@pytest.mark.parametrize("part", ["xl/styles.xml", "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_lists_without_an_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setattr(xlsx_rows, "MAX_PART", 100_000)
    monkeypatch.setattr(xlsx_rows, "MAX_SHARED", 100_000)
    path = replaced(
        write(tmp_path / "b.xlsx", [["x"]]), {part: f"<list><cellXfs>{'<xf/><si/>' * 20_000}</cellXfs></list>"}
    )
    with pytest.raises(Refused, match=r"import\.archive_too_large"):
        list(read_sheet(path))


@pytest.mark.parametrize(("epoch_1904", "serial"), [(False, "2958465.9999999"), (True, "2957004"), (True, "2958465")])
def test_a_day_after_the_last_year_stays_a_number_and_the_rest_is_read(
    tmp_path: Path, epoch_1904: bool, serial: str
) -> None:
    path = write(tmp_path / "b.xlsx", [[date(2024, 3, 5)]], date_1904=epoch_1904)
    sheet = (
        f'<worksheet xmlns="{MAIN}"><sheetData><row><c s="1"><v>{serial}</v></c></row>'
        '<row><c s="1"><v>45000</v></c></row></sheetData></worksheet>'
    )
    rows = [row.cells for row in read_sheet(replaced(path, {SHEET: sheet}))]
    assert rows == [[plain_number(float(serial))], ["2027-03-16" if epoch_1904 else "2023-03-15"]]


@pytest.mark.timeout(20)
def test_a_number_format_takes_no_time_however_long_it_is() -> None:
    assert not is_date_format("[" * 500_000)
