from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liuliang.importers import storage

NOW = datetime(2026, 3, 1, tzinfo=UTC)


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


def put(path: Path, *, days: int = 2) -> Path:
    """Write a file that was last changed some days ago, as was its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    then = (NOW - timedelta(days=days)).timestamp()
    for each in (path, path.parent):
        os.utime(each, (then, then))
    return path


@pytest.fixture
def incoming(tmp_path, settings):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return settings.FILE_UPLOAD_TEMP_DIR


@pytest.mark.parametrize("name", ["tmpab12cd_z.upload.txt", "tmpab12cd_z.upload", "tmpab12cd_z.upload.聊天 记录"])
def test_what_was_sent_in_part_is_swept_when_it_is_old(incoming, name):
    path = put(incoming / name)
    assert storage.sweep_incoming(NOW - timedelta(days=3)) == 0
    assert storage.sweep_incoming(NOW - timedelta(days=1)) == 1
    assert not path.exists()
    assert incoming.exists()


def test_nothing_but_what_was_sent_in_part_is_swept(incoming, tmp_path):
    """Neither files of other names, nor folders, nor what a link leads to, nor anything deeper or higher."""
    precious = put(tmp_path / "precious" / "tmpab12cd_z.upload.txt")
    above = put(tmp_path / "tmpab12cd_z.upload.txt")
    named = put(incoming / "notes.txt")
    deeper = put(incoming / "tmpab12cd_y.upload" / "tmpab12cd_z.upload.txt")
    (incoming / "tmpab12cd_x.upload").symlink_to(precious)
    (incoming / "tmpab12cd_w.upload").symlink_to(precious.parent)
    assert storage.sweep_incoming(NOW - timedelta(days=1)) == 0
    assert all(path.exists() for path in (precious, above, named, deeper))


def test_a_folder_that_is_not_there_or_is_a_file_is_swept_of_nothing(tmp_path, settings):
    for place in (tmp_path / "missing", put(tmp_path / "tmpab12cd_z.upload.txt")):
        settings.FILE_UPLOAD_TEMP_DIR = settings.UPLOAD_ROOT = place
        assert storage.sweep_incoming(NOW) == 0
        assert storage.folders_from_before(NOW) == []
    assert (tmp_path / "tmpab12cd_z.upload.txt").exists()


def test_only_folders_of_uploads_that_nothing_was_written_to_are_found(uploads, tmp_path):
    put(uploads / ("a" * 16) / "chat.txt")
    put(uploads / ("b" * 16) / "chat.txt", days=0)
    put(uploads / "lost+found" / "chat.txt")
    put(uploads / ("c" * 16))
    put(tmp_path / "elsewhere" / "chat.txt")
    (uploads / ("d" * 16)).symlink_to(tmp_path / "elsewhere")
    assert storage.folders_from_before(NOW - timedelta(days=1)) == ["a" * 16]
    # A folder is as old as what was last written in it.
    folder = put(uploads / ("e" * 16) / "chat.txt", days=0).parent
    os.utime(folder, (0, 0))
    assert storage.folders_from_before(NOW - timedelta(days=1)) == ["a" * 16]


def test_a_link_among_the_uploads_is_never_followed_to_be_dropped(uploads, tmp_path):
    precious = put(tmp_path / "precious" / "chat.txt")
    (uploads / ("d" * 16)).symlink_to(precious.parent)
    with pytest.raises(ValueError, match="no uploaded file"):
        storage.drop(str(uploads / ("d" * 16) / "chat.txt"))
    assert precious.exists()
