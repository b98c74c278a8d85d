from __future__ import annotations

import pytest

from liuliang.importers import storage


@pytest.fixture
def uploads(tmp_path, settings):
    settings.UPLOAD_ROOT = tmp_path / "uploads"
    settings.UPLOAD_ROOT.mkdir()
    return settings.UPLOAD_ROOT


def test_a_file_is_dropped_with_its_folder(uploads):
    folder = uploads / "abc"
    folder.mkdir()
    (folder / "chat.txt").write_text("x")
    storage.drop(str(folder / "chat.txt"))
    assert not folder.exists()
    assert uploads.exists()


def test_an_import_without_a_file_drops_nothing(uploads, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "precious").write_text("x")
    storage.drop("")
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize(
    "path", ["chat.txt", "/chat.txt", "uploads/chat.txt", "uploads/a/b/chat.txt", "uploads/../x/chat.txt"]
)
def test_nothing_outside_an_upload_folder_is_ever_dropped(uploads, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "precious").write_text("x")
    with pytest.raises(ValueError, match="no uploaded file"):
        storage.drop(path)
    assert (tmp_path / "precious").exists()
    assert uploads.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\聊天 记录.txt", "聊天 记录.txt"),
        ("a\x00b\u202e.txt", "ab.txt"),
        ("", "file"),
        (".", "file"),
    ],
)
def test_a_name_keeps_what_a_file_system_takes(given, kept):
    assert storage.safe_name(given) == kept


def test_a_long_name_keeps_its_ending():
    name = storage.safe_name("长" * 500 + ".xlsx")
    assert name.endswith(".xlsx")
    assert len(name.encode()) <= 200
