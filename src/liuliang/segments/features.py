"""What layers are made from: one column of numbers a feature, one place a person.

Days are local to where something happened; "days ago" counts from the installation's present day. Nobody is asked one by
one: four statements of the lake and two of PostgreSQL tell of everybody, or of a few.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray
from pyroaring import BitMap

from liuliang.kernel import clock
from liuliang.lake.queries import query_numbers
from liuliang.lake.zones import default_zone
from liuliang.segments.base import Context
from liuliang.segments.calendars import calendar
from liuliang.segments.evaluating import everybody
from liuliang.segments.parameters import Parameters
from liuliang.segments.purchases import AMOUNT, BACK, BOUGHT, KINDS
from liuliang.segments.tables import read_columns

NEVER = 100_000
"""Days ago of what never happened."""

LATELY = 90
"""Days that count as lately for what people say to each other."""

FEEDBACK = ("建议", "希望能", "希望可以", "能不能加", "要是能", "改进", "反馈", "体验不", "不太好用", "优化一下")
COMPLAINTS = ("差评", "投诉", "退款", "失望", "太差", "垃圾", "骗人", "上当", "再也不买", "避雷")

Column = NDArray[np.int64]


@dataclass(frozen=True)
class Features:
    """Columns of equal length. Sums of money are CNY minor units; what says ``90`` looks at the last 90 days."""

    member: Column
    known_days: Column
    """Days since the first sign of them."""
    heard_days_ago: Column
    """Days since they last came, spoke or bought."""
    spoke_days_ago: Column
    messages_30: Column
    messages_90: Column
    active_days_30: Column
    """Days of the last 30 on which they spoke."""
    orders: Column
    paid: Column
    bought_days_ago: Column
    is_here: Column
    """1 for those who are in a community now."""
    is_gone: Column
    """1 for those who were in communities and are in none now."""
    invited: Column
    questions_90: Column
    characters_90: Column
    links_90: Column
    feedback_90: Column
    complaints_90: Column
    answered_90: Column
    """People they answered."""
    answerers_90: Column
    """People who answered them."""
    mutual_90: Column
    """People with whom answers went both ways."""

    def __len__(self) -> int:
        return len(self.member)

    @property
    def has_replies(self) -> bool:
        """Tell whether anybody here is known to have answered or been answered: many records do not mark what a message replies to."""
        return bool(self.answered_90.any() or self.answerers_90.any())


NO_REPLIES = gettext_lazy("记录里看不到谁回复谁（有的聊天记录没有回复标记）")
"""What is said instead of a number of people who answered, of somebody without any reply."""

_BY_DAY = """
SELECT toInt64(member), toInt64(min(day)), toInt64(maxIf(day, kind IN {heard})), toInt64(maxIf(day, kind = 'message.sent')),
    toInt64(sumIf(count, kind = 'message.sent' AND day > {day30})), toInt64(sumIf(count, kind = 'message.sent' AND day > {day90})),
    toInt64(uniqExactIf(day, kind = 'message.sent' AND day > {day30})),
    toInt64(sumIf(count, kind IN ('order.paid', 'order.claimed'))),
    toInt64(maxIf(day, kind IN ('order.paid', 'order.claimed')))
FROM {member_day} WHERE kind IN {kinds} AND day <= {today} AND member != 0{among} GROUP BY member
"""

# The days know no currency, and nothing of what was paid before anybody knew who had.
_SPENT = f"""
SELECT toInt64(member), toInt64(sumIf({AMOUNT}, {BOUGHT}) - sum({BACK})) FROM {{events}}
WHERE kind IN {{kinds}} AND occurred_at < {{until}} AND member != 0 AND JSONExtractString(data, 'currency') IN ('', 'CNY'){{among}}
GROUP BY member
"""

_SAID = """
SELECT toInt64(member), toInt64(countIf(JSONExtractBool(data, 'is_question'))),
    toInt64(sum(lengthUTF8(JSONExtractString(data, 'text')))), toInt64(countIf(position(data, '://') > 0)),
    toInt64(countIf(multiSearchAny(data, {feedback}))), toInt64(countIf(multiSearchAny(data, {complaints})))
FROM {events} WHERE kind = 'message.sent' AND occurred_at >= {since} AND member != 0{among} GROUP BY member
"""

_ANSWERS = """
SELECT DISTINCT toInt64(member), toInt64(other) FROM {events}
WHERE kind = 'message.sent' AND other != 0 AND other != member AND occurred_at >= {since} AND member != 0{among}
"""

HEARD = ("member.joined", "member.listed", "message.sent", "order.paid", "order.claimed")
_KINDS = (*HEARD, "member.left", "order.refunded")


def read_features(at: datetime, among: BitMap | None = None) -> Features:
    """Return the features of everybody, or of some."""
    people = everybody(Context(calendar(at)), among)
    ids: Column = np.array(people.to_array(), dtype=np.int64)
    found = {field.name: np.zeros(len(ids), dtype=np.int64) for field in fields(Features)}
    found["member"] = ids
    for name in ("known_days", "heard_days_ago", "spoke_days_ago", "bought_days_ago"):
        found[name][:] = NEVER
    _read_days(found, ids, at, among)
    _read_money(found, ids, at, among)
    _read_talk(found, ids, at, among)
    _read_tables(found, ids, among)
    return Features(**found)


def _read_days(found: dict[str, Column], ids: Column, at: datetime, among: BitMap | None) -> None:
    today = clock.local_day(at, default_zone())
    parameters = Parameters()
    statement = _filled(
        _BY_DAY,
        heard=parameters.texts(HEARD),
        kinds=parameters.texts(_KINDS),
        day30=parameters.day(today - timedelta(days=30)),
        day90=parameters.day(today - timedelta(days=LATELY)),
        # In some time zones it is tomorrow already.
        today=parameters.day(today + timedelta(days=1)),
        among=_among(among, parameters),
    )
    member, first, heard, spoke, in30, in90, days, orders, bought = query_numbers(
        statement, parameters.values, columns=9
    )
    place, known = _places(ids, member)
    for name, day in (
        ("known_days", first),
        ("heard_days_ago", heard),
        ("spoke_days_ago", spoke),
        ("bought_days_ago", bought),
    ):
        found[name][place] = _days_ago(day[known], today)
    for name, column in (
        ("messages_30", in30),
        ("messages_90", in90),
        ("active_days_30", days),
        ("orders", orders),
    ):
        found[name][place] = column[known]


def _read_money(found: dict[str, Column], ids: Column, at: datetime, among: BitMap | None) -> None:
    parameters = Parameters()
    statement = _filled(
        _SPENT,
        kinds=parameters.texts(KINDS),
        until=parameters.instant(at + timedelta(days=1)),
        among=_among(among, parameters),
    )
    member, paid = query_numbers(statement, parameters.values, columns=2)
    place, known = _places(ids, member)
    found["paid"][place] = paid[known]


def _read_talk(found: dict[str, Column], ids: Column, at: datetime, among: BitMap | None) -> None:
    parameters = Parameters()
    since = parameters.instant(at - timedelta(days=LATELY))
    statement = _filled(
        _SAID,
        feedback=parameters.texts(FEEDBACK),
        complaints=parameters.texts(COMPLAINTS),
        since=since,
        among=_among(among, parameters),
    )
    member, *said = query_numbers(statement, parameters.values, columns=6)
    place, known = _places(ids, member)
    for name, column in zip(
        ("questions_90", "characters_90", "links_90", "feedback_90", "complaints_90"), said, strict=True
    ):
        found[name][place] = column[known]
    parameters = Parameters()
    restriction = ""
    if among is not None:
        few = parameters.numbers(among)
        restriction = f" AND (member IN {few} OR other IN {few})"
    statement = _filled(_ANSWERS, since=parameters.instant(at - timedelta(days=LATELY)), among=restriction)
    who, whom = query_numbers(statement, parameters.values, columns=2)
    forth, back = (who << 32) | whom, (whom << 32) | who
    both = np.isin(forth, back)
    for name, column in (("answered_90", who), ("answerers_90", whom), ("mutual_90", who[both])):
        member, count = np.unique(column, return_counts=True)
        place, known = _places(ids, member)
        found[name][place] = count[known]


def _read_tables(found: dict[str, Column], ids: Column, among: BitMap | None) -> None:
    some, params = "", {}
    if among is not None:
        some, params = " WHERE s.member_id = ANY(%(among)s)", {"among": list(among)}
    seen, here = read_columns(
        f"SELECT s.member_id, bool_or(s.is_present)::int FROM people_membership s{some} GROUP BY 1",
        params,
        columns=2,
    )
    place, known = _places(ids, seen.astype(np.int64))
    found["is_here"][place] = here[known]
    found["is_gone"][place] = 1 - here[known]
    chosen = " AND coalesce(i.canonical_id, i.id) = ANY(%(among)s)" if among is not None else ""
    host, guests = read_columns(
        "SELECT coalesce(i.canonical_id, i.id), count(DISTINCT s.member_id)::int FROM people_membership s"
        " JOIN people_member i ON i.id = s.inviter WHERE s.member_id <> coalesce(i.canonical_id, i.id)"
        f"{chosen} GROUP BY 1",
        params,
        columns=2,
    )
    place, known = _places(ids, host.astype(np.int64))
    found["invited"][place] = guests.astype(np.int64)[known]


def _places(ids: Column, member: Column) -> tuple[Column, NDArray[np.bool_]]:
    """Return where in ``ids`` those of ``member`` are who are there, and which they are."""
    if not len(ids):
        return np.zeros(0, dtype=np.int64), np.zeros(len(member), dtype=bool)
    place = np.searchsorted(ids, member)
    place[place == len(ids)] = 0
    known = ids[place] == member
    return place[known], known


def _days_ago(days: Column, today: date) -> Column:
    """Return how long ago days are, given as the lake counts them from 1970; the first of them means never."""
    ago = (today - date(1970, 1, 1)).days - days
    return np.where(days <= 0, NEVER, np.maximum(ago, 0))


def _among(among: BitMap | None, parameters: Parameters) -> str:
    return "" if among is None else f" AND member IN {parameters.numbers(among)}"


def _filled(statement: str, **values: Any) -> str:
    for name, value in values.items():
        statement = statement.replace(f"{{{name}}}", value)
    return statement
