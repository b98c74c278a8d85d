from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.analytics.comebacks import FEW, RARE, SILENCES, WITHIN, Comeback, comebacks, lost_after
from liuliang.kernel.models import LoggedEvent
from liuliang.segments.features import HEARD

LAST = date(2026, 3, 9)


def test_a_silence_counts_by_its_latest_outcome_that_is_known(told, at):
    here = told.community()
    back, gone, late, robot = (
        told.member("回来的"),
        told.member("没回来的"),
        told.member("还看不出的"),
        told.member(is_bot=True),
    )
    for day in (date(2026, 1, 1), date(2026, 1, 11), date(2026, 1, 31)):
        # Ten days, then twenty: both are more than seven, and the later counts.
        told.says(back, here, at(day.year, day.month, day.day, 9))
    told.says(gone, here, at(2026, 1, 1, 9))
    told.says(late, here, at(2026, 2, 20, 9))
    told.says(robot, here, at(2026, 1, 1, 9))
    told.settle()

    found = comebacks((7, 15, 60), LAST, (robot.id,))

    # The last word of the first was on January 31; seven days and thirty more end on March 9, and nothing came.
    assert found == (Comeback(7, 2, 0), Comeback(15, 2, 1), Comeback(60, 0, 0))


def test_what_the_lake_says_is_what_the_log_says(simulated):
    told: defaultdict[int, set[date]] = defaultdict(set)
    zones = {each.id: ZoneInfo(each.timezone) for each in simulated.communities.values()}
    for event in LoggedEvent.objects.filter(kind__in=HEARD, member__isnull=False):
        zone = zones.get(event.community, ZoneInfo("Asia/Shanghai"))
        told[event.member].add(event.occurred_at.astimezone(zone).date())
    last = simulated.world.starting + timedelta(days=simulated.world.days - 1)
    wanted = []
    for silent in (7, 14, 21, 30):
        outcomes = {}
        for member, days in told.items():
            ordered = sorted(days)
            for day, following in zip(ordered, [*ordered[1:], None], strict=True):
                is_silent = following is None or (following - day).days > silent
                if is_silent and day + timedelta(days=silent + WITHIN) <= last:
                    outcomes[member] = following is not None and (following - day).days <= silent + WITHIN
        wanted.append(Comeback(silent, len(outcomes), sum(outcomes.values())))

    assert comebacks((7, 14, 21, 30), last, ()) == tuple(wanted)
    assert wanted[0].people > FEW


@pytest.mark.parametrize(
    ("shares", "now", "proposed"),
    [
        # Too many come back from thirty days, few enough from sixty.
        ({14: 0.5, 30: 0.3, 60: 0.05, 90: 0.02}, 30, 60),
        # Nobody comes back after a fortnight: there is no need to wait longer.
        ({14: 0.01, 30: 0.01, 60: 0.0}, 30, 14),
        # Hardly anybody comes back after thirty days, many after a fortnight.
        ({14: 0.4, 30: 0.06, 60: 0.05}, 30, None),
        # Many come back whatever the silence.
        ({14: 0.6, 30: 0.5, 60: 0.4}, 30, None),
    ],
)
def test_a_change_is_proposed_where_the_evidence_is_clear(shares, now, proposed):
    steps = [Comeback(silent, 1_000, round(1_000 * share)) for silent, share in shares.items()]

    verdict = lost_after(steps, now)

    assert (verdict.there.silent if verdict.there else None) == proposed
    assert verdict.now.silent == now


@given(st.lists(st.integers(0, FEW - 1), min_size=len(SILENCES), max_size=len(SILENCES)), st.sampled_from(SILENCES))
def test_few_people_propose_nothing(people, now):
    steps = [Comeback(silent, count, count) for silent, count in zip(SILENCES, people, strict=True)]

    assert lost_after(steps, now).there is None


@given(
    st.lists(st.tuples(st.integers(FEW, 5_000), st.floats(0, 1)), min_size=len(SILENCES), max_size=len(SILENCES)),
    st.sampled_from(SILENCES),
)
def test_whatever_is_proposed_comes_back_rarely(counts, now):
    steps = [Comeback(silent, n, int(n * share)) for silent, (n, share) in zip(SILENCES, counts, strict=True)]

    there = lost_after(steps, now).there

    assert there is None or there.silent != now
    assert there is None or there.share < RARE
