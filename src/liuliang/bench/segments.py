"""Segments at a million members: how soon a rule answers while it is edited, how soon an event moves people, and layers.

Every figure goes through what the product runs: the console's trial of a rule, the log, the sealer, the projection of
memberships and the reader that keeps dynamic segments, each in a thread of its own as in the follower.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from django.db import connection, transaction
from django.test.utils import override_settings

from liuliang.bench.report import Goal, finish, seconds
from liuliang.kernel import clock, readers
from liuliang.kernel.events import Fact
from liuliang.kernel.following import Lookout, follow
from liuliang.kernel.garbage import spare_what_stays
from liuliang.kernel.log import append
from liuliang.lake.compaction import QUIET, compact
from liuliang.lake.models import LakeFile
from liuliang.people.events import MessageSent
from liuliang.people.models import Community, Tag, TagGroup
from liuliang.segments.models import Layering
from liuliang.segments.queries import try_rule
from liuliang.segments.rules import read_rule
from liuliang.segments.services import create_segment
from liuliang.segments.standing import work_out_layers
from liuliang.segments.trying import forget

DAYS = 60
CHUNK = 500_000
RATE = 1_000
"""Events a second while latency is measured."""

STEP = 0.05
"""Seconds between two batches of events."""

PROBE_EVERY = 10
"""Batches for one member who is waited for."""

_MEMBERS = """
INSERT INTO people_member (id, public_id, name, name_grams, attributes, needs, is_bot, created_at)
SELECT n, 'bench' || n, '成员' || n, ARRAY['成', '员'], jsonb_build_object('city', (ARRAY['上海', '北京', '成都', '广州'])[1 + n %% 4]),
    ARRAY[]::varchar[], false, %(start)s
FROM generate_series(%(first)s::int, %(last)s::int) n ON CONFLICT DO NOTHING
"""

_JOINS = """
INSERT INTO kernel_event (id, kind, occurred_at, member, community, source, source_id, data)
SELECT gen_random_uuid(), 'member.joined', %(start)s::timestamptz + make_interval(days => n %% %(days)s), n, 1 + n %% 20,
    'bench', 'join' || n, jsonb_build_object('inviter', CASE WHEN n %% 3 = 0 THEN 1 + n / 20 END, 'how', 'code')
FROM generate_series(%(first)s::int, %(last)s::int) n
"""

# Few members say most; one event in fifty is an order, one message in five an answer.
_TALK = """
INSERT INTO kernel_event (id, kind, occurred_at, member, community, source, source_id, data)
SELECT gen_random_uuid(), CASE WHEN n %% 50 = 0 THEN 'order.paid' ELSE 'message.sent' END,
    %(start)s::timestamptz + make_interval(secs => %(span)s * r2), m, 1 + m %% 20, 'bench', 'talk' || n,
    CASE WHEN n %% 50 = 0 THEN jsonb_build_object('order', n, 'amount', (r2 * 20000)::int, 'currency', 'CNY')
        ELSE jsonb_build_object('text', '今天的手冲豆子到了吗？第 ' || n || ' 单', 'type', 'text', 'is_question', n %% 9 = 0,
            'reply_member', CASE WHEN n %% 5 = 0 THEN 1 + (m * 7) %% %(members)s END) END
FROM (SELECT n, 1 + floor(%(members)s * pow(random(), 1.7))::int AS m, random() AS r2
    FROM generate_series(%(first)s::int, %(last)s::int) n) made
"""

_TAGS = """
INSERT INTO people_membertag (member_id, tag_id, source, added_at)
SELECT n, %(tag)s, 'import', %(start)s FROM generate_series(1, %(members)s) n WHERE n %% 5 = 0
"""


def run(quick: bool = False) -> bool:
    """Measure on an empty installation; ``quick`` takes 100,000 members instead of a million."""
    members, events = (100_000, 400_000) if quick else (1_000_000, 5_000_000)
    with override_settings(CLICKHOUSE_URL=""):
        figures: dict[str, float] = {"members": members, "events": events + members}
        _prepare()
        _fill(1, 10_000, 90_000)
        figures |= _layers(rounds=3 if quick else 7)
        _fill(10_001, members, events, first_event=90_001)
        figures |= _editing(rounds=3 if quick else 9)
        figures |= _live(members, lasting=8 if quick else 30)
        figures["layers_of_all_members_ms"] = 1000 * seconds(_again)
    goals = {
        "layers_10k_members_100k_events_ms": Goal(at_most=1_000),
        "layers_unchanged_ms": Goal(at_most=100),
        "count_all_conditions_new_ms": Goal(at_most=500),
        "count_one_condition_new_ms": Goal(at_most=500),
        "reflected_slowest_ms": Goal(at_most=2_000),
    }
    return finish("segments", figures, goals)


def _prepare() -> None:
    at = clock.now() - timedelta(days=DAYS)
    for number in range(1, 21):
        Community.objects.create(id=number, name=f"群 {number}", type="interest", created_at=at, path=[number])
    group = TagGroup.objects.create(name="偏好")
    Tag.objects.create(group=group, name="深烘", created_at=at)
    for reader in readers.readers():
        readers.ensure_cursors(reader)


def _fill(first: int, last: int, events: int, *, first_event: int = 1) -> None:
    told: dict[str, Any] = {
        "start": clock.now() - timedelta(days=DAYS),
        "span": DAYS * 86_400 - 1,
        "days": DAYS,
        "members": last,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(_MEMBERS, told | {"first": first, "last": last})
        cursor.execute(_JOINS, told | {"first": first, "last": last})
        for begin in range(first_event, first_event + events, CHUNK):
            end = min(begin + CHUNK, first_event + events) - 1
            cursor.execute(_TALK, told | {"first": begin, "last": end})
        cursor.execute("TRUNCATE people_membertag")
        cursor.execute(_TAGS, told | {"tag": Tag.objects.values_list("pk", flat=True).get()})
        cursor.execute("ANALYZE kernel_event, people_member, people_membertag")
    # All of them, or the others would follow all that beside what is measured; last of all those that build on others.
    for reader in sorted(readers.readers(), key=lambda each: each.limit() is not None):
        readers.catch_up(reader)
    # Upkeep as it comes minutes later, here and in the database: millions of rows written at once leave it work for minutes.
    LakeFile.objects.update(created_at=clock.now() - 2 * QUIET)
    compact()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _again() -> None:
    Layering.objects.all().delete()
    work_out_layers(at=clock.now())


def _layers(rounds: int) -> dict[str, float]:
    work_out_layers(at=clock.now())
    changed = [seconds(_again) for _ in range(rounds)]
    unchanged = [seconds(lambda: work_out_layers(at=clock.now())) for _ in range(rounds)]
    return {
        "layers_10k_members_100k_events_ms": 1000 * median(changed),
        "layers_unchanged_ms": 1000 * median(unchanged),
    }


def _rule(number: int = 0) -> dict[str, Any]:
    """Return the rule of the requirements (often there, and has not bought), with a tag, a place and a city."""
    return {
        "all": [
            {"if": "behaviour", "kind": "message.sent", "number": 5 + number, "within": {"last_days": 14}},
            {"not": {"if": "behaviour", "kind": "order.paid", "within": {"last_days": 30}}},
            {"any": [{"if": "tag", "tags": [_tag()]}, {"if": "attribute", "attribute": "city", "values": ["上海"]}]},
            {"if": "membership", "communities": [1, 2, 3, 4, 5]},
        ]
    }


def _tag() -> int:
    return int(Tag.objects.values_list("pk", flat=True).get())


def _editing(rounds: int) -> dict[str, float]:
    whole, changed = [], []
    found = 0
    for number in range(rounds + 1):
        forget()
        rule = read_rule(_rule(number))
        whole.append(seconds(lambda rule=rule: try_rule(rule, community=None, at=clock.now())))  # type: ignore[misc]
        other = read_rule(_rule(number + 100))
        changed.append(seconds(lambda rule=other: try_rule(rule, community=None, at=clock.now())))  # type: ignore[misc]
        found = try_rule(rule, community=None, at=clock.now()).size
    sequence = {
        "if": "sequence",
        "steps": [
            {"kind": "member.joined"},
            {"kind": "message.sent", "within_days": 7},
            {"kind": "order.paid", "is_absent": True},
        ],
    }
    forget()
    asked: Callable[[dict[str, Any]], float] = lambda rule: seconds(  # noqa: E731
        lambda: try_rule(read_rule(rule), community=None, at=clock.now())
    )
    return {
        "people_found": found,
        "count_all_conditions_new_ms": 1000 * median(whole[1:]),
        "count_one_condition_new_ms": 1000 * median(changed[1:]),
        "count_a_sequence_ms": 1000 * asked(sequence),
    }


def _live(members: int, lasting: int) -> dict[str, float]:
    """Append at `RATE`, and time how long it takes until who spoke for the first time today is logged as having come in."""
    at = clock.now()
    kinds = ["message.sent", "order.paid", "member.joined"]
    started = time.perf_counter()
    for number in range(20):
        rule: dict[str, Any] = _rule(number) if number % 2 else {
            "if": "behaviour", "kind": kinds[number % 3], "number": 1 + number // 3, "within": {"last_days": 7 + number},
        }  # fmt: skip
        create_segment(f"人群 {number}", read_rule(rule), community=None, at=at)
    probe = {"if": "behaviour", "kind": "message.sent", "properties": [{"field": "type", "value": "probe"}]}
    create_segment("探针", read_rule(probe), community=None, at=at)
    made = time.perf_counter() - started
    lookout, stopping = Lookout(), threading.Event()
    threads = [
        threading.Thread(target=partial(follow, reader, lookout, stopping, alone=True), daemon=True)
        for reader in readers.readers()
    ]
    spare_what_stays()
    for thread in threads:
        thread.start()
    # The first event meets followers that have just begun; on an installation they run all day.
    (first,), _rate = _append_and_watch(members, STEP)
    waits, rate = _append_and_watch(members, lasting, first_batch=PROBE_EVERY)
    stopping.set()
    for thread in threads:
        thread.join()
    waits.sort()
    return {
        "dynamic_segments": 21,
        "segments_made_in_seconds": made,
        "events_per_second": rate,
        "reflected_first_ms": 1000 * first,
        "reflected_median_ms": 1000 * median(waits),
        "reflected_slowest_ms": 1000 * waits[-1],
    }


def _append_and_watch(members: int, lasting: float, first_batch: int = 0) -> tuple[list[float], float]:
    """Append for as many seconds and return how long each probe took, and the events a second.

    Batches are numbered from ``first_batch``, a multiple of `PROBE_EVERY`: each number has events and members of its own.
    """
    sent: dict[int, float] = {}
    waits: list[float] = []
    began = time.perf_counter()
    batch = first_batch
    size = int(RATE * STEP)
    while (now := time.perf_counter()) < began + lasting or (sent and now < began + lasting + 30):
        if now < began + lasting:
            facts = [_said(batch * size + place, members) for place in range(size)]
            if batch % PROBE_EVERY == 0:
                # Members that nobody else speaks for in this time.
                probe = members - batch
                facts.append(_fact(probe, f"probe{batch}", "probe"))
                sent[probe] = now
            batch += 1
            with transaction.atomic():
                append(facts)
        waits.extend(time.perf_counter() - sent.pop(member) for member in _arrived(sent))
        due = began + (batch - first_batch) * STEP
        time.sleep(max(0.0, due - time.perf_counter()) if now < began + lasting else STEP)
    if sent:
        raise RuntimeError(f"{len(sent)} of {len(sent) + len(waits)} people never came into the segment")
    return waits, (batch - first_batch) * size / lasting


def _arrived(sent: dict[int, float]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member FROM kernel_event WHERE kind = 'segment.entered' AND member = ANY(%s)"
            " AND (data->>'segment')::int = (SELECT max(id) FROM segments_segment)",
            [list(sent)],
        )
        return [member for (member,) in cursor.fetchall()]


def _said(number: int, members: int) -> Fact:
    return _fact(1 + number * 7919 % (members * 9 // 10), f"live{number}", "text")


def _fact(member: int, key: str, type_: str) -> Fact:
    at: datetime = clock.now()
    return Fact(MessageSent("早上好", type_), at, "bench", key, member, 1 + member % 20)
