"""The console's parts in a real Chromium, under the product's own policy."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Where to put pictures of the pages, for looking at them; none are made without it.
PICTURES = os.environ.get("LIULIANG_TEST_PICTURES")
PHONE = {"width": 390, "height": 844}


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


def names(page: Page) -> list[str]:
    return page.locator("tbody tr[data-row] .named > span:last-child").all_inner_texts()


@pytest.mark.parametrize("name", ["board", "people", "parts", "sign-in"])
def test_a_page_breaks_no_policy_and_has_no_serious_finding(page, name):
    for size in ({"width": 1440, "height": 900}, PHONE):
        page.set_viewport_size(size)
        page.goto(f"/{name}/")
        page.wait_for_load_state("networkidle")
        picture(page, f"{name}-{size['width']}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"
        found = Axe().run(page)["violations"]
        serious = [
            (one["id"], [node["html"][:120] for node in one["nodes"]])
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
        assert serious == []


def test_nothing_on_any_page_carries_an_inline_style_or_handler(page):
    for name in ("board", "people", "parts", "sign-in"):
        html = page.request.get(f"/{name}/").text()
        assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", html)


def test_filters_live_in_the_address_and_can_be_taken_away_again(page):
    page.goto("/people/")
    page.select_option("select[name=layer]", "silent")
    expect(page.locator(".chip")).to_have_text("分层: 沉默")
    expect(page).to_have_url(re.compile(r"/people/\?layer=silent$"))
    everybody_silent = page.locator("tbody .tag").all_inner_texts()
    assert set(everybody_silent) == {"沉默"}
    page.click(".chip")
    expect(page).to_have_url(re.compile(r"/people/$"))
    expect(page.locator("select[name=layer]")).to_have_value("")
    page.go_back()
    expect(page.locator(".chip")).to_have_text("分层: 沉默")


def test_typing_into_the_search_keeps_the_place_of_the_cursor(page):
    page.goto("/people/")
    page.locator("#filter-q").press_sequentially("陈", delay=20)
    expect(page.locator(".listing-count")).to_have_text("32")
    page.locator("#filter-q").press_sequentially("立")
    expect(page.locator(".listing-count")).to_have_text("4")
    assert all(name.startswith("陈立") for name in names(page))
    expect(page.locator("#filter-q")).to_be_focused()


def test_pages_go_forth_and_back_and_the_head_of_a_column_sorts(page):
    page.goto("/people/")
    first = names(page)
    page.click("a[rel=next]")
    expect(page).to_have_url(re.compile("after="))
    expect(page.locator("a[rel=prev]")).to_be_visible()
    assert not set(first) & set(names(page))
    page.click("a[rel=prev]")
    expect(page).to_have_url(re.compile("before="))
    expect(page.locator("tbody .named").first).to_contain_text(first[0])
    assert names(page) == first
    page.click("a.sorter:has-text('成交额')")
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("成交额")
    page.click("a.sorter:has-text('成交额')")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("成交额")


def test_rows_chosen_on_two_pages_reach_the_action_and_undo_is_offered(page):
    page.goto("/people/")
    page.locator("[data-choose]").nth(0).check()
    page.click("a[rel=next]")
    expect(page.locator("a[rel=prev]")).to_be_visible()
    page.locator("[data-choose]").nth(3).check()
    expect(page.locator(".bulk-bar")).to_contain_text("已选 2 项")
    picture(page, "bulk")
    page.click(".bulk-bar >> text=打标签")
    expect(page.locator("#dialog-place h2")).to_have_text("给 2 人打标签")
    picture(page, "dialog")
    page.fill("#tag-name", "常客")
    page.click("#dialog-place .btn-primary")
    expect(page.locator(".toast-item")).to_contain_text("已给 2 人打上标签")
    expect(page.locator(".toast-item [data-undo]")).to_be_visible()
    expect(page.locator("#dialog-place")).to_be_hidden()
    expect(page.locator(".bulk-bar")).to_be_hidden()
    picture(page, "toast")


def test_all_that_match_can_be_chosen_beyond_the_page(page):
    page.goto("/people/?layer=silent")
    page.check("[data-choose-page]")
    page.click("text=/选择全部 .* 项/")
    page.click(".bulk-bar >> text=打标签")
    total = page.locator(".listing-count").inner_text()
    assert int(total) > 50
    expect(page.locator("#dialog-place h2")).to_have_text(f"给 {total} 人打标签")


def test_a_dangerous_action_asks_and_a_refusal_says_that_nothing_changed(page):
    page.goto("/people/")
    page.locator("[data-choose]").nth(0).check()
    page.click(".bulk-bar >> text=移出")
    expect(page.locator("#confirm-dialog")).to_contain_text("移出后他们会收到通知。")
    page.click("#confirm-dialog >> text=取消")
    page.click(".bulk-bar >> text=移出")
    page.click("#confirm-dialog .btn-danger")
    expect(page.locator(".toast-error")).to_contain_text("你没有权限这样做")
    assert [text for text in page.wrong if "403" in text] == page.wrong
    page.wrong.clear()


def test_what_cannot_be_undone_wants_its_name_typed(page):
    page.goto("/parts/")
    page.click("text=解散")
    yes = page.locator("#confirm-dialog .btn-danger")
    expect(yes).to_be_disabled()
    page.fill("#confirm-dialog input", "北京妈妈群")
    expect(yes).to_be_enabled()
    picture(page, "confirm")
    with page.expect_navigation():
        yes.click()
    assert page.url.endswith("/undo/")


def test_the_keyboard_walks_chooses_opens_goes_and_helps(page):
    page.goto("/people/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("tr.is-current.is-selected")).to_have_count(1)
    page.keyboard.press("/")
    expect(page.locator("#global-search")).to_be_focused()
    page.keyboard.type("jx陈立")
    page.fill("#global-search", "陈立")
    expect(page.locator(".search-panel a")).to_have_count(4)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".search-panel a").first).to_be_focused()
    picture(page, "search")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys-dialog")).to_be_visible()
    picture(page, "keys")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    with page.expect_navigation():
        page.keyboard.press("o")
    assert page.url.endswith("/board/")
    page.goto("/people/")
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/person/" in page.url


def test_columns_and_density_are_remembered(page):
    page.goto("/people/")
    page.click("summary[aria-label=显示设置]")
    page.check(".column-panel input[value=seed]")
    expect(page.locator("th:has-text('种子用户')")).to_be_visible()
    page.uncheck(".column-panel input[value=gmv]")
    expect(page.locator("th:has-text('成交额')")).to_have_count(0)
    page.select_option(".column-panel select[name=density]", "roomy")
    expect(page.locator(".table-scroll.is-roomy")).to_be_visible()
    picture(page, "columns")
    page.goto("/people/")
    expect(page.locator("th:has-text('种子用户')")).to_be_visible()
    expect(page.locator("th:has-text('成交额')")).to_have_count(0)
    expect(page.locator(".table-scroll.is-roomy")).to_be_visible()


def test_a_view_can_be_saved_opened_and_dropped(page):
    page.goto("/people/?layer=core")
    page.click("text=视图 >> visible=true")
    page.fill(".view-form input", "我的核心")
    page.click(".view-form button")
    expect(page.locator(".saved-views .menu-panel a")).to_have_text("我的核心")
    page.goto("/people/")
    page.click("text=视图 >> visible=true")
    with page.expect_navigation():
        page.click(".saved-views .menu-panel a")
    expect(page.locator(".chip")).to_have_text("分层: 核心")
    page.click("text=视图 >> visible=true")
    page.click("[aria-label=删除视图]")
    expect(page.locator(".saved-views .menu-panel a")).to_have_count(0)


def test_the_filter_panel_takes_days_and_amounts(page):
    page.goto("/people/")
    page.click("summary:has-text('筛选')")
    picture(page, "filters")
    page.fill("input[name=gmv_from]", "40000")
    expect(page.locator(".chip")).to_have_text("成交额 不少于 40,000 元")
    page.check("input[name=family][value=陈]")
    expect(page.locator(".chip")).to_have_count(2)
    assert all(name.startswith("陈") for name in names(page))
    expect(page.locator(".filter-panel")).to_be_visible()


def test_a_file_dropped_is_sent_with_progress_and_answered(page):
    page.goto("/parts/")
    page.set_input_files("input[type=file]", [{"name": "群聊.txt", "mimeType": "text/plain", "buffer": b"x" * 300_000}])
    expect(page.locator(".drop-list > li")).to_contain_text("已识别")
    picture(page, "dropped")


def test_moving_progress_stops_asking_when_the_work_is_done(page):
    page.goto("/parts/")
    done = page.locator(".progress-block:has-text('会动的导入'):has-text('完成')")
    expect(done).to_be_visible(timeout=10_000)
    assert done.get_attribute("hx-get") is None


def test_a_form_comes_back_with_its_errors_described(page):
    page.goto("/parts/")
    page.click("main form .btn-primary")
    field = page.locator("#id_name")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert "id_name_error" in field.get_attribute("aria-describedby")
    picture(page, "form-errors")
    page.wrong.clear()  # Chromium reports the status 422


def test_every_chart_has_a_drawing_a_definition_and_a_table(page):
    page.goto("/board/")
    for title in ("近 14 天有多少人在说话？", "进来的人比离开的多吗？", "什么时候最热闹？", "谁说得最多？"):
        card = page.locator(f"section[aria-label='{title}']")
        card.scroll_into_view_if_needed()
        expect(card.locator("canvas").first).to_be_visible()
        card.locator("summary:has-text('看表格')").click()
        expect(card.locator("tbody tr").first).to_be_visible()
    canvas = page.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    canvas.hover(position={"x": 300, "y": 120})
    picture(page, "chart-hover")


def test_on_a_phone_the_navigation_is_a_drawer(page):
    page.set_viewport_size(PHONE)
    page.goto("/people/")
    entry = page.locator(".sidebar >> text=社群")
    expect(entry).not_to_be_visible()
    page.click(".topbar-menu")
    expect(entry).to_be_in_viewport(ratio=1)
    picture(page, "drawer")
    page.keyboard.press("Escape")
    expect(entry).not_to_be_visible()


def test_the_language_can_be_switched_and_stays(page):
    page.goto("/people/")
    page.click("summary[aria-label=语言]")
    page.click("button[value=en]")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/board/")
    page.wait_for_load_state("networkidle")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    picture(page, "board-en")


def test_error_pages_say_what_happened_and_where_to_go(page):
    page.goto("/nowhere/")
    expect(page.locator("h1")).to_have_text("这里没有东西")
    picture(page, "404")
    page.wrong.clear()
