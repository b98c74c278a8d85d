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
    monkeypatch.setattr(importing, "out", Console(file=said, width=80))
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    (tmp_path / "空.txt").touch()
    (tmp_path / "坏.json").write_text('{"messages":[{"id":', encoding="utf-8")
    for name in ("读书群", "写字群"):
        (tmp_path / f"{name}.txt").write_text(CHAT.format(name=name), encoding="utf-8")
    files = [tmp_path / name for name in ("读书群.txt", "空.txt", "没有.txt", "坏.json", "写字群.txt")]

    fine = importing.import_with_progress(files, community="", timezone="", source="")

    assert not fine
    assert set(Community.objects.values_list("name", flat=True)) == {"读书群", "写字群"}
    assert "空.txt：文件是空的。" in said.getvalue()
    assert "没有.txt：没有这个文件。" in said.getvalue()
    assert "坏.json：认不出格式。用 --source 指定；什么都没有改动。" in said.getvalue(), "the whole sentence"
    assert said.getvalue().count("新增 1") >= 1


@pytest.mark.django_db(transaction=True)
def test_a_community_of_another_name_is_made_and_told_of(tmp_path, monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr(importing, "out", Console(file=said, width=80))
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    (tmp_path / "读书群.txt").write_text(CHAT.format(name="读书群"), encoding="utf-8")
    for _again in range(2):
        assert importing.import_with_progress([tmp_path / "读书群.txt"], community="读书", timezone="", source="")
    assert said.getvalue().count("没有叫“读书”的社群，新建了一个。") == 1


@pytest.mark.django_db(transaction=True)
def test_another_part_of_a_chat_goes_in_from_another_zone_once_a_person_is_sure(tmp_path, monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr(importing, "out", Console(file=said, width=400))
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    first, later = tmp_path / "读书群.txt", tmp_path / "later.txt"
    first.write_text(CHAT.format(name="读书群"), encoding="utf-8")
    later.write_text(CHAT.format(name="读书群").replace("2026-01-01", "2026-02-01"), encoding="utf-8")
    assert importing.import_with_progress([first], community="", timezone="Asia/Shanghai", source="")

    assert not importing.import_with_progress([later], community="", timezone="America/New_York", source="")
    assert "--sure" in said.getvalue()
    assert importing.import_with_progress([later], community="", timezone="America/New_York", source="", is_sure=True)
    assert Community.objects.count() == 1
