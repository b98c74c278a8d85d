"""Pictures of every sort, as people send them."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image


@pytest.fixture
def make_picture() -> Callable[..., bytes]:
    def make(width: int = 40, height: int = 20, kind: str = "JPEG", **more) -> bytes:
        written = io.BytesIO()
        Image.new("RGB", (width, height), "red").save(written, kind, **more)
        return written.getvalue()

    return make
