"""What changed beyond the usual, and what needs a person: found by comparing every community with its own past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import scipy  # its parts load when they are first named
from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.definitions import Definition
from liuliang.analytics.noise import Comparison
from liuliang.analytics.overview import CommunityFigures
from liuliang.analytics.periods import Period
from liuliang.analytics.remembering import remembered_within
from liuliang.analytics.scopes import Scope, between, days_of
from liuliang.lake.queries import query
from liuliang.lake.tables import MEMBER_DAY

QUIET_DAYS = 3
"""Whole days without a word after which a community that used to talk is worth a look."""

SURPRISING = 0.05
"""A silence is only shown when this community would fall silent for as long with at most this probability."""

BEYOND_USUAL = Definition(
    "beyond_usual",
    _("超出平常的变化"),
    _(
        "每个群的每日消息数与它自己的上一期相比，去掉星期规律和日常波动。社群多时总有一些靠偶然超出区间，所以按 Benjamini–Hochberg 控制："
        "列出来的里面，预计不超过 5% 是巧合。退群突增按两期退群人次的精确二项检验。"
    ),
)
QUIET = Definition(
    "quiet",
    _("没人说话的群"),
    _(
        "最近至少 3 个整天没有一条消息的群。按这个群上一期有消息的天数估计，平常不大会（概率不超过 5%）安静这么久的才列出；"
        "这一期和上一期都没有消息的群单独计数。"
    ),
)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A community that fell silent: whole days without a message up to the period's end, and its messages before."""

    community: int
    days: int
    usual_per_day: float


@dataclass(frozen=True, slots=True)
class Shift:
    """A community whose daily messages changed beyond its usual differences."""

    community: int
    comparison: Comparison
    by_day: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Leaving:
    """A community that many more left than in the period before."""

    community: int
    left: int
    left_before: int


@dataclass(frozen=True, slots=True)
class Attention:
    """What was found. ``dormant`` are communities without a message in both periods that still have members."""

    quiet: tuple[Quiet, ...]
    fallen: tuple[Shift, ...]
    risen: tuple[Shift, ...]
    leaving: tuple[Leaving, ...]
    dormant: tuple[int, ...]


@remembered_within(MEMBER_DAY, days_of)
def messages_by_day(scope: Scope, period: Period) -> Mapping[int, tuple[int, ...]]:
    """Return each talking community's messages for every day of ``period``."""
    among, values = scope.condition()
    within, days = between(period)
    rows = query(
        "SELECT community, groupArray(place), groupArray(messages) FROM ("
        " SELECT community, dateDiff('day', {first:Date}, day) AS place, sum(count) AS messages FROM {member_day}"
        f" WHERE kind = 'message.sent' AND {among} AND {within} GROUP BY community, day) GROUP BY community",
        {**values, **days},
    ).rows
    length = len(period)
    found: dict[int, tuple[int, ...]] = {}
    for community, places, counts in rows:
        by_day = [0] * length
        for place, count in zip(places, counts, strict=True):
            by_day[int(place)] = int(count)
        found[int(community)] = tuple(by_day)
    return found


def attention(
    by_day: Mapping[int, tuple[int, ...]], figures: Sequence[CommunityFigures], period: Period, *, is_comparable: bool
) -> Attention:
    """Find what is worth a look.

    Args:
        by_day: messages by day over the period and the one before (`messages_by_day`).
        figures: the communities to look at.
        period: the days in question.
        is_comparable: whether the log covers the whole period before; if not, nothing is called a change.
    """
    length = len(period)
    quiet: list[Quiet] = []
    dormant: list[int] = []
    shifts: list[Shift] = []
    for each in figures:
        days = by_day.get(each.community)
        if days is None:
            if each.members > 0 and is_comparable:
                dormant.append(each.community)
            continue
        found = silence_of(each.community, days)
        if found is not None:
            quiet.append(found)
        elif is_comparable:
            comparison = noise.compare_counts(days[length:], days[:length])
            shifts.append(Shift(each.community, comparison, days[length:]))
    believed = noise.discoveries([shift.comparison.surprise for shift in shifts])
    beyond = [shift for shift, is_real in zip(shifts, believed, strict=True) if is_real]
    return Attention(
        quiet=tuple(sorted(quiet, key=lambda each: (-each.usual_per_day, each.community))),
        fallen=_largest([shift for shift in beyond if shift.comparison.difference < 0]),
        risen=_largest([shift for shift in beyond if shift.comparison.difference > 0]),
        leaving=_leaving(figures) if is_comparable else (),
        dormant=tuple(dormant),
    )


def silence_of(community: int, days: Sequence[int]) -> Quiet | None:
    """Return the silence at the end of ``days``, if it is long and unlike this community.

    The share of days with messages before the silence, with one day of either kind added, is taken as the chance that
    a day has any; the silence is surprising when so many days in a row without any are improbable.
    """
    silent = 0
    while silent < len(days) and days[-1 - silent] == 0:
        silent += 1
    before = days[: len(days) - silent]
    if silent < QUIET_DAYS or not before:
        return None
    lively = (sum(count > 0 for count in before) + 1) / (len(before) + 2)
    if (1 - lively) ** silent > SURPRISING:
        return None
    return Quiet(community, silent, sum(before) / len(before))


def binomial_tail(successes: int, trials: int) -> float:
    """Return the probability of at least ``successes`` heads in ``trials`` throws of a fair coin."""
    return float(scipy.special.bdtrc(successes - 1, trials, 0.5)) if successes > 0 else 1.0


def _largest(shifts: list[Shift]) -> tuple[Shift, ...]:
    return tuple(sorted(shifts, key=lambda shift: (-abs(shift.comparison.difference), shift.community)))


def _leaving(figures: Sequence[CommunityFigures]) -> tuple[Leaving, ...]:
    """Return the communities that more people left than before, beyond chance: of all leavers, each a fair coin's throw."""
    candidates = [each for each in figures if each.flows.now.left > each.flows.before.left]
    surprises = [
        binomial_tail(each.flows.now.left, each.flows.now.left + each.flows.before.left) for each in candidates
    ]
    # Those that fewer left were looked at too: they count among the many, as no surprise.
    believed = noise.discoveries(surprises + [1.0] * (len(figures) - len(candidates)))
    found = [
        Leaving(each.community, each.flows.now.left, each.flows.before.left)
        for each, is_real in zip(candidates, believed, strict=False)
        if is_real
    ]
    return tuple(sorted(found, key=lambda each: (each.left_before - each.left, each.community)))
