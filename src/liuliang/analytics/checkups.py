"""The health and the stage of every community of a scope, from a handful of questions however many there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from liuliang.analytics.health import READY_WEIGHTS, Health, Weights, health
from liuliang.analytics.levels import members_at
from liuliang.analytics.lifecycle import Proposal, propose
from liuliang.analytics.models import HealthWeights, StageChoice
from liuliang.analytics.periods import ONE_DAY
from liuliang.analytics.presence import Presence, presence
from liuliang.analytics.scopes import Scope
from liuliang.analytics.signals import WINDOW, Signals, ends, signals
from liuliang.commerce.models import Order
from liuliang.kernel.clock import local_day

CONVERSION = frozenset({"conversion"})
NOTHING = frozenset[str]()
NOBODY = Presence()


@dataclass(frozen=True, slots=True)
class Looked:
    """What a checkup goes by.

    ``last`` is the last day of the window, ``today`` the day up to which flows lead to the members of now. In the
    communities of ``buying`` orders may be seen; elsewhere conversion is left out.
    """

    scope: Scope
    last: date
    today: date
    buying: frozenset[int]


@dataclass(frozen=True, slots=True)
class Checkup:
    """How one community does: its health, the stage the data proposes, and the one that staff chose, if any."""

    community: int
    health: Health
    proposal: Proposal
    chosen: StageChoice | None
    last_spoke_at: datetime | None

    @property
    def stage(self) -> str:
        """Return the stage in force."""
        return self.chosen.stage if self.chosen is not None else self.proposal.stage


def weights() -> Weights:
    """Return how much each part of health weighs."""
    row = HealthWeights.objects.filter(id=1).first()
    held = row.weights if row is not None else {}
    return {key: int(held.get(key, ready)) for key, ready in READY_WEIGHTS.items()}


def checkups(looked: Looked) -> Mapping[int, Checkup]:
    """Return the checkup of every community of the scope, by its id; what the data proposes is as of the window's end."""
    told = _told(looked, looked.scope, 1)
    chosen = {row.community_id: row for row in StageChoice.objects.filter(community__in=looked.scope.communities)}
    found: dict[int, Checkup] = {}
    for zone, communities in looked.scope.zones:
        for community in communities:
            (health,), standing = told[community]
            began = local_day(standing.first_seen_at, zone) if standing.first_seen_at is not None else None
            has_spoken = _has_spoken(standing, zone, began, health.signals)
            proposal = propose(health.signals, health.members, began=began, has_spoken=has_spoken)
            choice = chosen.get(community)
            found[community] = Checkup(community, health, proposal, choice, standing.last_spoke_at)
    return found


def _has_spoken(standing: Presence, zone: str, began: date | None, seen: Signals) -> bool:
    """Tell whether anybody had said a word by the window's end.

    What was last said after it tells nothing; then the window does, or the age of a community that is older than it.
    """
    if standing.last_spoke_at is None or local_day(standing.last_spoke_at, zone) <= seen.end:
        return standing.last_spoke_at is not None
    return bool(seen.spoke or seen.spoke_before) or (began is not None and (seen.end - began).days >= 2 * WINDOW)


def trend(looked: Looked, communities: Collection[int], weeks: int) -> Mapping[int, Sequence[Health]]:
    """Return the health of some communities at the end of each of the last weeks, the oldest first."""
    told = _told(looked, looked.scope.only(communities), weeks)
    return {community: healths for community, (healths, _standing) in told.items()}


def _told(looked: Looked, scope: Scope, weeks: int) -> Mapping[int, tuple[Sequence[Health], Presence]]:
    # Where it is tomorrow already, people come and go too, and those who are there now are counted with them.
    upto = looked.today + ONE_DAY if len(scope.zones) > 1 else looked.today
    seen = signals(scope, looked.last, weeks)
    last_days = ends(looked.last, weeks)[::-1]
    standing = presence(scope)
    members = members_at(scope, last_days, upto)
    weighing = weights()
    has_orders = Order.objects.exists()
    found: dict[int, tuple[Sequence[Health], Presence]] = {}
    for community in scope.communities:
        without = NOTHING if has_orders and community in looked.buying else CONVERSION
        told = [seen.get((community, end), Signals(end)) for end in last_days]
        found[community] = (
            [health(each, max(0, members.get((community, each.end), 0)), weighing, without=without) for each in told],
            standing.get(community, NOBODY),
        )
    return found
