"""What `liuliang doctor` finds."""

from __future__ import annotations

import importlib
import py_compile
import sys
from datetime import timedelta

from liuliang.accounts.models import Staff
from liuliang.cli import doctor
from liuliang.cli.doctor import uncompiled
from liuliang.kernel import clock
from liuliang.mail.models import Letter


def test_modules_that_every_start_compiles_again_are_counted(tmp_path, monkeypatch):
    (tmp_path / "compiled_each_time.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = uncompiled(sys.modules.values())
    module = importlib.import_module("compiled_each_time")
    assert uncompiled(sys.modules.values()) == before + 1
    py_compile.compile(module.__file__)
    assert uncompiled(sys.modules.values()) == before


def test_letters_that_were_not_sent_lately_are_named(db, settings):
    settings.SMTP_HOST = ""
    assert doctor.mail().is_fine is None
    settings.SMTP_HOST = "mail.example.com"
    assert doctor.mail().is_fine
    staff = Staff.objects.create(email="a@example.com", created_at=clock.now())
    for days, state, error in ((1, "sent", ""), (2, "failed", "550 no such user"), (30, "failed", "an old one")):
        at = clock.now() - timedelta(days=days)
        Letter.objects.create(key=f"{days}", staff=staff, state=state, error=error, written_at=at, tried_at=at)
    found = doctor.mail()
    assert found.is_fine, "others went out since"
    assert "1 letters" in found.told
    assert "550" in found.advice
    for state, error, advice in (("waiting", "connection refused", "refused"), ("unknown", "", "nobody knows")):
        at = clock.now()
        Letter.objects.create(key=state, staff=staff, state=state, error=error, written_at=at, tried_at=at)
        found = doctor.mail()
        assert found.is_fine is False
        assert advice in found.advice
