"""The people behind a number: a filter of the member list that asks the same question again.

An address ``/members/?behind=retention?unit=week&start=…`` holds the question and nothing of its answer. Whoever opens it
is asked for their own permissions, and gets who of the people counted are in communities where they may see both figures
and members; the list's own scope holds as well. Everything the list can do (sort, export, tag) is thus done to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, IntegerField, QuerySet, Value
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.console.analysis.ground import Ground, ground_of
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.ui.listing import Filter
from liuliang.ui.listing.filters import Chip

TITLE = _("数字背后的人")

LONGEST = 4_000
"""Characters of a question at the most."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How a kind of number finds its people.

    ``words`` says who they are without naming what may not be seen, ``needed`` which permissions the question takes besides, ``members`` who they are.
    """

    words: Callable[[Access, QueryDict], str]
    needed: Callable[[QueryDict], tuple[str, ...]]
    members: Callable[[Ground, QueryDict], tuple[int, ...]]


_crowds: dict[str, Crowd] = {}


def declare(key: str, crowd: Crowd) -> None:
    """Declare how the people behind the numbers of a page are found."""
    _crowds[key] = crowd


def behind_url(key: str, query: str, **more: str | int) -> str:
    """Return the address of the people behind a number of page ``key``, whose own query is ``query``."""
    asked = "&".join(filter(None, (query, urlencode(more))))
    return f"{reverse('console:members')}?{urlencode({'behind': f'{key}?{asked}'})}"


@dataclass(frozen=True, slots=True)
class Told:
    """A question as the address tells it."""

    text: str
    crowd: Crowd
    parameters: QueryDict


@dataclass(frozen=True)
class Behind(Filter):
    """The filter. It is never filled in by hand: links lead to it, and its chip takes it away."""

    template: ClassVar[str] = "console/analysis/behind.html"

    key: str = "behind"
    title: str | Promise = TITLE
    is_primary: bool = True
    request: HttpRequest | None = None

    def for_request(self, request: HttpRequest) -> Filter:
        """Remember who asks."""
        return type(self)(request=request)

    def read(self, parameters: QueryDict) -> Told | None:
        """Return the question."""
        return _read(parameters.get(self.key, ""))

    def chips(self, value: Told) -> list[Chip]:
        """Say who they are."""
        try:
            words = value.crowd.words(self.request.access, value.parameters)  # type: ignore[union-attr]
        except (Refused, ValueError):
            words = _now("这个问题已经读不懂了")
        return [Chip(words, [(self.key, "")])]

    def default_narrow(self, queryset: QuerySet[Any], value: Told) -> QuerySet[Any]:
        """Keep the people behind the number."""
        access: Access = self.request.access  # type: ignore[union-attr]
        try:
            needed = value.crowd.needed(value.parameters)
            ground = ground_of(access, value.parameters, MEMBERS_VIEW, *needed)
            ids = value.crowd.members(ground, value.parameters)
        except ValueError:
            ids = ()
        # One array, however many: a list of parameters would end at 65,535.
        among = Func(
            F("pk"), Value(list(ids), ArrayField(IntegerField())),
            template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField(),
        )  # fmt: skip
        return queryset.filter(among)


def _read(text: str) -> Told | None:
    key, _mark, query = text.replace("\0", "")[:LONGEST].partition("?")
    return Told(text, _crowds.get(key, _NOBODY), QueryDict(query)) if text else None


def _unreadable(_access: Access, _parameters: QueryDict) -> str:
    raise ValueError("no page asks that")


_NOBODY = Crowd(_unreadable, lambda _parameters: (), lambda _ground, _parameters: ())
"""Whom a question means that no page asks (any more). Left out of what is asked, it would mean everybody."""
