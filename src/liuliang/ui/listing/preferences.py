"""How a person likes a list: columns, density, page size. Kept in a cookie that is sent to this list's page alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from django.http import HttpRequest, HttpResponseBase, QueryDict

SIZES = (25, 50, 100, 200)
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Preferences:
    """What was chosen; ``columns`` None is the list's own choice."""

    columns: tuple[str, ...] | None = None
    density: Literal["dense", "roomy"] = "dense"
    size: int = 50


def read(request: HttpRequest, key: str) -> Preferences:
    """Return what the person chose earlier; a cookie that makes no sense is as none."""
    try:
        kept = json.loads(unquote(request.COOKIES.get(_name(key), "{}")))
        columns = kept.get("columns")
        return _checked(columns if isinstance(columns, list) else None, kept.get("density"), kept.get("size"))
    except (ValueError, AttributeError, TypeError):
        return Preferences()


def read_choice(parameters: QueryDict) -> Preferences | None:
    """Return what the form of the list's menu says, or None when this is no answer of it."""
    if "prefer" not in parameters:
        return None
    size = parameters.get("size", "")
    return _checked(
        parameters.getlist("column") or None, parameters.get("density"), int(size) if size.isdecimal() else None
    )


def keep(response: HttpResponseBase, request: HttpRequest, key: str, preferences: Preferences) -> None:
    """Remember the choice on this browser."""
    text = json.dumps({"columns": preferences.columns, "density": preferences.density, "size": preferences.size})
    response.set_cookie(
        _name(key),
        quote(text),
        max_age=_YEAR,
        path=request.path,
        samesite="Lax",
        secure=request.is_secure(),
        httponly=True,
    )


def _name(key: str) -> str:
    return f"list-{key}"


def _checked(columns: list[object] | list[str] | None, density: object, size: object) -> Preferences:
    return Preferences(
        columns=tuple(str(column) for column in columns[:100]) if columns else None,
        density="roomy" if density == "roomy" else "dense",
        size=size if isinstance(size, int) and size in SIZES else 50,
    )
