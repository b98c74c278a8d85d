"""What a refusal says to the person who meets it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import RequestFactory
from django.urls import get_resolver
from django.utils import translation

import liuliang
from liuliang.console import errors
from liuliang.kernel.errors import Refused

ROOT = Path(liuliang.__file__).parent

# What is refused on the command line alone; it has words of its own there.
AT_THE_SHELL = ("bench/", "cli/", "kernel/postgres.py")


def refusals() -> Iterator[tuple[str, frozenset[str], str]]:
    """Give the code and the data of every refusal that the source raises, and where."""
    for path in sorted(ROOT.rglob("*.py")):
        if str(path.relative_to(ROOT)).startswith(AT_THE_SHELL):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused"):
                continue
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                data = frozenset(keyword.arg or "**" for keyword in node.keywords)
                yield first.value, data, f"{path.relative_to(ROOT)}:{node.lineno}"


RAISED = list(refusals())


def promised() -> Iterator[tuple[str, str]]:
    """Give the code of every refusal that a docstring names, and where; some codes are put together when they are raised."""
    for path in sorted(ROOT.rglob("*.py")):
        if str(path.relative_to(ROOT)).startswith(AT_THE_SHELL):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                _, _, named = (ast.get_docstring(node) or "").partition("Refused:")
                for code in re.findall(r"``([a-z_]+\.[a-z_]+)``", named):
                    yield code, f"{path.relative_to(ROOT)}:{node.lineno}"


@pytest.fixture(autouse=True)
def _addresses_are_loaded() -> None:
    """Let every area declare its sentences."""
    assert get_resolver().url_patterns


def test_every_refusal_of_the_domain_has_a_sentence() -> None:
    silent = {f"{code} ({place})" for code, _data, place in RAISED if code not in errors.declared()}
    assert not silent, "\n".join(sorted(silent))


def test_every_refusal_that_a_docstring_names_has_a_sentence() -> None:
    silent = {f"{code} ({place})" for code, place in promised() if code not in errors.declared()}
    assert not silent, "\n".join(sorted(silent))


def test_a_sentence_asks_for_nothing_that_its_refusal_does_not_bring() -> None:
    wrong = []
    for code, data, place in RAISED:
        if code not in errors.declared() or "**" in data:
            continue
        try:
            errors.sentence(Refused(code, **dict.fromkeys(data, 1)))
        except KeyError as missing:
            wrong.append(f"{code} wants {missing}: {place}")
    assert not wrong, "\n".join(wrong)


def test_a_code_without_a_sentence_still_says_that_nothing_changed() -> None:
    with translation.override("zh-hans"):
        assert "什么都没有改变" in errors.sentence(Refused("nobody.knows"))


def test_a_sentence_is_declared_once() -> None:
    with pytest.raises(ValueError, match=r"owner\.last"):
        errors.declare({"owner.last": "again"})


def test_a_part_of_a_page_gets_plain_text_for_its_toast_and_a_page_gets_a_page(rf: RequestFactory) -> None:
    part, page = rf.get("/"), rf.get("/")
    part.htmx, page.htmx = True, False
    toast = errors.refused(part, Refused("owner.last"))
    assert (toast.status_code, toast["Content-Type"]) == (409, "text/plain; charset=utf-8")
    assert "最后一位所有者" in toast.content.decode()
    assert errors.refused(page, Refused("owner.last")).status_code == 409
