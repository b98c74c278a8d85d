"""The matrix at a glance: every community's figures for a period beside the one before, and their totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce

from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.definitions import Definition
from liuliang.analytics.noise import Comparison
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import Presence, presence
from liuliang.analytics.scopes import Scope
from liuliang.analytics.traffic import Activity, Coverage, Flows, Talk, activity, flows
from liuliang.lake.queries import in_one_state

RATE = Definition(
    "rate",
    _("说话率"),
    _(
        "期内说过话的“人·群”÷ 期末群成员。一个人在两个群里说话算两次，这样各群与合计用的是同一把尺。说过话又退群的人也算说过，所以最多显示 100%。"
    ),
)

NOBODY = Presence()


@dataclass(frozen=True, slots=True)
class CommunityFigures:
    """One community in the period."""

    community: int
    members: int
    members_before: int
    talk: Talk
    flows: Flows
    last_spoke_at: datetime | None

    @property
    def rate(self) -> float | None:
        """Return the share of members that spoke; None without members."""
        return rate_of(self.talk.speakers, self.members)


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole scope in the period, each figure with how it compares (nothing where the period before is not known).

    ``spoke`` are members in a community who spoke, of whom ``rate`` is the share; never more than there are members.
    """

    members: int
    joined: int
    left: int
    kept: int
    kept_share: float | None
    speakers: int
    spoke: int
    rate: float | None
    messages: int
    members_by_day: tuple[int, ...]
    activity: Activity
    flows: Flows
    changes: Mapping[str, Comparison]

    @property
    def rate_by_day(self) -> tuple[float | None, ...]:
        """Return the share of members that spoke on each day; None for days without members."""
        return tuple(
            rate_of(day.speakers, members) for day, members in zip(self.activity.now, self.members_by_day, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Overview:
    """Every community that has figures, and the totals."""

    period: Period
    communities: tuple[CommunityFigures, ...]
    totals: Totals


def overview(scope: Scope, period: Period, *, today: date, known: Coverage | None) -> Overview:
    """Return the figures of all communities in ``scope``.

    Args:
        scope: the communities that may be seen.
        period: the days to speak of; compared with as many days before, if the log reaches back that far.
        today: the present local day, up to which flows lead from the period's end to the members of now.
        known: the span the log covers.
    """
    told, communities = _told(scope, period, today)
    is_comparable = known is not None and known.first <= period.previous.first
    return Overview(period, communities, _totals(communities, told, is_comparable=is_comparable))


def figures(scope: Scope, period: Period, *, today: date) -> tuple[CommunityFigures, ...]:
    """Return the figures of each community in ``scope``, in its order; the arguments are those of `overview`."""
    return _told(scope, period, today)[1]


def rate_of(speakers: int, members: int) -> float | None:
    """Return the share of members that spoke; None without members. People who spoke and left cannot push it over 1."""
    return min(1.0, speakers / members) if members > 0 else None


def _told(scope: Scope, period: Period, today: date) -> tuple[Activity, tuple[CommunityFigures, ...]]:
    with in_one_state():
        moving = flows.begin(scope, period, today)
        # The database answers beside the flows, and the longest of the three has both processors in the end.
        standing = presence(scope)
        told = activity(scope, period)
    moved = moving()
    spans = {community: period.instants(zone) for zone, ids in scope.zones for community in ids}
    return told, tuple(
        _figures(
            community,
            standing.get(community, NOBODY),
            told.talk.get(community, Talk()),
            moved.get(community, Flows()),
            spans[community],
        )
        for community in scope.communities
    )


def _figures(
    community: int, standing: Presence, said: Talk, moved: Flows, span: tuple[datetime, datetime]
) -> CommunityFigures:
    """Lead back from who is there now to who was there at the period's end and before it; each without whom came since."""
    longer, since = (standing.slipped_back_since(instant) for instant in span)
    members = max(0, standing.members - moved.since.grown - since)
    before = max(0, members - moved.now.grown - (longer - since))
    return CommunityFigures(community, members, before, said, moved, standing.last_spoke_at)


def _totals(communities: tuple[CommunityFigures, ...], told: Activity, *, is_comparable: bool) -> Totals:
    moved = reduce(lambda total, each: total + each.flows, communities, Flows())
    members = sum(each.members for each in communities)
    before = sum(each.members_before for each in communities)
    spoke = sum(each.talk.speakers for each in communities)
    spoke_before = sum(each.talk.speakers_before for each in communities)
    return Totals(
        members=members,
        joined=moved.now.joined,
        left=moved.now.left,
        kept=moved.now.kept,
        kept_share=moved.now.kept_share,
        speakers=told.speakers.now,
        spoke=min(spoke, members),
        rate=rate_of(spoke, members),
        messages=sum(day.messages for day in told.now),
        members_by_day=levels(members, [day.net for day in told.now]),
        activity=told,
        flows=moved,
        changes=_changes(told, moved, members, (spoke, spoke_before, before)) if is_comparable else {},
    )


def _changes(told: Activity, moved: Flows, members: int, speaking: tuple[int, int, int]) -> dict[str, Comparison]:
    spoke, spoke_before, members_before = speaking
    shares = {
        "kept": noise.compare_shares(moved.now.kept, moved.now.joined, moved.before.kept, moved.before.joined),
        "rate": noise.compare_shares(min(spoke, members), members, min(spoke_before, members_before), members_before),
    }
    found = {
        "members": noise.compare_level([day.net for day in told.now], [day.net for day in told.before], members),
        "joined": noise.compare_counts(
            [day.joined for day in told.now],
            [day.joined for day in told.before],
            totals=(moved.now.joined, moved.before.joined),
        ),
        "left": noise.compare_counts(
            [day.left for day in told.now],
            [day.left for day in told.before],
            totals=(moved.now.left, moved.before.left),
        ),
        "speakers": speakers_change(told),
        "messages": noise.compare_counts([day.messages for day in told.now], [day.messages for day in told.before]),
    }
    return found | {key: share for key, share in shares.items() if share is not None}


def speakers_change(told: Activity) -> Comparison:
    """Return how the number of people who spoke compares with the period before."""
    return noise.compare_people(
        told.speakers.now,
        told.speakers.before,
        told.speakers.either,
        days_now=[day.speakers for day in told.now],
        days_before=[day.speakers for day in told.before],
    )


def levels(last: int, net: list[int]) -> tuple[int, ...]:
    """Return the level at the end of each day, given the level at the end of the last one and each day's net flow."""
    found: list[int] = []
    level = last
    for change in reversed(net):
        found.append(max(0, level))
        level -= change
    return tuple(reversed(found))
