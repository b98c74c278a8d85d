"""The filter of the member list by tags, which remembers tags that are gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from liuliang.kernel import clock
from liuliang.people import queries
from liuliang.ui.listing.filters import Chip, MultiChoice


@dataclass(frozen=True)
class Tagged(MultiChoice):
    """Members with any of several tags.

    A tag in the address that was deleted is nobody's. Were it left out of the question, an old link or a saved view would
    show everybody, to be tagged or exported.
    """

    def read(self, parameters: QueryDict) -> tuple[str, ...] | None:
        """Return what is asked for, deleted tags too."""
        return tuple(filter(None, dict.fromkeys(parameters.getlist(self.key)))) or None

    def chips(self, value: tuple[str, ...]) -> list[Chip]:
        """Say each tag by itself, and which are gone."""
        known = self.known
        return [Chip(f"{self.title}: {known.get(one, _('已删除的标签'))}", [(self.key, one)]) for one in value]

    def default_narrow(self, queryset: QuerySet[Any], value: tuple[str, ...]) -> QuerySet[Any]:
        """Keep members with one of the tags that there are."""
        known = [int(each) for each in value if each in self.known]
        return queryset.filter(queries.tagged(known, clock.now())) if known else queryset.none()
