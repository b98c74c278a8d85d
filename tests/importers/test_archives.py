from __future__ import annotations

import io
import lzma
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from liuliang.importers import archives
from liuliang.importers.archives import open_archive
from liuliang.importers.head import recognise
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


def named_tar(path: Path, infos: list[tuple[tarfile.TarInfo, bytes]], kind: int = tarfile.GNU_FORMAT) -> Path:
    """Write a packed tar of headers as they are given, each with what stands behind it."""
    with tarfile.open(path, "w:gz") as inner:
        for info, raw in infos:
            info.size = len(raw) if info.size == 0 else info.size
            inner.fileobj.write(info.tobuf(kind) + raw.ljust(-(-len(raw) // 512) * 512, b"\0"))
    return path


def header(kind: bytes, name: str = "././@LongLink", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info


def peak(act: Callable[[], object]) -> int:
    """Return the bytes that are held at once at the most."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "kind",
    [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE],
)
def test_a_header_of_a_tar_that_is_no_name_is_refused_without_being_read(tmp_path: Path, kind: bytes) -> None:
    bomb = b"20000000 path=" + b"a" * 20_000_000
    path = named_tar(tmp_path / "a.tar.gz", [(header(kind), bomb), (header(tarfile.REGTYPE, "a.json"), b"{}")])
    assert peak(lambda: refused(path)) < 2_000_000
    assert refused(path) == "import.archive_too_large"
    with pytest.raises(Refused, match="archive_too_large"):
        recognise(path)


def test_what_a_tar_lists_counts_whatever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 20)
    for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.REGTYPE):
        path = named_tar(tmp_path / "a.tar.gz", [(header(kind, f"{number}"), b"") for number in range(21)])
        assert refused(path) == "import.archive_too_large"


def test_the_names_of_a_tar_are_bounded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_LIST", 100_000)
    files = [
        each
        for number in range(4)
        for each in (
            (header(tarfile.GNUTYPE_LONGNAME), b"a" * 30_000 + str(number).encode()),
            (header(tarfile.REGTYPE, "a"), b""),
        )
    ]
    assert refused(named_tar(tmp_path / "a.tar.gz", files)) == "import.archive_too_large"


def test_headers_that_speak_for_the_whole_tar_are_not_kept(tmp_path: Path) -> None:
    files = [
        each
        for number in range(100)
        for each in (
            (
                header(tarfile.XGLTYPE),
                b"".join(b"19 key%08d=v%04d\n" % (number * 3_000 + at, at) for at in range(3_000)),
            ),
            (header(tarfile.REGTYPE, f"{number}.json"), b"{}"),
        )
    ]
    path = named_tar(tmp_path / "a.tar.gz", files)

    def listed() -> None:
        with open_archive(path) as archive:
            assert len(archive.members) == 100

    assert peak(listed) < 5_000_000


@pytest.mark.parametrize("name", ["长" * 1_000 + ".json", "a/" * 500 + "b.json"])
def test_long_names_are_read(tmp_path: Path, name: str) -> None:
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        path = tmp_path / "a.tar.gz"
        with tarfile.open(path, "w:gz", format=form) as inner:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = 2, 1.5
            inner.addfile(info, io.BytesIO(b"{}"))
        with open_archive(path) as archive:
            assert [member.name for member in archive.members] == [name]
            with archive.open(archive.members[0]) as (stream, _consumed):
                assert stream.read() == b"{}"


def test_a_tar_whose_files_lie_before_each_other_ends(tmp_path: Path) -> None:
    """The size in an extended header counts, also a negative one: then the same headers would come for ever."""
    record = b" size=-1536\n"
    body = str(len(record) + 2).encode() + record
    path = named_tar(
        tmp_path / "a.tar.gz", [(header(tarfile.XHDTYPE), body), (header(tarfile.REGTYPE, "a.json"), b"{}")] * 2
    )
    assert refused(path) == "import.archive_broken"


def test_a_tar_with_holes_is_refused(tmp_path: Path) -> None:
    record = b" GNU.sparse.size=9\n"
    holes = b" GNU.sparse.numblocks=1\n"
    body = b"".join(str(len(each) + 2).encode() + each for each in (record, holes))
    path = named_tar(
        tmp_path / "a.tar.gz", [(header(tarfile.XHDTYPE), body), (header(tarfile.REGTYPE, "a.json"), b"{}")]
    )
    assert refused(path) == "import.archive_broken"


def test_a_tar_packed_in_the_way_that_asks_for_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.xz"
    path.write_bytes(lzma.compress(tarred(tmp_path / "b", {"a.json": b"{}"}).read_bytes()))
    assert refused(path) == "import.archive_broken"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_packed_in_a_way_that_unpacks_at_once_is_refused(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as inner:
        inner.writestr("a.json", b"0" * 1_000_000)
    assert refused(path) == "import.archive_broken"


def listing_bomb(path: Path, lines: int, *, is_wide: bool) -> Path:
    """Write a zip of nothing but its list; ``is_wide`` tells its length in the records of large archives."""
    line = b"PK\x01\x02" + bytes(42)
    count, size = (0xFFFF, 0xFFFFFFFF) if is_wide else (lines & 0xFFFF, lines * len(line))
    with path.open("wb") as file:
        for start in range(0, lines, 10_000):
            file.write(line * min(10_000, lines - start))
        end = file.tell()
        if is_wide:
            file.write(struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, lines, lines, lines * len(line), 0))
            file.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, 0xFFFFFFFF if is_wide else 0, 0))
    return path


@pytest.mark.parametrize("is_wide", [False, True])
@pytest.mark.parametrize(("most", "length"), [(1_000, 1 << 26), (500_000, 50_000)])
def test_a_list_of_too_many_files_is_refused_before_it_is_taken_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, length: int, *, is_wide: bool
) -> None:
    path = listing_bomb(tmp_path / "a.zip", 20_000, is_wide=is_wide)
    assert len(zipfile.ZipFile(path).infolist()) == 20_000
    monkeypatch.setattr(archives, "MAX_MEMBERS", most)
    monkeypatch.setattr(archives, "MAX_LIST", length)
    assert refused(path) == "import.archive_too_large"
    assert peak(lambda: refused(path)) < 2_500_000
    path.write_bytes(b"PK\x03\x04" + path.read_bytes())
    with pytest.raises(Refused, match="archive_too_large"):
        recognise(path)
