"""Write a text where a test needs a file, and read it the way the product does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from liuliang.importers.base import Inspection, Options, Read
from liuliang.importers.head import recognise
from liuliang.importers.records import Record

Reader = Callable[..., tuple[Inspection, list[Read]]]


@pytest.fixture
def read_file() -> Reader:
    """Recognise a file, inspect it, read it all."""

    def read(path: Path, *, expected: str, options: Options | None = None) -> tuple[Inspection, list[Read]]:
        source, head = recognise(path, encoding=(options or Options()).encoding)
        assert source.key == expected
        inspection = source.inspect(path, head)
        return inspection, list(source.read(path, inspection, options or Options()))

    return read


@pytest.fixture
def read_text(tmp_path: Path, read_file: Reader) -> Callable[..., list[Record]]:
    """Write a text to a file and return the records read from it."""

    def read(
        text: str | bytes, *, expected: str, name: str = "chat.txt", options: Options | None = None
    ) -> list[Record]:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return [read.record for read in read_file(path, expected=expected, options=options)[1]]

    return read
