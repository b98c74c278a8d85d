from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.kernel.readers import catch_up, ensure_cursors
from liuliang.lake.sealer import Sealer
from liuliang.loyalty.earning import write_rule
from liuliang.loyalty.models import EarningRule
from liuliang.loyalty.preview import preview
from liuliang.loyalty.projections import StandingProjection
from liuliang.loyalty.queries import board
from liuliang.loyalty.reactions import EarningReaction
from liuliang.people.events import MemberJoined, MessageSent

START = datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.fixture
def told(shared_ledger, make_member):
    """A month of talk by ten members, who also invited each other; readers stand before it."""
    ensure_cursors(EarningReaction())
    members = [make_member(f"成员{number}") for number in range(10)]
    facts = []
    for number in range(400):
        member = members[number * number % 10]
        at = START + timedelta(hours=number * 1.7)
        said = MessageSent(text="早" * (number % 5), reply_member=members[number % 10] if number % 3 else None)
        facts.append(Fact(said, at, "test", f"m{number}", member, None))
    for number in range(1, 10):
        joined = MemberJoined(inviter=members[number // 2])
        facts.append(Fact(joined, START + timedelta(days=number), "test", f"j{number}", members[number], None))
    append(facts)
    catch_up(Sealer())
    return members


@pytest.mark.parametrize(
    "terms",
    [
        {"behaviour": "speak", "low": 1, "high": 5, "cap_day": 9, "cap_week": 31, "cap_total": 120},
        {"behaviour": "speak", "low": 3, "high": 3,
         "conditions": [{"field": "text", "operator": "longer_than", "value": 2}]},
        {"behaviour": "invite", "low": 50, "high": 50},
    ],
)  # fmt: skip
def test_the_preview_is_what_is_then_paid(told, terms):
    at = START + timedelta(days=30)
    rule = EarningRule(title="规则", starts_at=START, pk=77, **terms)
    seen = preview(rule, at=at)
    write_rule(rule, at=at)
    with time_machine.travel(at, tick=False):
        catch_up(EarningReaction())
        catch_up(StandingProjection())
    paid = board(limit=100)
    assert seen.points == sum(each.amount for each in paid) > 0
    assert seen.persons == len(paid)
    assert list(seen.most) == [(each.member, each.amount) for each in paid][:10]


def test_a_rule_that_makes_no_sense_has_no_preview(told):
    with pytest.raises(Refused, match=r"rule\.loop"):
        preview(EarningRule(title="x", behaviour="event:points.earned", low=1, high=1, starts_at=START), at=START)
