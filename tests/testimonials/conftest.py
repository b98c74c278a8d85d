"""Members who say something, and pictures of every sort."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from telling import Told, emptied


@pytest.fixture
def told(transactional_db: None) -> Iterator[Told]:
    yield from emptied()


@pytest.fixture
def make_picture() -> Callable[..., bytes]:
    def make(width: int = 40, height: int = 20, kind: str = "JPEG", **more) -> bytes:
        written = io.BytesIO()
        Image.new("RGB", (width, height), "red").save(written, kind, **more)
        return written.getvalue()

    return make
