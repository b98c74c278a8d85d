from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from django.test import Client
from rich.console import Console

from liuliang.cli import welcome
from liuliang.cli.words import explain
from liuliang.kernel.errors import Refused


@pytest.mark.django_db
@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_link_for_the_first_owner_is_whole_however_narrow_the_terminal(monkeypatch, width):
    said = io.StringIO()
    monkeypatch.setattr(welcome, "out", Console(file=said, width=width))
    monkeypatch.setattr(welcome, "sign_in", lambda: None)

    welcome.welcome("127.0.0.1", 8765)

    link = next(word for word in said.getvalue().split() if "/setup/" in word)
    assert Client().get(link.removeprefix("http://localhost:8765")).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "按 Ctrl-C 停止。"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, "按 Ctrl-C 停止。"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "Stop with Ctrl-C."),
        ({}, "Stop with Ctrl-C."),
    ],
)
def test_a_terminal_is_spoken_to_in_the_language_of_its_locale(monkeypatch, variables, words):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    said = io.StringIO()
    monkeypatch.setattr(welcome, "out", Console(file=said, width=200))

    welcome.welcome("127.0.0.1", 8765)

    assert words in said.getvalue()


def test_refusals_are_told_in_the_language_of_the_locale(monkeypatch):
    refusal = Refused("up.port_taken", host="0.0.0.0", port=80)  # noqa: S104 - a name in a sentence

    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert explain(refusal) == "0.0.0.0 的端口 80 被别的程序占用，或你无权使用。用 --port 换一个。"
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert (
        explain(refusal)
        == "Port 80 of 0.0.0.0 is taken by another program, or not for you. Choose another with --port."
    )
    assert explain(Refused("never.heard", of=1)) == "never.heard {'of': 1}"


def test_a_refusal_is_told_before_anything_is_set_up():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "from liuliang.cli.words import explain, Refused; print(explain(Refused('postgres.not_started', log='/x/log')))",
        ],
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"} | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "PostgreSQL did not start. Its log says why: /x/log\n"
