"""Appending to the log, beside bare COPY of the same rows into the same table with the same indexes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import uuid_utils
from django.db import connection, transaction

from liuliang.bench.report import Goal, finish, measure
from liuliang.kernel import log
from liuliang.kernel.events import Fact, encode
from liuliang.people.events import MessageSent

START = datetime(2026, 1, 1, tzinfo=UTC)
SIZES = (1, 100, 1_000, 10_000)
_numbers = itertools.count()


def run(*, quick: bool) -> None:
    """Measure durable appends per second at four batch sizes; every batch is one committed transaction of new facts.

    Facts are made, and for the bare COPY written out as bytes, before the clock runs: the limit is the server's.
    """
    figures: dict[str, float] = {}
    rounds = 5 if quick else 15
    for size in SIZES:
        repeats = max(1, (100 if quick else 1_000) // size)
        batches = (rounds + 1) * repeats
        contenders = {"append": _appending(size, repeats, batches), "copy": _copying(size, repeats, batches)}
        seconds = measure(contenders, rounds)
        figures[f"appends per second, batches of {size:,}"] = size * repeats / seconds["append"]
        figures[f"bare COPY per second, batches of {size:,}"] = size * repeats / seconds["copy"]
        figures[f"ratio at {size:,}"] = seconds["copy"] / seconds["append"]
    again = measure({"known": _known_again(10_000)}, rounds)
    figures["known facts passed over per second, batches of 10,000"] = 10_000 / again["known"]
    finish("log", figures, {"ratio at 10,000": Goal(at_least=0.5)})


def _facts(size: int) -> list[Fact]:
    return [
        Fact(
            MessageSent(f"第 {number} 条：新品什么时候到货？大家早上好", "text", is_question=True),
            START + timedelta(seconds=number),
            "bench:1",
            f"{number:024x}",
            number % 5_000 + 1,
            number % 8 + 1,
        )
        for number in itertools.islice(_numbers, size)
    ]


def _appending(size: int, repeats: int, batches: int) -> Callable[[], None]:
    waiting = iter([_facts(size) for _ in range(batches)])

    def work() -> None:
        for facts in itertools.islice(waiting, repeats):
            with transaction.atomic():
                log.append(facts)

    return work


def _copying(size: int, repeats: int, batches: int) -> Callable[[], None]:
    waiting = iter([b"".join(map(_line, _facts(size))) for _ in range(batches)])
    statement = f"COPY kernel_event ({', '.join(log.COLUMNS)}) FROM STDIN"

    def work() -> None:
        for lines in itertools.islice(waiting, repeats):
            with transaction.atomic(), connection.cursor() as cursor, cursor.cursor.copy(statement) as copy:
                copy.write(lines)

    return work


def _line(fact: Fact) -> bytes:
    data = encode(fact.payload).replace("\\", "\\\\")
    fields = (
        str(uuid_utils.uuid7()), fact.payload.kind, fact.occurred_at.isoformat(), str(fact.member),
        str(fact.community), "\\N", fact.source, fact.source_id, data,
    )  # fmt: skip
    return ("\t".join(fields) + "\n").encode()


def _known_again(size: int) -> Callable[[], None]:
    facts = _facts(size)
    with transaction.atomic():
        log.append(facts)

    def work() -> None:
        with transaction.atomic():
            log.append(facts)

    return work
