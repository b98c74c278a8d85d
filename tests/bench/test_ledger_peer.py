"""The peer of the ledger's benchmark: it runs, or it is said what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from liuliang.bench.ledger_peer import VARIABLE, Peer, is_given
from liuliang.cli.words import explain
from liuliang.kernel.errors import Refused


def test_without_its_environment_there_is_no_peer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert not is_given()


def test_a_python_that_has_no_peer_is_told_with_the_reason(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, sys.executable)
    with pytest.raises(Refused, match=r"bench\.peer") as refused, Peer(1):
        pass
    assert "gengine" in str(refused.value.data["said"])


def test_a_path_where_nothing_is_has_a_sentence_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "python"))
    with pytest.raises(Refused, match=r"bench\.peer") as refused, Peer(1):
        pass
    assert str(tmp_path) in explain(refused.value)
