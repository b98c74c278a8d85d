"""What the console knows of a kind of card: how it is drawn, asked for in a form, and taken from a page of analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise

from liuliang.console.analysis.ground import Ground
from liuliang.console.dashboards.drawn import Drawn
from liuliang.console.periods import USUAL
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import Question
from liuliang.kernel.registry import Registry
from liuliang.people.access import Access

Fields = dict[str, forms.Field]


@dataclass(frozen=True, slots=True)
class Standing:
    """A question on its ground. ``query`` asks a page of analysis the same; ``place`` and ``part`` say of what it speaks."""

    card: Card
    question: Question
    ground: Ground
    query: str
    place: str
    part: str


def _no_fields(access: Access, card: Card | None) -> Fields:
    del access, card
    return {}


def _nothing(question: Any) -> tuple[str, ...]:
    del question
    return ()


def _as_it_is(question: dict[str, Any]) -> dict[str, Any]:
    return question


@dataclass(frozen=True, slots=True)
class Face:
    """A kind of card (``key`` is that of `liuliang.dashboards.questions.KINDS`) as people meet it.

    One file in `liuliang.console.dashboards.kinds` that ends with ``FACE = Face(…)``. ``draw`` may raise `Refused`, which is
    then told instead of a figure.
    """

    key: str
    draw: Callable[[Standing, Any], Drawn]
    needs: Callable[[Any], tuple[str, ...]] = _nothing
    """What one must be allowed to see besides figures."""
    fields: Callable[[Access, Card | None], Fields] = _no_fields
    """What its form asks, by the names of the question; ``card`` is the one that is changed."""
    settled: Callable[[dict[str, Any]], dict[str, Any]] = _as_it_is
    """Makes the question of what its form was told."""
    hint: str | Promise = ""
    has_places: bool = True
    """Whether it can speak of some communities only."""
    has_days: bool = False
    """Whether it speaks of a period."""
    usual_days: int = USUAL
    """The days that its page shows where none are chosen."""
    page: str = ""
    """The name of the page of analysis that asks the same, from which it can be put on a dashboard."""
    read: Callable[[Access, Mapping[str, str], QueryDict], dict[str, Any]] | None = None
    """Reads the question of that page's address: for whom, its parts, and its parameters."""
    put_width: int | None = None


@cache
def faces() -> Registry[Face]:
    """Return every kind: the files of the folder ``kinds``."""
    return Registry.discover("liuliang.console.dashboards.kinds", attribute="FACE")
