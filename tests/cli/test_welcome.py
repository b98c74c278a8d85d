from __future__ import annotations

import io

import pytest
from django.test import Client
from rich.console import Console

from liuliang.cli import welcome


@pytest.mark.django_db
@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_link_for_the_first_owner_is_whole_however_narrow_the_terminal(monkeypatch, width):
    said = io.StringIO()
    monkeypatch.setattr(welcome, "out", Console(file=said, width=width))
    monkeypatch.setattr(welcome, "sign_in", lambda: None)

    welcome.welcome("127.0.0.1", 8765)

    link = next(word for word in said.getvalue().split() if "/setup/" in word)
    assert Client().get(link.removeprefix("http://localhost:8765")).status_code == 200
