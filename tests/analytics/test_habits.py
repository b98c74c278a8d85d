"""What everybody did lately, held against a plain computation over the facts that were told."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from liuliang.analytics.forecasts.habits import DAYS, habits, known_at
from liuliang.analytics.forecasts.histories import Question, read
from liuliang.kernel.clock import local_day
from liuliang.people.events import MessageSent
from liuliang.simulator.simulation import simulate
from telling import tell_world

ENDING = date(2026, 3, 2)


@pytest.mark.parametrize("back", [0, 17])
def test_habits_are_those_of_a_plain_computation(told, back, monkeypatch):
    told_facts = []
    happened = told.happened

    def noted(payload, at, member, community):
        if isinstance(payload, MessageSent):
            told_facts.append((member.id, local_day(at, "Asia/Shanghai"), getattr(community, "id", community)))
        happened(payload, at, member, community)

    monkeypatch.setattr(told, "happened", noted)
    simulated = tell_world(told, simulate(ending=ENDING, days=100, people=150, communities=3))
    day = simulated.world.starting + timedelta(days=simulated.world.days - 1 - back)
    found = habits(simulated.scope, day, with_orders=False)
    assert "bought_84" not in found.names
    assert found.members.tolist() == sorted(set(found.members.tolist()))
    rows = found.of(np.array(sorted(member.id for member in simulated.members.values())))
    for place, member in enumerate(sorted(member.id for member in simulated.members.values())):
        lately = [
            ((day - when).days, where)
            for who, when, where in told_facts
            if who == member and 0 <= (day - when).days < DAYS
        ]
        ages = [ago for ago, _where in lately]
        wanted = {
            "spoke_ago": min(ages, default=DAYS),
            "spoke_7": len({ago for ago in ages if ago < 7}),
            "spoke_14": len({ago for ago in ages if ago < 14}),
            "spoke_28": len({ago for ago in ages if ago < 28}),
            "spoke_84": len(set(ages)),
            "spoke_weeks": len({ago // 7 for ago in ages}),
            "messages_28": sum(ago < 28 for ago in ages),
            "messages_84": len(ages),
            "groups_84": len({where for _ago, where in lately}),
        }
        row = dict(zip(found.names, rows[place].tolist(), strict=True))
        assert {name: row[name] for name in wanted} == wanted
    assert any(row[0] == DAYS for row in rows)


def test_orders_outside_any_group_count_for_who_was_seen_in_the_scope(told, at, only):
    group, other = told.community(), told.community("别的群")
    kim, stranger = told.member("金"), told.member("外人")
    told.joins(kim, group, at(2026, 1, 1, 9))
    told.joins(stranger, other, at(2026, 1, 1, 9))
    told.leaves(kim, group, at(2026, 2, 20, 9))
    told.buys(kim, at(2026, 2, 1, 12), 3_000)
    told.buys(kim, at(2026, 2, 25, 12), 500, community=group)
    told.buys(kim, at(2026, 3, 2, 12), 700, community=group)
    told.buys(stranger, at(2026, 2, 1, 12), 4_000)
    told.settle()
    found = habits(only(group), date(2026, 3, 1), with_orders=True)
    rows = found.of(np.array([kim.id, stranger.id]))
    told_of = [dict(zip(found.names, row.tolist(), strict=True)) for row in rows]
    wanted = {"bought_ago": 4, "bought_28": 1, "bought_84": 2, "paid_84": 3_500, "left_84": 1, "spoke_ago": DAYS}
    assert {name: told_of[0][name] for name in wanted} == wanted
    assert {name: told_of[1][name] for name in wanted} == dict.fromkeys(wanted, 0) | {
        "bought_ago": DAYS,
        "spoke_ago": DAYS,
    }
    few = habits(only(group), date(2026, 3, 1), with_orders=True, members=np.array([stranger.id]))
    assert few.members.tolist() == []


def test_what_was_known_a_horizon_ago_tells_nothing_of_the_days_since(told, at, only):
    group = told.community()
    kim, lee = told.member("金"), told.member("李")
    for day in (1, 5, 12):
        told.says(kim, group, at(2026, 2, day, 9))
    told.says(lee, group, at(2026, 2, 18, 9))
    told.settle()
    question = Question(only(group), "speaking", 7, date(2026, 2, 21), "Asia/Shanghai")
    spoke = read(question)
    now, then, before = (known_at(question, spoke, back) for back in (0, 1, 2))
    column = now.names.index("spoke_84")
    assert [each.who.tolist() for each in (now, then, before)] == [[True, True], [True, False], [True, False]]
    assert [each.table[:, column].tolist() for each in (now, then, before)] == [[3, 1], [3], [2]]
    assert [each.table[:, -2:].tolist() for each in (then, before)] == [[[3, 13]], [[2, 6]]]
    # Up to the 14th Kim had spoken and did not again; up to the 7th she had, and did on the 12th.
    assert [each.did.tolist() for each in (then, before)] == [[False], [True]]
