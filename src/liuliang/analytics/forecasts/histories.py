"""What members did so far, as the models need it: three numbers a person, now and as things stood some time ago.

One statement of the lake reads everybody's days. What happened after the cut is told apart from what came before, so that
a model fitted to the past can be held against what then really happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from liuliang.analytics.base import Statement
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Scope, stamp
from liuliang.lake.queries import query_numbers

Subject = Literal["buying", "speaking"]
Numbers = NDArray[np.int64]

EPOCH = date(1970, 1, 1)

_ORDERS = ("order.paid", "order.claimed", "order.refunded")

# A refund carries the time of its order, so a day on which everything went back is no day of buying. Money in other
# currencies is not converted: such a day counts as bought, with an amount that nobody knows.
_BUYING = """
SELECT member, toInt64(toDate(occurred_at, {zone:String})) AS at_day, countIf(kind != 'order.refunded') AS acts,
    countIf(kind != 'order.refunded' AND yuan) AS known,
    sumIf(multiIf(kind = 'order.paid', value, kind = 'order.refunded', -value,
        JSONExtractInt(data, 'amount') - JSONExtractInt(data, 'refunded')), yuan) AS amount
FROM (SELECT *, JSONExtractString(data, 'currency') IN ('', 'CNY') AS yuan FROM {events}
    WHERE kind IN {kinds:Array(String)} AND member != 0 AND occurred_at < {until:DateTime64(3, 'UTC')} AND %s)
GROUP BY member, at_day HAVING acts > 0 AND (amount > 0 OR known = 0)
"""

_SPEAKING = """
SELECT member, toInt64(day) AS at_day, toInt64(0) AS amount FROM {member_day}
WHERE kind = 'message.sent' AND day <= {last:Date} AND member != 0 AND %s GROUP BY member, at_day
"""

_FOLD = """
SELECT toInt64(member), min(at_day), max(at_day), toInt64(count()), toInt64(countIf(amount > 0)), toInt64(sum(amount)),
    toInt64(countIf(at_day <= {cut:Int64})), maxIf(at_day, at_day <= {cut:Int64}),
    toInt64(countIf(at_day > {before:Int64} AND at_day <= {cut:Int64})),
    toInt64(countIf(at_day > {earlier:Int64} AND at_day <= {before:Int64}))
FROM (%s) GROUP BY member ORDER BY member
"""


@dataclass(frozen=True, slots=True)
class Question:
    """Who will do what in the ``horizon`` days after ``last_day``; days of orders are those of ``timezone``."""

    scope: Scope
    subject: Subject
    horizon: int
    last_day: date
    timezone: str


@dataclass(frozen=True)
class Told:
    """Columns of equal length, one place a person, in days from `EPOCH`. Money is CNY minor units.

    ``cut`` is the last day before the ``horizon`` that is held back; ``before`` and ``earlier`` are one and two horizons
    before that. A day on which somebody bought twice, or spoke a hundred times, is one act.
    """

    member: Numbers
    first: Numbers
    last: Numbers
    acts: Numbers
    money_acts: Numbers
    money: Numbers
    acts_at_cut: Numbers
    last_at_cut: Numbers
    acts_before_cut: Numbers
    """Acts in the horizon that ends with the cut."""
    acts_earlier: Numbers
    """Acts in the horizon before that one."""

    def __len__(self) -> int:
        return len(self.member)


def read(question: Question, members: tuple[int, ...] | None = None) -> Told:
    """Return what everybody in the scope did up to the last day, or some members."""
    statement = statement_of(question, members)
    return Told(*query_numbers(statement.sql, statement.values, columns=10))


def statement_of(question: Question, members: tuple[int, ...] | None = None) -> Statement:
    """Return the query of what everybody in the scope did, or some members.

    Orders that name no community count for whoever was ever seen in the communities of the scope.
    """
    last_day, horizon = question.last_day, question.horizon
    last = (last_day - EPOCH).days
    values: dict[str, Any] = {
        "cut": last - horizon,
        "before": last - 2 * horizon,
        "earlier": last - 3 * horizon,
    }
    among, more = people_of(question.scope) if question.subject == "buying" else question.scope.condition()
    values |= more
    if members is not None:
        among += " AND member IN {asked:Array(UInt32)}"
        values["asked"] = list(members)
    if question.subject == "buying":
        until = Period(last_day, last_day).instants(question.timezone)[1]
        values |= {"zone": question.timezone, "kinds": list(_ORDERS), "until": stamp(until)}
        days = _BUYING % among
    else:
        values["last"] = last_day.isoformat()
        days = _SPEAKING % among
    return Statement(_FOLD % days, values)


def days_known(told: Told, last_day: date) -> int:
    """Return over how many days the first act of anybody and the last day lie."""
    return (last_day - EPOCH).days - int(told.first.min()) + 1 if len(told) else 0


def day_of(number: int) -> date:
    """Return the day that a number of the columns means."""
    return EPOCH + timedelta(days=number)


def people_of(scope: Scope) -> tuple[str, dict[str, Any]]:
    """Return the condition that something happened in the scope, or in no community to whoever was ever seen in the scope."""
    people, values = scope.people()
    if scope.is_everything:
        return f"1{people}", values
    values["communities"] = list(scope.communities)
    ours = "community IN {communities:Array(UInt32)}"
    seen = f"SELECT DISTINCT member FROM {{member_day}} WHERE {ours}"
    return f"({ours} OR (community = 0 AND member IN ({seen}))){people}", values
