from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils import translation

from liuliang.ui import assets, formats
from liuliang.ui.navigation import Entry, Section, Shell, install, installed, lines

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "liuliang"


@pytest.fixture
def shell(gallery_settings):
    before = installed()
    yield install
    install(before)


def section(title, *entries, **more) -> Section:
    return Section(title, entries, icon="users", **more)


def test_a_section_shows_only_while_the_person_may_see_a_page_of_it(rf, shell):
    shell(
        Shell(
            sections=(
                section("成员", Entry("全部", "people"), Entry("秘密", "parts", "secret")),
                section("无门", Entry("秘密", "parts", "secret")),
            ),
            may=lambda _request, permission: permission != "secret",
        )
    )
    assert [line.title for line in lines(rf.get("/board/"))] == ["成员"]


def test_the_entry_with_the_longest_fitting_address_is_the_current_one(rf, shell):
    overview = section("总览", Entry("总览", "board", prefix="/"))
    shell(Shell(sections=(overview, section("成员", Entry("全部", "people"), Entry("零件", "parts")))))
    first, members = lines(rf.get("/people/12/"))
    assert not first.is_current
    assert members.is_current
    assert [line.is_current for line in members.lines] == [True, False]


def test_a_section_leads_to_the_first_page_the_person_may_see(rf, shell):
    members = section("成员", Entry("秘密", "parts", "secret"), Entry("全部", "people"))
    shell(Shell(sections=(members,), may=lambda _request, permission: permission != "secret"))
    assert lines(rf.get("/board/"))[0].url == "/people/"


@pytest.mark.parametrize(
    ("files", "names_icon"),
    [("*.html", r"{%\s*icon\s+[\"']([^\"']+)[\"']"), ("*.py", r"\bicon=[\"']([^\"'{]+)[\"']")],
    ids=["templates", "sources"],
)
def test_every_icon_that_is_named_is_one_of_tabler(files, names_icon):
    drawn = {name for path in PACKAGE.rglob(files) for name in re.findall(names_icon, path.read_text(encoding="utf-8"))}
    assert drawn
    names = json.loads((assets.FOLDER / "manifest.json").read_text(encoding="utf-8"))
    sprite = (assets.FOLDER / names["icons.svg"]).read_text(encoding="utf-8")
    assert drawn - set(re.findall(r'<symbol id="([^"]+)"', sprite)) == set()


def test_an_asset_nobody_builds_is_an_error():
    with pytest.raises(KeyError):
        assets.asset_url("nothing.js")


def test_assets_that_are_not_built_say_how_to_build_them(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match="make assets"):
        assets.asset_url("console.css")


def test_the_style_sheet_needs_no_data_addresses():
    names = json.loads((assets.FOLDER / "manifest.json").read_text(encoding="utf-8"))
    assert "url(data:" not in (assets.FOLDER / names["console.css"]).read_text(encoding="utf-8").replace('"', "")


def test_no_template_carries_an_inline_style_handler_or_script():
    for path in PACKAGE.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        assert not re.search(r"<[^>]*\sstyle=", html), path
        assert not re.search(r"<[^>]*\son[a-z]+=", html), path
        assert not re.search(r"<script(?![^>]*(src=|application/json))", html), path
        # A filter in hx-trigger is evaluated, which the policy forbids.
        assert not re.search(r"hx-trigger=\"[^\"]*\[", html), path


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [("/nowhere/", 404, "这里没有东西"), ("/remove/", 403, "你没有权限看这里"), ("/broken/", 500, "服务器出错了")],
)
def test_an_error_page_says_what_happened(client, gallery_settings, address, status, words):
    client.raise_request_exception = False
    response = client.get(address)
    assert response.status_code == status
    assert words in response.content.decode()


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
@pytest.mark.django_db
def test_switching_the_language_never_leads_away(client, gallery_settings, target):
    response = client.post("/language/", {"language": "en", "next": target})
    assert response["Location"] == "/"
    assert response.cookies["django_language"].value == "en"


@pytest.mark.django_db
def test_a_language_that_is_not_spoken_is_not_remembered(client, gallery_settings):
    assert "django_language" not in client.post("/language/", {"language": "tlh"}).cookies


def test_the_interface_speaks_english_when_asked():
    with translation.override("en"):
        assert Template("{% load ui %}{% counted 'x' %}").render(Context()).count("How is this counted") == 1
        assert formats.duration(600) == "10 min"


def test_browsers_find_the_mark_where_a_page_names_none(client, gallery_settings):
    response = client.get("/favicon.ico")
    assert response.status_code == 302
    assert response["Location"].endswith(".svg")
