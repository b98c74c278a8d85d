from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from zipfile import ZipFile

import gallery
import pytest
from django.http import QueryDict
from gallery import PEOPLE, Person, people
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from liuliang.ui.listing import (
    Boolean,
    Choice,
    Column,
    DateRange,
    MultiChoice,
    NumberRange,
    Option,
    Text,
    cells,
    export,
    lists,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(gallery_settings):
    Person.objects.all().delete()
    Person.objects.bulk_create(people(60))


def shown(response) -> list[str]:
    return re.findall(r'<tr data-row="(\d+)"', response.content.decode())


def part(client, address: str, target: str):
    return client.get(address, headers={"HX-Request": "true", "HX-Target": target})


def test_the_page_asks_the_database_twice_whatever_it_shows(client, crowd, django_assert_num_queries):
    with django_assert_num_queries(2):
        client.get("/people/?layer=silent&sort=-joined_on")


def test_htmx_gets_only_the_part_it_swaps_and_browsers_are_told_so(client, crowd):
    page = client.get("/people/")
    results = part(client, "/people/?layer=core", "div#list-people-results")
    frame = part(client, "/people/?layer=core", "div#list-people-frame")
    assert "<!doctype html>" in page.content.decode()
    assert "<!doctype" not in results.content.decode()
    assert 'id="list-people-filters"' not in results.content.decode()
    assert 'id="list-people-filters"' in frame.content.decode()
    for response in (page, results, frame):
        assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response["Vary"].split(",")}


def test_a_restored_history_entry_gets_the_whole_page(client, crowd):
    headers = {"HX-Request": "true", "HX-Target": "body", "HX-History-Restore-Request": "true"}
    assert "<!doctype html>" in client.get("/people/", headers=headers).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "layer=nonsense",
        "gmv_from=abc&gmv_to=1e999",
        "gmv_from=99999999999999999999",
        "joined_from=2026-13-01&joined_to=0001-01-01",
        "seen_to=9999-12-31",
        "q=%00",
        "sort=password",
        "sort=--name",
        "after=zzz&before=zzz",
        "seed=maybe",
        "family=%F0%9F%A6%8A",
        "prefer=1&size=999999&density=x&column=nothing",
    ],
)
def test_an_address_that_makes_no_sense_still_shows_the_list(client, crowd, query):
    assert client.get(f"/people/?{query}").status_code == 200


PARAMETERS = ["q", "layer", "family", "joined_from", "seen_to", "gmv_from", "seed", "sort", "after", "before", "size"]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.dictionaries(st.sampled_from(PARAMETERS), st.text(max_size=30)))
def test_no_address_breaks_the_list(client, crowd, query):
    assert client.get("/people/", query).status_code == 200


def test_a_chip_takes_only_its_own_value_away(client, crowd):
    html = client.get("/people/?family=%E9%99%88&family=%E6%9D%8E&sort=name&tab=x").content.decode()
    chips = {
        text: QueryDict(unescape(address).partition("?")[2])
        for address, text in re.findall(r'<a class="chip" href="([^"]*)".*?<span>(.*?)</span>', html)
    }
    assert set(chips) == {"姓氏: 陈", "姓氏: 李"}
    left = chips["姓氏: 陈"]
    assert left.getlist("family") == ["李"]
    assert left["sort"] == "name"
    assert left["tab"] == "x"


def test_the_words_a_person_searches_for_are_escaped(client, crowd):
    html = client.get("/people/?q=%3Cscript%3Ealert(1)%3C/script%3E").content.decode()
    assert "<script>alert" not in html


def test_a_search_finds_nothing_with_the_wildcards_of_sql(client, crowd):
    assert shown(client.get("/people/?q=%25")) == []


def test_a_list_with_nothing_at_all_says_what_fills_it(client, gallery_settings):
    Person.objects.all().delete()
    html = client.get("/people/").content.decode()
    assert "还没有成员" in html
    assert "导入聊天记录" in html
    assert "<table" not in html


def test_filters_that_find_nothing_offer_to_be_cleared(client, crowd):
    assert "没有符合筛选的内容" in client.get("/people/?q=nobody-has-this-name").content.decode()


def test_more_than_ten_thousand_are_counted_no_further(client, crowd, monkeypatch):
    monkeypatch.setattr(lists, "COUNT_LIMIT", 50)
    html = client.get("/people/").content.decode()
    assert '<span class="listing-count" id="list-people-count">50+</span>' in html


def test_preferences_come_back_from_the_cookie_of_this_page_alone(client, crowd):
    response = client.get("/people/?prefer=1&column=gmv&density=roomy&size=25")
    cookie = response.cookies["list-people"]
    assert cookie["path"] == "/people/"
    again = client.get("/people/")
    assert len(shown(again)) == 25
    assert "is-roomy" in again.content.decode()
    assert "最近发言" not in re.search("<thead>(.*?)</thead>", again.content.decode(), re.DOTALL)[1]


COOKIES = ["nonsense", "%7B", "[]", "%7B%22columns%22%3A%20%7B%7D%7D", '"x"', "null", "%7B%22size%22%3A%20%22x%22%7D"]


@pytest.mark.parametrize("cookie", COOKIES)
def test_a_cookie_that_makes_no_sense_is_as_none(client, crowd, cookie):
    client.cookies["list-people"] = cookie
    assert len(shown(client.get("/people/"))) == 50


def test_a_bulk_action_gets_the_rows_named_or_all_that_match(rf, crowd):
    some = [str(key) for key in Person.objects.values_list("pk", flat=True)[:3]]
    named = PEOPLE.chosen(rf.post("/", {"row": some}), Person.objects.all())
    assert {str(one.pk) for one in named} == set(some)
    matching = PEOPLE.chosen(rf.post("/", {"all": "layer=silent"}), Person.objects.all())
    assert set(matching) == set(Person.objects.filter(layer="silent"))
    assert not PEOPLE.chosen(rf.post("/", {"row": ["x' OR 1=1"]}), Person.objects.all()).exists()
    assert not PEOPLE.chosen(rf.post("/"), Person.objects.all()).exists()


def test_a_bulk_action_never_leaves_the_queryset_it_was_given(rf, crowd):
    visible = Person.objects.filter(layer="core")
    others = [str(key) for key in Person.objects.exclude(layer="core").values_list("pk", flat=True)]
    assert not PEOPLE.chosen(rf.post("/", {"row": others}), visible).exists()
    assert set(PEOPLE.chosen(rf.post("/", {"all": ""}), visible)) == set(visible)


def test_a_person_without_the_permission_has_neither_the_export_nor_the_action(client, crowd, monkeypatch):
    guarded = replace(PEOPLE, export_permission="never", bulk=[replace(PEOPLE.bulk[0], permission="never")])
    monkeypatch.setattr(gallery, "PEOPLE", guarded)
    response = client.get("/people/?export=csv")
    assert "text/html" in response["Content-Type"]
    html = response.content.decode()
    assert "export=xlsx" not in html
    assert "打标签" not in html


def workbook(columns, rows, title="t") -> io.BytesIO:
    file = io.BytesIO()
    export.write_xlsx(file, columns, rows, title)
    return file


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("http://x")']


@pytest.mark.parametrize("text", [*HOSTILE, "http://example.com", "普通"])
def test_no_cell_of_a_workbook_is_a_formula_or_a_link(text, gallery_settings):
    file = workbook([Column("name", "昵称")], [Person(name=text)], "成员")
    with ZipFile(file) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    file.seek(0)
    cell = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()[1][0]
    assert cell.strip() == text.strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_csv_begins_like_a_formula(text):
    lines = "".join(export.csv_lines([Column("name", "昵称")], [Person(name=text)]))
    cell = list(csv.reader(io.StringIO(lines.removeprefix("\ufeff"), newline="")))[1][0]
    assert cell == f"'{text}"


anything = (
    st.text()
    | st.integers()
    | st.floats()
    | st.none()
    | st.booleans()
    | st.datetimes(timezones=st.just(UTC))
    | st.dates()
    | st.lists(st.text(max_size=3))
    | st.text(st.characters(categories=["Cc", "Cs", "Co"]))
)


@settings(max_examples=100, deadline=None)
@given(anything)
def test_any_value_can_be_exported(value):
    column = Column("name", "x", value=lambda _row: value)
    file = workbook([column], [object()])
    assert CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).height >= 1
    "".join(export.csv_lines([column], [object()])).encode("utf-8", "surrogatepass")


def test_an_instant_is_written_to_the_second():
    column = Column("at", "时间", value=lambda row: row)
    lines = "".join(export.csv_lines([column], [datetime(2026, 3, 9, 4, 5, 6, 789, tzinfo=UTC)]))
    assert lines.splitlines()[1].endswith(":05:06")


def test_rows_that_do_not_fit_on_a_sheet_go_on_to_the_next(monkeypatch):
    monkeypatch.setattr(export, "MAX_ROWS", 11)
    file = workbook([Column("n", "数", value=lambda row: row)], range(25), "a/b:c")
    book = CalamineWorkbook.from_filelike(file)
    assert [book.get_sheet_by_index(n).height for n in range(len(book.sheet_names))] == [11, 11, 6]


def test_the_columns_of_a_workbook_are_as_wide_as_what_stands_in_them():
    columns = [
        Column("short", "数", value=lambda row: 7),
        Column("long", "怎么算", value=lambda row: "到期末仍在群里的人"),
        Column("endless", "x", value=lambda row: "x" * 900),
        Column("at", "时间", value=lambda row: datetime(2026, 11, 20, 9, 30, 5, tzinfo=UTC)),
    ]
    with ZipFile(workbook(columns, [object()])) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    widths = [float(width) for width in re.findall(r'<col min="\d+" max="\d+" width="([\d.]+)"', sheet)]
    assert [round(width) for width in widths] == [9, 21, 61, 21]


def test_a_state_is_exported_in_words():
    states = cells.state({"on": ("在售", "good"), "off": ("已下架", "")})
    columns = [Column("state", "状态", value=lambda row: row, show=states)]
    assert "".join(export.csv_lines(columns, ["on", "off", "else"])).split() == ["\ufeff状态", "在售", "已下架", "else"]


def test_money_is_written_with_the_decimals_of_its_currency():
    amounts = [Decimal("1061.00"), Decimal(1061)]
    with ZipFile(workbook([Column("n", "金额", value=lambda row: row)], amounts)) as book:
        sheet, styles = (book.read(f"xl/{part}.xml").decode() for part in ("worksheets/sheet1", "styles"))
    formats = re.findall(r'<xf numFmtId="(\d+)"', styles.partition("<cellXfs")[2])
    told = dict(re.findall(r'numFmtId="(\d+)" formatCode="([^"]+)"', styles))
    used = [formats[int(style)] for style in re.findall(r'<c r="A[23]" s="(\d+)">', sheet)]
    # 3 and 4 are #,##0 and #,##0.00, built into Excel.
    assert [told.get(number, number) for number in used] in (["4", "3"], ["#,##0.00", "#,##0"])


def test_a_long_id_keeps_its_last_digits_in_a_workbook():
    file = workbook([Column("n", "号", value=lambda row: row)], [12345678901234567])
    assert CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()[1][0] == "12345678901234567"


def test_the_export_holds_every_row_that_matches_in_the_order_shown(client, crowd):
    response = client.get("/people/?export=xlsx&layer=silent&sort=-messages")
    assert "attachment" in response["Content-Disposition"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(response.streaming_content)))
    messages = [row[2] for row in book.get_sheet_by_index(0).to_python()[1:]]
    assert len(messages) == Person.objects.filter(layer="silent").count()
    assert messages == sorted(messages, reverse=True)


class TestFilters:
    def values(self, one, query: str):
        return one.read(QueryDict(query))

    def test_a_range_of_days_takes_whole_local_days(self, gallery_settings):
        Person.objects.all().delete()
        for hour in (15, 16):  # 23:00 on the 20th and 00:00 on the 21st in Shanghai
            Person.objects.create(
                name=str(hour),
                layer="new",
                messages=0,
                joined_on=date(2026, 1, 1),
                last_seen_at=datetime(2026, 11, 20, hour, tzinfo=UTC),
            )
        seen = DateRange("seen", "发言", field="last_seen_at")
        found = seen.apply(Person.objects.all(), self.values(seen, "seen_from=2026-11-21&seen_to=2026-11-21"))
        assert [one.name for one in found] == ["16"]

    def test_a_range_of_money_is_written_in_major_units(self, gallery_settings):
        Person.objects.all().delete()
        Person.objects.create(name="a", layer="new", messages=0, gmv=1_999, joined_on=date(2026, 1, 1))
        gmv = NumberRange("gmv", "成交额", scale=100, unit="元")
        assert gmv.apply(Person.objects.all(), self.values(gmv, "gmv_to=19.99")).exists()
        assert not gmv.apply(Person.objects.all(), self.values(gmv, "gmv_to=19.98")).exists()

    def test_a_choice_takes_only_what_is_offered(self):
        options = [Option("a", "甲"), Option("b", "乙")]
        assert self.values(Choice("k", "K", options=options), "k=c") is None
        assert self.values(Choice("k", "K", options=options), "k=a&k=b") == "b"
        assert self.values(MultiChoice("k", "K", options=options), "k=a&k=c&k=b&k=a") == ("a", "b")

    def test_choices_may_depend_on_who_asks(self, rf):
        one = Choice("k", "K", options=lambda request: [Option(request.path, "这里")])
        with pytest.raises(TypeError, match="for_request"):
            one.read(QueryDict("k=x"))
        assert one.for_request(rf.get("/x/")).read(QueryDict("k=/x/")) == "/x/"

    def test_a_truth_is_one_of_three(self):
        assert [self.values(Boolean("s", "S"), f"s={text}") for text in ("1", "0", "")] == [True, False, None]

    def test_a_text_is_normalised_and_bounded(self):
        assert self.values(Text("q", "Q"), "q=" + "e%CC%81") == "é"
        assert len(self.values(Text("q", "Q"), "q=" + "x" * 999)) == 200
