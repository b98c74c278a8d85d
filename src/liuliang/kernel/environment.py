"""Configuration from the environment: `LIULIANG_…` variables, and `…_FILE` for what is secret."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def variable(name: str, default: str = "") -> str:
    """Return ``name`` from the environment, or the content of the file that ``name_FILE`` names, or ``default``."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(name, default)


def flag(name: str, *, default: bool = False) -> bool:
    """Return whether ``name`` is set to 1, true, yes or on."""
    return variable(name, "1" if default else "").lower() in {"1", "true", "yes", "on"}


def home() -> Path:
    """Return the folder that holds this installation's data, made if missing: `LIULIANG_HOME`, else ``./var``."""
    folder = Path(os.environ.get("LIULIANG_HOME") or "var").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kept_secret(name: str) -> str:
    """Return a secret of this installation, made on first use and kept in the data folder, readable by its owner only."""
    path = home() / "secrets" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            # A link is atomic and never replaces: of two processes that start at once, both read the winner's secret.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="utf-8")
