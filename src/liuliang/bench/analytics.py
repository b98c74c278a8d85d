"""What analytics asks, over the lake's files, beside ClickHouse's own tables, DuckDB, PostgreSQL and pandas.

Every answer is compared with every other to the last digit before anything is timed. The lake is asked through the
product's own functions, without what they remember.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.test.utils import override_settings

from liuliang.analytics import counting, funnels, retention, signals
from liuliang.analytics.base import Asked, metrics
from liuliang.analytics.funnels import Funnel
from liuliang.analytics.happenings import Happening
from liuliang.analytics.periods import Period
from liuliang.analytics.retention import Question
from liuliang.analytics.scopes import Scope
from liuliang.bench.analytics_data import COMMUNITIES, DAYS, ZONE, Log, fill
from liuliang.bench.analytics_pandas import pandas_frames
from liuliang.bench.analytics_peers import (
    FUNNELS,
    KIND,
    RFM,
    SEGMENT,
    Answer,
    Ask,
    duckdb_tables,
    own_tables,
    postgres_log,
    postgres_tables,
)
from liuliang.bench.report import Goal, finish, measure
from liuliang.kernel.errors import Refused
from liuliang.lake.queries import query

_SIZES = {"10m": 10_000_000, "50m": 50_000_000, "200k": 200_000, "1m": 1_000_000}
PEERS: Mapping[str, Callable[[Log], dict[str, Ask]]] = {
    "own tables": own_tables,
    "DuckDB": duckdb_tables,
    "PostgreSQL": postgres_log,
    "PostgreSQL, indexed copy": postgres_tables,
    "pandas": pandas_frames,
}


def run(*, quick: bool, events: str = "10m", members: str = "200k") -> None:
    """Measure on an empty installation; ``quick`` takes 300,000 events of 20,000 members.

    Args:
        quick: the short form.
        events: ``10m``, ``50m`` or a number.
        members: ``200k``, ``1m`` or a number.

    Raises:
        Refused: ``bench.size``: a size that is no number.
    """
    number, people = (300_000, 20_000) if quick else (_size(events), _size(members))
    with override_settings(CLICKHOUSE_URL=""):
        log = fill(number, people)
        ours = asks_of_the_lake(log)
        figures: dict[str, float] = {"events": number, "members": people, "communities": COMMUNITIES}
        taken: dict[str, dict[str, float]] = {name: {} for name in ours}
        contenders = {"lake": ours, "own tables": own_tables(log), "DuckDB": duckdb_tables(log)}
        for name, answer in {name: ask() for name, ask in ours.items()}.items():
            if not answer:
                msg = f"nothing is found for {name}"
                raise RuntimeError(msg)
        _check(ours, contenders)
        for name in ours:
            taken[name] |= measure({peer: asks[name] for peer, asks in contenders.items()}, 3 if quick else 7)
        del contenders
        for peer in ("PostgreSQL", "PostgreSQL, indexed copy", "pandas"):
            gc.collect()
            asks = PEERS[peer](log)
            _check(ours, {peer: asks})
            for name in ours:
                both = measure({"lake again": ours[name], peer: asks[name]}, 1 if quick else 2, warm_up=0)
                taken[name] |= {peer: both[peer], f"lake beside {peer}": both["lake again"]}
            del asks
    goals: dict[str, Goal] = {}
    for name, times in taken.items():
        figures[f"{name}: lake, ms"] = times["lake"] * 1000
        for peer in PEERS:
            beside = times.get(f"lake beside {peer}", times["lake"])
            figures[f"{name}: {peer}, ms"] = times[peer] * 1000
            figures[f"{name}: lake to {peer}"] = beside / times[peer]
        goals[f"{name}: lake to own tables"] = Goal(at_most=1.6)
        goals[f"{name}: lake to PostgreSQL"] = Goal(at_most=1 / 15)
    for name in FUNNELS:
        goals[f"{name}: lake to DuckDB"] = Goal(at_most=1)
    ratios = [figures[f"{name}: lake to own tables"] for name in taken]
    figures["smallest ratio to own tables"] = min(ratios)
    goals["smallest ratio to own tables"] = Goal(at_most=1)
    finish("analytics", figures, goals)


def _size(text: str) -> int:
    known = _SIZES.get(text.lower())
    if known is None and not text.isdecimal():
        raise Refused("bench.size", size=text)
    return known or int(text)


def _check(ours: dict[str, Ask], contenders: Mapping[str, dict[str, Ask]]) -> None:
    for name, ask in ours.items():
        expected = _plain(ask())
        for peer, asks in contenders.items():
            found = _plain(asks[name]())
            if found != expected:
                msg = f"{peer} gives another answer for {name}: {found[:3]} is not {expected[:3]}"
                raise RuntimeError(msg)


def _plain(answer: Answer) -> list[tuple[int, ...]]:
    """Return an answer as whole numbers, days as days since 1970, in order."""
    return sorted(
        tuple(each.toordinal() - 719163 if hasattr(each, "toordinal") else int(each) for each in row) for row in answer
    )


def asks_of_the_lake(log: Log) -> dict[str, Ask]:
    """Return how the product answers: its metrics, matrix and funnels, and SQL over the lake for what it has no page for."""
    first = (log.begin + timedelta(hours=8)).date()
    last = first + timedelta(days=DAYS - 1)
    scope = Scope.of([(number, ZONE) for number in range(1, COMMUNITIES + 1)], is_everything=True)
    asked = Asked(scope, Period(first, last), log.end, ZONE)
    daily = Asked(scope, Period(first, last), log.end, ZONE, step="day")
    weekly = Question(scope, Period(first, last), "week", last)

    def dau() -> Answer:
        statement = metrics()["active"].statements(daily)[0]
        return [(row[1], row[2]) for row in counting.answer(statement)]

    def cohorts() -> Answer:
        found = retention.retention.compute(weekly)
        return [
            (cohort.start, cohort.start + timedelta(days=7 * cell.age), cell.count)
            for cohort in found.cohorts
            for cell in cohort.cells
            if cell.count
        ]

    def reaching(steps: tuple[str, ...], window: timedelta) -> Ask:
        question = Funnel(asked, tuple(Happening(KIND[step]) for step in steps), window)

        def answer() -> Answer:
            stages = funnels.funnel.compute(question)[0].stages
            reached = [stage.reached for stage in stages]
            after = [*reached[1:], 0]
            return [
                (step, here - then)
                for step, (here, then) in enumerate(zip(reached, after, strict=True), 1)
                if here > then
            ]

        return answer

    days = {
        "month": f"toDate('{last - timedelta(days=30)}')",
        "fortnight": f"toDate('{last - timedelta(days=14)}')",
    }
    age = f"dateDiff('day', max(day), toDate('{last}'))"
    plain = {
        "RFM": RFM.format(table="{member_day}", age=age, times="sum(count)", paid="sum(value)"),
        "segment": SEGMENT.format(table="{member_day}", one="count", **days),
        "top inviters": (
            "SELECT inviter, count() AS brought, countIf(arrayExists(at -> at >= came AND at < came + 2592000000, bought))"
            " FROM (SELECT member, maxIf(other, kind = 'member.joined') AS inviter,"
            " minIf(toUnixTimestamp64Milli(occurred_at), kind = 'member.joined') AS came,"
            " groupArrayIf(toUnixTimestamp64Milli(occurred_at), kind = 'order.paid') AS bought FROM {events}"
            " WHERE kind IN ('member.joined', 'order.paid') GROUP BY member)"
            " WHERE inviter != 0 GROUP BY inviter ORDER BY brought DESC, inviter LIMIT 20"
        ),
    }

    def health() -> Answer:
        return [
            (
                community, seen.messages, seen.messages_before, seen.spoke, seen.spoke_before, seen.stayed, seen.steady,
                seen.days, seen.lively, seen.joined, seen.active, seen.buyers, seen.again, seen.ties, seen.mutual,
            )
            for (community, _end), seen in signals.signals.compute(scope, last).items()
        ]  # fmt: skip

    asks: dict[str, Ask] = {"DAU, 90 days": dau, "retention matrix": cohorts, "health of 1,000 groups": health}
    asks |= {name: reaching(*told) for name, told in FUNNELS.items()}
    return asks | {name: (lambda sql=sql: query(sql).rows) for name, sql in plain.items()}
