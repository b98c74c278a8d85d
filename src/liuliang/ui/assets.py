"""The built assets: from names as written in templates to addresses with a hash in them, and from those to files.

A name holds a hash of its content, so a browser may keep the file for good; the build packed it already, as small as it
gets, in the two codings that browsers take (``frontend/build.mjs``).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.urls import reverse

from liuliang.ui.compression import welcome_codings

FOLDER = Path(__file__).parent / "static" / "liuliang"

# As esbuild writes names: eight letters of RFC 4648's base 32 before the ending. Nothing else of the folder is given out.
_NAME = re.compile(r"[\w.-]+-[A-Z0-9]{8}(\.[a-z]+){1,2}(\.LEGAL\.txt)?", re.ASCII)
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_CODINGS = (("br", ".br"), ("gzip", ".gz"))


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent: ``coding`` is its Content-Encoding, empty when it is sent as it is."""

    path: Path
    type: str
    coding: str


def asset_url(name: str) -> str:
    """Return the address of a built asset such as ``console.css``.

    Raises:
        FileNotFoundError: the assets have not been built.
        KeyError: the build makes no asset of this name.
    """
    manifest = FOLDER / "manifest.json"
    try:
        built = manifest.stat().st_mtime_ns
    except FileNotFoundError:
        msg = "the console's assets are not built; run `make assets`"
        raise FileNotFoundError(msg) from None
    return reverse("ui:asset", args=[_names(manifest, built)[name]])


def find_asset(name: str, accepted: str) -> Asset | None:
    """Return the built file of this hashed name, packed in the best coding of an Accept-Encoding header that there is."""
    path = FOLDER / name
    if not _NAME.fullmatch(name) or path.suffix not in _TYPES or not path.is_file():
        return None
    welcome = welcome_codings(accepted)
    for coding, ending in _CODINGS:
        packed = path.with_name(path.name + ending)
        if coding in welcome and packed.is_file():
            return Asset(packed, _TYPES[path.suffix], coding)
    return Asset(path, _TYPES[path.suffix], "")


@lru_cache(maxsize=2)
def _names(manifest: Path, built: int) -> dict[str, str]:
    """Read the manifest; ``built`` makes the cache forget an earlier build."""
    del built
    names: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))
    return names
