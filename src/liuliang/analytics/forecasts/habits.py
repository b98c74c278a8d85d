"""What everybody did lately, as columns that a model can learn from: how recently, how often, how much, where.

Twelve weeks up to a day are looked at, and nothing after it, so that what was known of somebody at any day of the past can
be told as it was told then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from liuliang.analytics.base import Statement
from liuliang.analytics.forecasts.buying import Table
from liuliang.analytics.forecasts.histories import EPOCH, Numbers, Question, Told, people_of
from liuliang.analytics.scopes import Scope
from liuliang.lake.queries import query_numbers

DAYS = 84
"""Days that are looked at. Who did something never, or before them, last did it so many days ago."""

_SPOKE = "kind = 'message.sent'"
_BOUGHT = "kind = 'order.paid'"

_TALK = {
    "spoke_ago": f"if(countIf({_SPOKE}) = 0, {DAYS}, minIf(ago, {_SPOKE}))",
    "spoke_7": f"uniqExactIf(day, {_SPOKE} AND ago < 7)",
    "spoke_14": f"uniqExactIf(day, {_SPOKE} AND ago < 14)",
    "spoke_28": f"uniqExactIf(day, {_SPOKE} AND ago < 28)",
    "spoke_84": f"uniqExactIf(day, {_SPOKE})",
    "spoke_weeks": f"uniqExactIf(intDiv(ago, 7), {_SPOKE})",
    "messages_28": f"sumIf(count, {_SPOKE} AND ago < 28)",
    "messages_84": f"sumIf(count, {_SPOKE})",
    "groups_84": f"uniqExactIf(community, {_SPOKE})",
    "left_84": "countIf(kind = 'member.left')",
}
_ORDERS = {
    "bought_ago": f"if(countIf({_BOUGHT}) = 0, {DAYS}, minIf(ago, {_BOUGHT}))",
    "bought_28": f"uniqExactIf(day, {_BOUGHT} AND ago < 28)",
    "bought_84": f"uniqExactIf(day, {_BOUGHT})",
    "paid_84": f"sumIf(value, {_BOUGHT})",
}
_NOTHING = {"spoke_ago": DAYS, "bought_ago": DAYS}
"""What is not zero of somebody who did nothing."""


@dataclass(frozen=True)
class Habits:
    """What was done up to a day: ``table`` has a row for each of ``members``, who ascend, and a column for each of ``names``."""

    names: tuple[str, ...]
    members: Numbers
    table: Table

    def of(self, members: Numbers) -> Table:
        """Return the rows of these members; who did nothing in the time has a row too."""
        found = np.tile(np.array([float(_NOTHING.get(name, 0)) for name in self.names]), (len(members), 1))
        if len(self.members):
            place = np.minimum(np.searchsorted(self.members, members), len(self.members) - 1)
            is_known = self.members[place] == members
            found[is_known] = self.table[place[is_known]]
        return found


@dataclass(frozen=True)
class Known:
    """Who had acted so many horizons ago (a mask of `Told`), what was known of them, and whether they acted in the next one."""

    who: NDArray[np.bool_]
    names: tuple[str, ...]
    table: Table
    did: NDArray[np.bool_]


def known_at(question: Question, told: Told, back: Literal[0, 1, 2], *, is_of_few: bool = False) -> Known:
    """Return what was known ``back`` horizons before the question's last day; of today nobody knows yet what they will do.

    ``is_of_few`` says that ``told`` is of some members only, so that no others are read.
    """
    day = question.last_day - timedelta(days=back * question.horizon)
    earlier = told.acts_at_cut - told.acts_before_cut
    acts = (told.acts, told.acts_at_cut, earlier)[back]
    did = (np.zeros(len(told), bool), told.acts > told.acts_at_cut, told.acts_before_cut > 0)[back]
    who = acts > 0
    members = told.member[who]
    lately = habits(
        question.scope, day, with_orders=question.subject == "buying", members=members if is_of_few else None
    )
    age = (day - EPOCH).days - told.first[who]
    table = np.column_stack([lately.of(members), acts[who], age])
    return Known(who, (*lately.names, "acts", "age"), table, did[who])


def habits(scope: Scope, last_day: date, *, with_orders: bool, members: Numbers | None = None) -> Habits:
    """Return what the members of a scope did in the `DAYS` up to ``last_day``, or some of them.

    ``with_orders`` tells of orders too, which not everybody may see; orders that name no community count for whoever was ever
    seen in the communities of the scope. Counts are as they are, times in days, money in minor units whatever the currency.
    """
    told = _TALK | (_ORDERS if with_orders else {})
    statement = _statement(told, scope, last_day, with_orders=with_orders, members=members)
    found = query_numbers(statement.sql, statement.values, columns=1 + len(told))
    return Habits(tuple(told), found[0], found[1:].T.astype(np.float64))


def _statement(
    told: dict[str, str], scope: Scope, last_day: date, *, with_orders: bool, members: Numbers | None
) -> Statement:
    among, more = people_of(scope) if with_orders else scope.condition()
    values: dict[str, Any] = {**more, "last": last_day.isoformat()}
    if members is not None:
        among += " AND member IN {asked:Array(UInt32)}"
        values["asked"] = members.tolist()
    kinds = ("message.sent", "member.left", *(("order.paid",) if with_orders else ()))
    columns = ", ".join(f"toInt64({sql}) AS {name}" for name, sql in told.items())
    return Statement(
        f"SELECT toInt64(member), {columns} FROM (SELECT member, day, kind, community, count, value,"
        " dateDiff('day', day, {last:Date}) AS ago FROM {member_day}"
        f" WHERE kind IN {kinds} AND member != 0 AND {among} AND day <= {{last:Date}} AND day > {{last:Date}} - {DAYS})"
        " GROUP BY member ORDER BY member",
        values,
    )
