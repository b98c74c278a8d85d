from __future__ import annotations

import csv
import io

import pytest
import xlsxwriter
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from liuliang.commerce.models import Order
from liuliang.importers import services
from liuliang.importers.models import Import, ImportProblem
from liuliang.importers.xlsx_rows import read_sheet, sheet_names
from liuliang.kernel import clock
from liuliang.people.identities import Known, resolve_members
from liuliang.people.models import Community, Identity

pytestmark = pytest.mark.django_db

MEMBERS = "昵称,QQ号,手机号\n小雨,10001,13800138000\n阿珍,10002,\n"
ORDERS = (
    "订单号,下单时间,手机号,实付金额\nA1,2026-03-01 10:00:00,13800138000,100\nA2,2026-03-01 11:00:00,13800138001,50\n"
)
CHAT = "消息记录（此消息记录为文本格式，不支持重新导入）\n\n消息对象:读书群\n\n2026-03-01 10:00:00 小雨(10001)\n早\n"


@pytest.fixture(autouse=True)
def _uploads(tmp_path, settings):
    settings.UPLOAD_ROOT = tmp_path / "uploads"


@pytest.fixture
def community() -> Community:
    made = Community.objects.create(name="读书群", type="learning", created_at=clock.now())
    made.path = [made.pk]
    made.save()
    return made


def bring_in(content: str, name: str, community: Community | None = None) -> Import:
    row = services.receive(io.BytesIO(content.encode()), name)
    assert services.examine(row) is not None
    services.queue(row, community=community)
    return services.run(row.pk)


def card(browser, read, row: Import, language: str = "zh-hans") -> str:
    """Return the words of the card of an import."""
    address = reverse("console:import-card", args=[row.public_id])
    html = read(browser.get(address, headers={"accept-language": language, "hx-request": "true"}))
    return " ".join(html.replace(">", "> ").split())


def test_the_list_names_the_group_that_a_file_found_by_itself(browser, read):
    said = "".join(f"2026-03-01 10:00:0{n} 成员{n}(1000{n})\n早\n\n" for n in range(3))
    bring_in(CHAT + said, "拼豆群.txt")
    assert ">拼豆群<" in read(browser().get(reverse("console:imports")))


def test_a_list_of_members_tells_who_is_new_and_who_was_known(browser, read, community):
    client = browser()
    resolve_members([Known("小雨", (("qq", "10001"),))], community=None, at=clock.now())
    row = bring_in(MEMBERS, "名单.csv")
    assert {key: row.counts[key] for key in ("members", "people", "identities", "added", "known")} == {
        "members": 2, "people": 1, "identities": 1, "added": 1, "known": 1,
    }  # fmt: skip
    words = card(client, read, row)
    assert "1 位新成员" in words
    assert "1 个新的账号或号码" in words
    assert "新增 0" not in words
    assert "新增 1，已有 1" in read(client.get(reverse("console:imports")))
    again = bring_in(MEMBERS, "名单二.csv", community)
    assert (again.counts["people"], again.counts["memberships"], again.counts["added"]) == (0, 2, 2)
    assert "2 位进入这个社群" in card(client, read, again)


def test_a_file_that_was_imported_before_says_so(browser, read, community):
    client = browser()
    for content, name in ((MEMBERS, "名单.csv"), (ORDERS, "订单.csv"), (CHAT, "群.txt")):
        assert "没有新内容" not in card(client, read, bring_in(content, name, community))
        words = card(client, read, bring_in(content, f"again {name}", community))
        assert "没有新内容：文件里的以前都导入过" in words
        assert "条以前已有" in words
        assert "notice-success" not in words


def test_orders_tell_what_is_new_what_changed_and_who_bought(browser, read):
    client = browser()
    row = bring_in(ORDERS, "订单.csv")
    assert (row.counts["added"], row.counts["people"]) == (2, 2)
    words = card(client, read, row)
    assert "2 个新订单" in words
    assert "2 位新成员" in words
    changed = bring_in(
        ORDERS.replace("实付金额", "实付金额,退款金额").replace(",100", ",100,30").replace(",50", ",50,0"), "退.csv"
    )
    assert (changed.counts["added"], changed.counts["changed"], changed.counts["known"]) == (0, 1, 2)
    assert "1 个订单有变化" in card(client, read, changed)


def test_a_pair_that_staff_must_decide_is_told_with_the_way_there(browser, read, community):
    client = browser()
    resolve_members(
        [Known("甲", (("qq", "10001"),)), Known("乙", (("phone", "13800138000"),))], community=None, at=clock.now()
    )
    row = services.receive(io.BytesIO(MEMBERS.encode()), "名单.csv")
    services.examine(row)
    services.queue(row, community=community)
    from liuliang.importers import running

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(running.Run, "_may_merge", lambda _run: False)
        row = services.run(row.pk)
    assert row.counts["proposed"] == 1
    words = card(client, read, row)
    assert "1 对成员可能是同一人，等你判定" in words
    assert reverse("console:proposals") in words


def test_the_card_speaks_english_too(browser, read):
    client = browser()
    client.cookies["django_language"] = "en"
    words = card(client, read, bring_in(MEMBERS, "list.csv"), "en")
    assert "2 new members" in words
    assert not any("\u4e00" <= character <= "\u9fff" for character in words)


def test_the_form_for_browsers_without_a_script_says_how_much_it_takes(browser, read):
    page = read(browser().get(reverse("console:imports")))
    assert "这样上传一次最多 3.0 MB" in page
    assert "liuliang import" in page


def test_a_file_too_large_for_the_form_is_told_what_to_do(browser, read):
    client, path = browser(), reverse("console:import-upload")
    told = {"content_type": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(20 << 20)}
    answer = client.post(path, data=b"", **told)
    assert answer.status_code == 413
    assert "最多上传 3.0 MB" in read(answer)
    elsewhere = client.post(reverse("console:sign-out"), data=b"", **told)
    assert "3.0 MB" not in read(elsewhere)


def test_a_file_beyond_the_limit_is_told_how_large_one_may_be(browser, read, settings):
    settings.UPLOAD_LIMIT = 5 << 20
    told = {"content_type": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(20 << 20)}
    answer = browser().post(reverse("console:import-upload"), data=b"", headers={"x-csrftoken": "t"}, **told)
    assert answer.status_code == 413
    assert "一个文件最多 5.0 MB" in read(answer)


def test_an_upload_without_a_script_is_taken_and_examined(browser):
    answer = browser().post(reverse("console:import-upload"), {"file": SimpleUploadedFile("群.txt", CHAT.encode())})
    assert answer.status_code == 302
    assert Import.objects.get().state == "ready"


def test_a_private_chat_is_no_success(browser, read):
    client = browser()
    row = bring_in("2026/3/1 15:13 - A: hi\n2026/3/1 15:14 - B: hello\n", "WhatsApp Chat with Ben.txt")
    words = card(client, read, row)
    assert "没有导入任何内容" in words
    assert "2 条私聊，没有导入" in words
    assert "notice-success" not in words


def test_the_zone_that_a_chat_was_read_in_is_chosen_even_where_it_is_no_place(browser, read, community):
    client = browser()
    first = bring_in(CHAT, "群.txt", community)
    Import.objects.filter(pk=first.pk).update(timezone="PRC")
    row = services.receive(io.BytesIO(CHAT.encode()), "群.txt", staff=first.staff)
    services.examine(row)
    page = client.get(reverse("console:import", args=[row.public_id])).content.decode()
    assert '<option value="PRC" selected>' in page


def test_the_page_says_the_zone_asks_before_another_and_is_drawn_anew_when_done(browser, read, community):
    client = browser()
    first = bring_in(CHAT, "群.txt", community)
    assert f"文件里的时间按 {first.timezone} 读" in card(client, read, first)
    address = reverse("console:import-card", args=[first.public_id])
    assert "HX-Refresh" not in client.get(address, headers={"hx-request": "true"}).headers
    assert client.get(f"{address}?on=page", headers={"hx-request": "true"})["HX-Refresh"] == "true"

    row = services.receive(io.BytesIO(CHAT.encode()), "群.txt", staff=first.staff)
    services.examine(row)
    assert "这个群以前是按 Asia/Shanghai 导入的" in read(client.get(reverse("console:import", args=[row.public_id])))
    told = {"timezone": "America/New_York", "community": community.public_id, "date_order": "", "as": ""}
    told["community"] = str(community.pk)
    answer = client.post(reverse("console:import-start", args=[row.public_id]), told)
    assert answer.status_code == 422
    assert "同一条消息会再算一遍" in read(answer)
    row.refresh_from_db()
    assert row.state == "ready"
    answer = client.post(reverse("console:import-start", args=[row.public_id]), {**told, "is_sure": "on"})
    assert answer.status_code == 302


BROKEN = (
    "订单号,下单时间,手机号,实付金额,备注\n"
    "B1,2026-03-01 10:00:00,13800138000,100,\n"
    "B2,上周二,13800138001,50,=1+1\n"
    "B3,2026-03-01 12:00:00,+8613800138002,-5,\n"
    "B4,2036-03-01 12:00:00,13800138003,7,\n"
)


def as_workbook(content: str) -> bytes:
    """Return lines of a CSV as a workbook of texts."""
    book = io.BytesIO()
    written = xlsxwriter.Workbook(book)
    sheet = written.add_worksheet()
    for line, cells in enumerate(csv.reader(io.StringIO(content))):
        for place, cell in enumerate(cells):
            sheet.write_string(line, place, cell)
    written.close()
    return book.getvalue()


def imported(content: bytes, name: str) -> Import:
    row = services.receive(io.BytesIO(content), name)
    assert services.examine(row) is not None
    services.queue(row, community=None)
    return services.run(row.pk)


def error_file(browser, row: Import) -> tuple[list[list[str]], str]:
    """Return the rows of the error file of an import, and its name."""
    response = browser.get(reverse("console:import-problems", args=[row.public_id]))
    body = b"".join(response.streaming_content)
    name = response.headers["Content-Disposition"].partition('filename="')[2].rstrip('"')
    if name.endswith(".xlsx"):
        path = settings.UPLOAD_ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return [found.cells for found in read_sheet(path, sheet_names(path)[0])], name
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig")))), name


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_was_not_imported_can_be_mended_in_its_own_columns_and_imported(browser, kind):
    client = browser()
    content = BROKEN.encode() if kind == "csv" else as_workbook(BROKEN)
    row = imported(content, f"订单.{kind}")
    assert set(Order.objects.values_list("number", flat=True)) == {"B1"}
    (head, *rows), name = error_file(client, row)
    assert name.endswith(f".{kind}")
    assert head == ["订单号", "下单时间", "手机号", "实付金额", "备注", "没有导入，或要补上的原因"]
    assert [cells[0] for cells in rows] == ["B2", "B3", "B4"]
    assert [cells[5].partition("：")[0] for cells in rows] == ["第 3 行", "第 4 行", "第 5 行"]
    rows[0][1], rows[1][3], rows[2][1] = "2026-03-01 11:00:00", "5", "2026-03-01 13:00:00"
    mended = io.StringIO()
    csv.writer(mended).writerows([head, *rows])
    text = mended.getvalue()
    again = imported(text.encode("utf-8-sig") if kind == "csv" else as_workbook(text), name)
    assert (again.unreadable, again.counts["orders"]) == (0, 3)
    told = dict(Order.objects.values_list("number", "amount"))
    assert told == {"B1": 10_000, "B2": 5_000, "B3": 500, "B4": 700}
    phones = set(Identity.objects.filter(kind="phone").values_list("value", flat=True))
    assert phones == {f"+861380013800{n}" for n in range(4)}


def test_the_error_file_is_never_taken_for_formulas(browser):
    row = imported(BROKEN.encode(), "订单.csv")
    (_head, *rows), _name = error_file(browser(), row)
    assert rows[0][4] == "'=1+1"


def test_the_error_file_of_a_chat_names_places(browser):
    row = bring_in(CHAT, "读书群.txt")
    ImportProblem.objects.create(import_run=row, line=9, reason="bad_date", excerpt="某年某月")
    rows, _name = error_file(browser(), row)
    assert rows[0] == ["行", "原因", "内容"]
    assert rows[1][0] == "9"
    assert rows[1][2] == "某年某月"
