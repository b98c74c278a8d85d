"""What `liuliang doctor` finds."""

from __future__ import annotations

import importlib
import py_compile
import sys

from liuliang.cli.doctor import uncompiled


def test_modules_that_every_start_compiles_again_are_counted(tmp_path, monkeypatch):
    (tmp_path / "compiled_each_time.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = uncompiled(sys.modules.values())
    module = importlib.import_module("compiled_each_time")
    assert uncompiled(sys.modules.values()) == before + 1
    py_compile.compile(module.__file__)
    assert uncompiled(sys.modules.values()) == before
