from __future__ import annotations

import io

import pytest
from rich.console import Console

from liuliang.cli import importing
from liuliang.people.models import Community

CHAT = """消息记录（此消息记录为文本格式，不支持重新导入）

================================================================
消息分组:我的群聊
================================================================
消息对象:{name}
================================================================

2026-01-01 10:00:00 阿珍(10001)
今天读什么
"""


@pytest.mark.django_db(transaction=True)
def test_a_file_that_cannot_be_imported_does_not_keep_out_those_after_it(tmp_path, monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr(importing, "out", Console(file=said, width=200))
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    (tmp_path / "空.txt").touch()
    (tmp_path / "坏.json").write_text('{"messages":[{"id":', encoding="utf-8")
    for name in ("读书群", "写字群"):
        (tmp_path / f"{name}.txt").write_text(CHAT.format(name=name), encoding="utf-8")
    files = [tmp_path / name for name in ("读书群.txt", "空.txt", "坏.json", "写字群.txt")]

    fine = importing.import_with_progress(files, community="", timezone="", source="")

    assert not fine
    assert set(Community.objects.values_list("name", flat=True)) == {"读书群", "写字群"}
    assert "空.txt：文件是空的。" in said.getvalue()
    assert "坏.json：认不出格式。" in said.getvalue()
    assert said.getvalue().count("新增 1，已有 0，新成员 1") >= 1
