from __future__ import annotations

import json

import pytest

from liuliang.ui import catalogue


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "page.html").write_text(
        "{% load i18n ui %}<h1>{% translate '成员' %}</h1>{% empty _(\"还没有\") '' %}"
        "{% blocktranslate count n=many %}{{ n }} 人{% plural %}{{ n }} 人们{% endblocktranslate %}"
        "{% blocktranslate with who=name %}100% 是{{ who }}的{% endblocktranslate %}"
        "{% translate '天' context '一天' %}",
        encoding="utf-8",
    )
    (tmp_path / "code.py").write_text(
        "from django.utils.translation import gettext_lazy as _, gettext_noop as noop, ngettext, pgettext\n"
        "A = _('导入')\nB = ngettext('{n} 条', '{n} 条们', 3)\nC = pgettext('动词', '发')\nD = _(A)\nE = noop('客服')\n"
        "F = other('没有人翻译')\nG = f'{_(\"早上\")} 8:00'\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(catalogue, "PACKAGE", tmp_path)
    monkeypatch.setattr(catalogue, "CATALOGUE", tmp_path / "locale" / "en" / "LC_MESSAGES" / "django.po")
    return tmp_path


def add(package, texts) -> int:
    file = package / "texts.json"
    file.write_text(json.dumps(texts), encoding="utf-8")
    return catalogue.main(["--add", str(file)])


ENGLISH = {
    "成员": "Members",
    "还没有": "None yet",
    "%(n)s 人": ["%(n)s person", "%(n)s people"],
    "100%% 是%(who)s的": "100%% %(who)s's",
    "一天\x04天": "day",
    "导入": "Import",
    "客服": "Service",
    "早上": "morning",
    "{n} 条": ["{n} line", "{n} lines"],
    "动词\x04发": "send",
}


def test_messages_are_found_in_templates_and_python_whatever_their_form(package, capsys):
    assert catalogue.main(["--missing"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(ENGLISH)


def test_the_check_fails_until_every_message_has_its_english(package, capsys):
    assert catalogue.main(["--check"]) == 1
    catalogue.main([])
    assert catalogue.main(["--check"]) == 1
    assert "no English for: 成员  (page.html)" in capsys.readouterr().out
    add(package, ENGLISH)
    assert catalogue.main(["--check"]) == 0


def test_english_that_lost_or_made_up_a_placeholder_is_refused(package, capsys):
    add(package, {**ENGLISH, "{n} 条": ["a line", "{m} lines"]})
    assert catalogue.main(["--check"]) == 1
    assert "{m} lines" in capsys.readouterr().out


def test_running_again_keeps_the_english_and_changes_nothing(package):
    add(package, ENGLISH)
    before = catalogue.CATALOGUE.read_bytes()
    catalogue.main([])
    assert catalogue.CATALOGUE.read_bytes() == before


def test_english_of_a_message_that_went_goes_with_it(package):
    add(package, ENGLISH)
    (package / "code.py").write_text("", encoding="utf-8")
    catalogue.main([])
    assert catalogue.main(["--check"]) == 0
    assert "#~" not in catalogue.CATALOGUE.read_text(encoding="utf-8")


def test_english_for_a_message_nobody_says_is_an_error(package):
    with pytest.raises(KeyError):
        add(package, {"没有人说": "nobody says"})
