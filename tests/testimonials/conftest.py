"""Members who say something, and pictures of every sort."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from telling import told

__all__ = ["told"]


@pytest.fixture
def make_picture() -> Callable[..., bytes]:
    def make(width: int = 40, height: int = 20, kind: str = "JPEG", **more) -> bytes:
        written = io.BytesIO()
        Image.new("RGB", (width, height), "red").save(written, kind, **more)
        return written.getvalue()

    return make
