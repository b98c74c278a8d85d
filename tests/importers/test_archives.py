from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from liuliang.importers import archives
from liuliang.importers.archives import open_archive
from liuliang.kernel.errors import Refused

Write = Callable[[Path, dict[str, bytes]], Path]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as inner:
        for name, raw in files.items():
            inner.writestr(name, raw)
    return path


def tarred(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as inner:
        for name, raw in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            inner.addfile(info, io.BytesIO(raw))
    return path


def refused(path: Path) -> str:
    with pytest.raises(Refused) as answer, open_archive(path) as archive:
        for member in archive.members:
            with archive.open(member) as (stream, _consumed):
                stream.read()
    return answer.value.code


@pytest.mark.parametrize("write", [zipped, tarred])
def test_members_are_read_and_progress_never_goes_back(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "a", {"x/a.json": b"one" * 1_000, "b.json": b"two"})
    places = []
    with open_archive(path) as archive:
        for member in archive.members:
            with archive.open(member) as (stream, consumed):
                assert stream.read(3) in {b"one", b"two"}
                places.append(consumed())
        places.append(archive.position())
        found = archive.find("a.json")
        assert found is not None
        assert found.name == "x/a.json"
        assert archive.find("c.json") is None
    assert places == sorted(places)
    assert places[-1] == path.stat().st_size


@pytest.mark.parametrize("write", [zipped, tarred])
def test_a_bomb_is_refused_before_anything_is_read(tmp_path: Path, write: Write) -> None:
    assert refused(write(tmp_path / "a", {"a.json": b"0" * (archives.SMALL + 1)})) == "import.archive_too_large"


def test_more_than_all_files_together_may_have_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a", {"a": b"0" * 600, "b": b"0" * 600})
    monkeypatch.setattr(archives, "MAX_TOTAL", 1_000)
    assert refused(path) == "import.archive_too_large"


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    assert refused(zipped(tmp_path / "a", {"a": b"", "b": b"", "c": b""})) == "import.archive_too_large"


@pytest.mark.parametrize("raw", [b"PK\x03\x04 no zip", b"\x1f\x8b no gzip", b""])
def test_what_is_no_archive_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(raw)
    assert refused(path) == "import.archive_broken"


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", {"a.json": b"secret"})
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # the flag in the local header, and the one in the directory
    raw[raw.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert refused(path) == "import.archive_broken"


def test_members_without_a_name_do_no_harm(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", {"a": b"x"})
    raw = bytearray(path.read_bytes())
    place = raw.rfind(b"PK\x01\x02")
    raw[place + 28] = 0  # the length of the name in the directory; the name then counts as an extra field
    raw[place + 30] = 1
    path.write_bytes(raw)
    assert refused(path) == "import.archive_broken"
