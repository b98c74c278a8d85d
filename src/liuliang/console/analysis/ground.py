"""What a page of analysis speaks of: which communities, which days, up to when; read from the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_VIEW, MEMBERS_VIEW
from liuliang.analytics.base import Asked, Step
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.presence import robots
from liuliang.analytics.scopes import Population, Scope
from liuliang.analytics.traffic import coverage
from liuliang.console.periods import STALE, PeriodChoice, chosen
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Community, Grant
from liuliang.segments.models import Segment
from liuliang.segments.queries import members_of, visible

_OF_PERIOD = ("days", "from", "to")
_INDENT = "\u3000"

MOST_SEGMENTS = 200
"""Segments offered in a form."""

ELSEWHERE = "analysis.elsewhere"
"""The code of a refusal: no community is left of those that were chosen."""


@dataclass(frozen=True, slots=True)
class Place:
    """A community that may be chosen; ``depth`` is how far it stands below others that may be."""

    id: int
    public_id: str
    name: str
    type: str
    is_chosen: bool
    depth: int

    @property
    def indented(self) -> str:
        """Return the name, moved in by the depth."""
        return f"{_INDENT * self.depth}{self.name}"


@dataclass(frozen=True, slots=True)
class InCharge:
    """A colleague who was given a role in some communities by name, and thereby in what lies below them."""

    id: int
    name: str
    communities: frozenset[int | None]
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """The communities, the people and the period of the address, within what the person may see.

    ``segments`` are (public id, name, whether chosen) of those that may be chosen; a chosen one narrows ``scope``, and so does the
    one ``in_charge`` who is chosen.
    """

    scope: Scope
    choice: PeriodChoice
    timezone: str
    until: datetime
    types: tuple[tuple[int, str], ...]
    places: tuple[Place, ...]
    names: Mapping[int, str]
    access: Access
    segments: tuple[tuple[str, str, bool], ...] = ()
    in_charge: tuple[InCharge, ...] = ()

    @property
    def chosen(self) -> Sequence[Place]:
        """Return what was chosen; nothing means everything one may see."""
        return [place for place in self.places if place.is_chosen]

    @property
    def charged(self) -> InCharge | None:
        """Return the colleague whose communities alone are meant."""
        return next((each for each in self.in_charge if each.is_chosen), None)

    @property
    def place_words(self) -> str:
        """Return what communities these are."""
        if self.charged is not None:
            place = f"{self.chosen[0].name} · " if len(self.chosen) == 1 else ""
            return place + _("{name} 负责的社群").format(name=self.charged.name)
        if not self.chosen:
            return _("全部社群")
        return self.chosen[0].name if len(self.chosen) == 1 else _("{n} 个社群").format(n=len(self.chosen))

    def asked(self, *, step: Step = "whole", split: str = "", period: Period | None = None) -> Asked:
        """Return the question about this ground."""
        return Asked(self.scope, period or self.choice.period, self.until, self.timezone, step, split, self.types)


def ground_of(access: Access, parameters: QueryDict, *needed: str, path: str = "") -> Ground:
    """Return what ``parameters`` ask about, where seeing figures and all of ``needed`` is allowed.

    ``path`` is the page on which the period is chosen. Groups are what is counted; a chosen branch is all groups below it. Of
    several chosen communities those count that one may see.

    Raises:
        Refused: `ELSEWHERE` or ``analysis.segment``: what was chosen is gone, or not theirs. To leave the choice out would show
            wider figures under its name.
    """
    reach = access.community_ids(ANALYTICS_VIEW, *needed)
    rows = Community.objects.all() if reach is None else Community.objects.filter(id__in=reach)
    known = list(rows.order_by("name").values_list("id", "public_id", "name", "type", "path", "timezone", "is_group"))
    wanted = {each for each in parameters.getlist("community") if each}
    roots = {each[0] for each in known if each[1] in wanted}
    in_charge = _in_charge({step for each in known for step in each[4]}, parameters.get("charge", ""))
    charged = next((each.communities for each in in_charge if each.is_chosen), None)
    if (wanted and not roots) or (parameters.get("charge") and charged is None):
        raise Refused(ELSEWHERE)
    groups = [
        each
        for each in known
        if each[6] and (not roots or roots & {*each[4]}) and (charged is None or charged & {*each[4]})
    ]
    is_everything = reach is None and not roots and charged is None
    scope = Scope.of([(each[0], each[5]) for each in groups], is_everything=is_everything, robots=robots())
    segments = _segments(access, parameters.get("segment", ""))
    chosen_segment = next((segment for segment, is_chosen in segments if is_chosen), None)
    if parameters.get("segment") and chosen_segment is None:
        raise Refused("analysis.segment")
    if chosen_segment is not None:
        scope = scope.among(Population.of(members_of(chosen_segment)))
    timezone = scope.timezone(settings.TIME_ZONE)
    now = clock.now()
    spans = coverage(scope.among(None)) if groups else None
    choice = chosen(parameters, path, spans, clock.local_day(now, timezone))
    choice = replace(choice, carried=tuple(_carried(parameters)))
    return Ground(
        scope=scope,
        choice=choice,
        timezone=timezone,
        until=_until(choice, now, timezone),
        types=tuple((each[0], each[3]) for each in groups),
        places=_places(known, roots),
        names={each[0]: each[2] for each in known},
        access=access,
        segments=tuple((segment.public_id, segment.name, is_chosen) for segment, is_chosen in segments),
        in_charge=in_charge,
    )


def recorded_until(ground: Ground) -> datetime:
    """Return up to when anything is recorded: this hour, or the end of the last day of exports that ended days ago.

    Unlike `Ground.until` it is of all communities: that one of them fell silent is no end of what is known of it.
    """
    now, recorded = clock.now(), coverage(Scope.of((), is_everything=True))
    if recorded is not None and recorded.last < ground.choice.today - STALE:
        return Period(recorded.last, recorded.last).instants(ground.timezone)[1]
    return now.replace(minute=0, second=0, microsecond=0)


def ground_where(access: Access, parameters: QueryDict, *needed: str) -> Ground | None:
    """Return the ground as `ground_of` does; None where ``needed`` is allowed nowhere in what was chosen."""
    try:
        return ground_of(access, parameters, *needed)
    except Refused as refusal:
        if refusal.code != ELSEWHERE:
            raise
        return None


def _in_charge(communities: set[int], wanted: str) -> tuple[InCharge, ...]:
    """Return the colleagues who have a role in any of these communities."""
    found: dict[tuple[str, int], set[int | None]] = {}
    grants = Grant.objects.filter(community__in=communities, staff__is_active=True)
    for name, key, community in grants.values_list("staff__name", "staff_id", "community_id"):
        found.setdefault((name, key), set()).add(community)
    return tuple(InCharge(key, name, frozenset(ids), str(key) == wanted) for (name, key), ids in sorted(found.items()))


def _segments(access: Access, wanted: str) -> list[tuple[Segment, bool]]:
    """Return the segments that somebody may see, without their sets but for the chosen one's."""
    if not access.may(MEMBERS_VIEW):
        return []
    seen = visible(access, MEMBERS_VIEW).defer("members", "rule")
    offered = list(seen.order_by("name", "id")[:MOST_SEGMENTS])
    if wanted and wanted not in {segment.public_id for segment in offered}:
        offered += seen.filter(public_id=wanted)
    return [(segment, segment.public_id == wanted) for segment in offered]


def _carried(parameters: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name, values in parameters.lists() if name not in _OF_PERIOD for value in values if value]


def _until(choice: PeriodChoice, now: datetime, timezone: str) -> datetime:
    """Return how far the log knows: this hour, so that answers can be remembered, or the end of an old export."""
    if choice.known is None or choice.known.last >= choice.today - ONE_DAY:
        return now.replace(minute=0, second=0, microsecond=0)
    return Period(choice.known.last, choice.known.last).instants(timezone)[1]


def _places(known: Sequence[tuple[int, str, str, str, list[int], str, bool]], roots: set[int]) -> tuple[Place, ...]:
    names = {each[0]: each[2] for each in known}
    ordered = sorted(known, key=lambda each: [(names.get(step, ""), step) for step in each[4]])
    return tuple(
        Place(each[0], each[1], each[2], each[3], each[0] in roots, len(names.keys() & set(each[4])) - 1)
        for each in ordered
    )


def query_of(parameters: QueryDict, **changed: str | Sequence[str] | None) -> str:
    """Return the address's query with some parameters changed; None takes one out, empty ones go."""
    pairs = [(name, value) for name, values in parameters.lists() if name not in changed for value in values if value]
    for name, value in changed.items():
        if value is not None:
            pairs += [(name, each) for each in ([value] if isinstance(value, str) else value)]
    return urlencode(pairs)


def may_see_members(access: Access) -> bool:
    """Tell whether the people behind figures may be seen anywhere at all."""
    return access.may(MEMBERS_VIEW)
