"""Where the built assets are: names as written in templates, to addresses with a hash in them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from django.templatetags.static import static

FOLDER = Path(__file__).parent / "static" / "liuliang"


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
    return static("liuliang/" + _names(manifest, built)[name])


@lru_cache(maxsize=2)
def _names(manifest: Path, built: int) -> dict[str, str]:
    """Read the manifest; ``built`` makes the cache forget an earlier build."""
    del built
    names: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))
    return names
