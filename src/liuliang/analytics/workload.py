"""What running groups takes (messages and questions a day) and how well it is done: by group, and by who is in charge.

One statement counts the questions of every group and of every person, however many there are; the messages come from the
days that are counted anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.answering import waits
from liuliang.analytics.attention import messages_by_day
from liuliang.analytics.base import Asked
from liuliang.analytics.definitions import Definition
from liuliang.analytics.noise import Comparison
from liuliang.analytics.periods import ONE_DAY, Period, latest
from liuliang.analytics.remembering import remembered_within
from liuliang.analytics.scopes import Scope
from liuliang.analytics.signals import WINDOW
from liuliang.analytics.traffic import Coverage
from liuliang.lake.queries import query
from liuliang.lake.tables import EVENT

FEWEST_QUESTIONS = 10
"""Questions from which on the share of one person, or their median, is held against that of others."""

FEWEST_PEOPLE = 2
"""People on either side from which on they are compared at all: one tells nothing of how much others differ."""

WORKLOAD = Definition(
    "workload",
    _("人手"),
    _(
        "最近 28 个整天，到前天为止：昨天的提问还没等满一天。消息和提问按天平均，记录不满 28 天的按有记录的天数。"
        "提问、没人答、响应时间和“问题多久有人回应”是同一个算法；一个人的响应时间，是其负责的群里所有答了的提问的中位数，不是各群的平均。"
    ),
)


@dataclass(frozen=True, slots=True)
class Asking:
    """How questions fared: how many, how many nobody answered within a day, and the median seconds the others waited."""

    questions: int = 0
    unanswered: int = 0
    median: float | None = None

    @property
    def share(self) -> float | None:
        """Return the share that nobody answered; None of no questions."""
        return self.unanswered / self.questions if self.questions else None


@dataclass(frozen=True, slots=True)
class Workload:
    """What was said and asked on ``days`` days, by group and by who is in charge; those without any are left out."""

    period: Period
    days: int
    messages: Mapping[int, int]
    by_group: Mapping[int, Asking]
    by_person: Mapping[int, Asking]


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of one person: whether they carry more than they can run, and how questions fared with them."""

    is_over: bool
    asking: Asking


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether people over what they can run do worse: of ``over`` and ``within`` of them enough is known.

    ``comparison`` has those over as now and the others as before; None where too few are on either side.
    """

    what: Literal["share", "median"]
    over: int
    within: int
    comparison: Comparison | None

    @property
    def is_told(self) -> bool:
        """Tell whether there is a difference beyond chance."""
        return self.comparison is not None and self.comparison.is_believed


def workload(scope: Scope, known: Coverage, charged: Mapping[int, Iterable[int]], *, today: date) -> Workload:
    """Return what the groups of a scope take.

    Args:
        scope: the groups.
        known: the days of which the log knows anything.
        charged: who is in charge of each group.
        today: the present local day.
    """
    last = latest(WINDOW, today=today, first_known=known.first, last_known=known.last).last - ONE_DAY
    period = Period(last - timedelta(days=WINDOW - 1), last)
    days = max(1, (last - max(period.first, known.first)).days + 1)
    messages = {group: sum(counts) for group, counts in messages_by_day(scope, period).items()}
    told = tuple((group, tuple(sorted(charged.get(group, ())))) for group in scope.communities)
    found = _asking(scope, period, told)
    by_group = {-key: asking for key, asking in found.items() if key < 0}
    by_person = {key: asking for key, asking in found.items() if key > 0}
    return Workload(period, days, messages, by_group, by_person)


def verdicts(people: Sequence[Side]) -> Sequence[Verdict]:
    """Tell whether people over what they can run leave more unanswered, and whether they answer later.

    A person is one observation, whatever they carry: the questions of one are alike, and would make chance look small.
    """
    shares = [(each.is_over, each.asking.share) for each in people if each.asking.questions >= FEWEST_QUESTIONS]
    answered = [each for each in people if each.asking.questions - each.asking.unanswered >= FEWEST_QUESTIONS]
    medians = [(each.is_over, each.asking.median) for each in answered]
    return (_verdict("share", shares), _verdict("median", medians))


def _verdict(what: Literal["share", "median"], told: Iterable[tuple[bool, float | None]]) -> Verdict:
    sides: dict[bool, list[float]] = {True: [], False: []}
    for is_over, value in told:
        if value is not None:
            sides[is_over].append(value)
    over, within = _estimate(sides[True]), _estimate(sides[False])
    comparison = noise.compare_estimates(over, within) if over is not None and within is not None else None
    return Verdict(what, len(sides[True]), len(sides[False]), comparison)


def _estimate(values: Sequence[float]) -> tuple[float, float, float] | None:
    """Return the mean of several people with its interval; None where nothing is known of how much people differ."""
    if len(values) < FEWEST_PEOPLE:
        return None
    interval = noise.mean_interval(sum(values), sum(value * value for value in values), len(values))
    return (sum(values) / len(values), *interval) if interval is not None else None


def _instants(scope: Scope, period: Period, *_rest: object) -> tuple[datetime, datetime]:
    """Return when the events happened that questions of a period and their answers are."""
    return scope.instants(Period(period.first, period.last + ONE_DAY))


@remembered_within(EVENT, _instants)
def _asking(scope: Scope, period: Period, charged: tuple[tuple[int, tuple[int, ...]], ...]) -> Mapping[int, Asking]:
    """Return how questions fared, of each person by their id and of each group by its own with a minus before it."""
    if not charged:
        return {}
    until = _instants(scope, period)[1]
    relation, values = waits(Asked(scope, period, until, scope.timezone("UTC")))
    # Groups have one of few sets of people in charge: a group points to its set, and a question counts for each in it.
    crews = sorted({crew for _group, crew in charged})
    places = {crew: place for place, crew in enumerate(crews, start=1)}
    rows = query(
        "SELECT whose, asked, missed, if(empty(sorted), NULL, sorted[intDiv(length(sorted) + 1, 2)] / 1000) FROM ("
        "SELECT whose, toInt64(count()) AS asked, toInt64(countIf(wait < 0)) AS missed,"
        " arraySort(groupArrayIf(wait, wait >= 0)) AS sorted FROM (SELECT wait, arrayJoin(arrayPushBack({crews:Array(Array(Int64))}"
        "[transform(community, {grouped:Array(UInt32)}, {crewed:Array(UInt32)}, toUInt32(1))], -toInt64(community))) AS whose"
        f" FROM ({relation})) GROUP BY whose)",
        {
            **values,
            "crews": [list(crew) for crew in crews],
            "grouped": [group for group, _crew in charged],
            "crewed": [places[crew] for _group, crew in charged],
        },
    ).rows
    return {int(whose): Asking(int(asked), int(missed), median) for whose, asked, missed, median in rows}
