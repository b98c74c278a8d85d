"""Server time of the overview, of communities and of metrics over a large log: remembering nothing, after news, and again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from liuliang.accounts.models import Staff
from liuliang.analytics import remembering
from liuliang.analytics.base import metrics
from liuliang.bench.report import Goal, finish, seconds
from liuliang.kernel import clock
from liuliang.kernel.garbage import spare_what_stays
from liuliang.kernel.readers import catch_up, readers
from liuliang.lake.compaction import QUIET, compact
from liuliang.people.models import Community, Member

DAYS = 180
LIMIT = 300.0
"""Milliseconds of server time at the 95th percentile."""

CARDS = ("sold", "speakers", "silence", "newcomers", "hours", "conversation", "words", "links", "orders")

_SENTENCES = (
    "今天的牛奶到了吗", "团购什么时候截止？", "收到了，很新鲜", "这个豆子适合手冲", "请问怎么加入打卡", "我家孩子特别爱吃",
    "有没有人一起拼单", "周末的活动报名了", "https://example.com/p/{n} 看看这个", "谢谢老师", "价格比上次贵了一点", "已经下单",
    "哈哈哈哈", "明天可以自提吗？", "课程回放在哪里看", "推荐大家试试冷萃", "晚点再说", "这个链接打不开", "第 {n} 天打卡", "群里有上海的吗",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Size:
    """How large the log is."""

    events: int
    members: int
    communities: int


def run(*, quick: bool) -> None:
    """Fill a log, let projections and lake follow it, and time whole requests inside this process.

    Each page is asked for three times: with nothing remembered, as in a process that has just started; after a message has
    come into the log and all readers have followed, without the patience for answers a little older; and again. Metrics are
    asked for once each, remembering nothing, without a goal. Requests run one after another, with all middleware, templates
    and the sign-in of a real staff member.
    """
    size = _Size(200_000, 10_000, 50) if quick else _Size(10_000_000, 200_000, 1_000)
    _fill(size, patient=not quick)
    client = _signed_in()
    # As the web server's processes do once they have imported the views.
    client.get(reverse("console:overview"), HTTP_HOST="localhost")
    spare_what_stays()
    remembering.PATIENCE = 0.0
    rounds = 5 if quick else 20
    figures: dict[str, float] = {"events": size.events, "members": size.members, "communities": size.communities}
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(rows) FROM lake_lakefile WHERE \"table\" = 'member_day' AND retired_at IS NULL")
        figures["rows of member_day"] = float(cursor.fetchone()[0])
    dice = random.Random(1)  # noqa: S311 - a choice of pages
    pages = list(Community.objects.order_by("id").values_list("public_id", flat=True))
    chosen = [dice.choice(pages) for _round in range(rounds)]
    for days in (7, 30, 90):
        ask = _asking(client, [f"{reverse('console:overview')}?days={days}"] * rounds)
        figures |= _timed(f"overview, {days} days", ask)
    figures |= _timed(
        "overview, communities",
        _asking(client, [reverse("console:overview")] * rounds, part="overview"),
        after=_asking(client, [reverse("console:overview")]),
    )
    figures |= _timed("overview, sold", _asking(client, [reverse("console:overview-sold")] * rounds))
    figures |= _timed("overview, what needs a person", _asking(client, [reverse("console:attention")] * rounds))
    for days in (7, 30, 90):
        addresses = [f"{reverse('console:community', args=[each])}?days={days}" for each in chosen]
        figures |= _timed(f"community, {days} days", _asking(client, addresses))
    for card in CARDS:
        addresses = [reverse(f"console:community-{card}", args=[each]) for each in chosen]
        figures |= _timed(f"community, {card}", _asking(client, addresses))
    timed = [name for name in figures if name.endswith("p95 ms")]
    for each in metrics():
        cache.clear()
        (page,) = _asking(client, [f"{reverse('console:metric', args=[each.key])}?days=90"])
        figures[f"metric {each.key}, 90 days, cold, ms"] = 1000 * seconds(page)
    finish("console", figures, {name: Goal(at_most=LIMIT) for name in timed})


def _asking(client: Client, addresses: Sequence[str], *, part: str = "") -> Sequence[Callable[[], None]]:
    headers = {"HX-Request": "true", "HX-Target": f"section#list-{part}"} if part else {}

    def ask(address: str) -> Callable[[], None]:
        def once() -> None:
            response = client.get(address, HTTP_HOST="localhost", headers=headers)
            if response.status_code != 200:
                raise RuntimeError(f"{address} answered {response.status_code}")

        return once

    return [ask(address) for address in addresses]


def _timed(
    name: str, requests: Sequence[Callable[[], None]], *, after: Sequence[Callable[[], None]] = ()
) -> dict[str, float]:
    """Return the 95th percentile of each request with nothing remembered, after news, and again, in milliseconds.

    ``after`` is what a browser has asked before: the page that a part belongs to.
    """
    states: dict[str, Callable[[], object]] = {"cold": cache.clear, "after news": _news, "again": lambda: None}
    times: dict[str, list[float]] = {state: [] for state in states}
    requests[0]()
    for request in requests:
        for state, begin in states.items():
            begin()
            for before in after:
                before()
            started = time.perf_counter()
            request()
            times[state].append((time.perf_counter() - started) * 1000)
    return {f"{name}, {state}, p95 ms": _p95(found) for state, found in times.items()}


def _news() -> None:
    """Have somebody say something now, let every reader follow, and merge what is due, as every minute."""
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGE)
    for reader in readers():
        catch_up(reader)
    compact()


def _p95(times: Sequence[float]) -> float:
    ordered = sorted(times)
    return ordered[-(-95 * len(ordered) // 100) - 1]


def _signed_in() -> Client:
    staff = Staff.objects.create(email="owner@example.com", name="老板", is_owner=True, created_at=clock.now())
    client = Client()
    client.force_login(staff, backend="liuliang.accounts.signin.StaffBackend")
    return client


def _fill(size: _Size, *, patient: bool) -> None:
    """Write communities, members and events by SQL, then let every reader follow."""
    now = clock.now()
    Community.objects.bulk_create(
        Community(
            id=number, public_id=f"c{number}", name=f"社群 {number}", path=[number], type="interest", created_at=now
        )
        for number in range(1, size.communities + 1)
    )
    Member.objects.bulk_create(
        (
            Member(id=number, public_id=f"m{number}", name=f"成员 {number}", created_at=now)
            for number in range(1, size.members + 1)
        ),
        batch_size=10_000,
    )
    values: dict[str, Any] = {
        "begin": now - timedelta(days=DAYS),
        "members": size.members,
        "communities": size.communities,
        "days": DAYS,
        "sentences": list(_SENTENCES),
        "orders": size.events // 25,
    }
    for statement in (_JOINS, _LEAVES, _ORDERS, _ORDER_EVENTS):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kernel_event")
        missing = size.events - int(cursor.fetchone()[0])
    chunk = 0
    while missing > 0:
        chunk += 1
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_MESSAGES, {**values, "chunk": chunk, "most": min(missing, 500_000)})
            missing -= cursor.rowcount
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for reader in readers():
        catch_up(reader)
    if patient:
        # The months are merged whole once nothing has come into them for a while, as in any installation.
        time.sleep(QUIET.total_seconds() + 1)
    compact()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


# Everyone has a home community; every third member talks in a second one too.
_HOME = "1 + member %% %(communities)s"

_JOINS = f"""
INSERT INTO kernel_event (id, kind, occurred_at, member, community, source, source_id, data)
SELECT gen_random_uuid(), 'member.joined', %(begin)s + random() * %(days)s * interval '1 day', member, {_HOME},
    'bench', 'j' || member, '{{"inviter": null, "how": "invite"}}'
FROM generate_series(1, %(members)s) member WHERE member %% 3 != 1
"""

_LEAVES = f"""
INSERT INTO kernel_event (id, kind, occurred_at, member, community, source, source_id, data)
SELECT gen_random_uuid(), 'member.left', %(begin)s + random() * %(days)s * interval '1 day', member, {_HOME},
    'bench', 'l' || member, '{{"by": null}}'
FROM generate_series(1, %(members)s) member WHERE member %% 4 = 0
"""

_ORDERS = """
INSERT INTO commerce_order (source, number, member_id, at, amount, refunded, currency, product, quantity, status)
SELECT 'bench', n::text, 1 + floor(%(members)s * power(random(), 2))::int,
    %(begin)s + random() * %(days)s * interval '1 day', 1000 + floor(random() * 40000)::int, 0, 'CNY',
    '商品 ' || (1 + floor(random() * 50))::int, 1, 'paid'
FROM generate_series(1, %(orders)s) n
"""

_ORDER_EVENTS = """
INSERT INTO kernel_event (id, kind, occurred_at, member, source, source_id, data)
SELECT gen_random_uuid(), 'order.paid', at, member_id, 'bench', 'o' || number,
    jsonb_build_object('order', id, 'amount', amount, 'currency', currency, 'product', product, 'quantity', 1)
FROM commerce_order
"""

# People come by, say a few things within minutes, and come back another day; a few talk most.
_MESSAGES = """
WITH visits AS (
    SELECT visit, 1 + floor(%(members)s * power(random(), 2.2))::int AS member,
        %(begin)s + power(random(), 0.9) * (%(days)s - 0.1) * interval '1 day' AS at,
        1 + floor(-ln(1 - random()) * 3.5)::int AS said, random() < 0.2 AS elsewhere
    FROM generate_series(1, 130000) visit
), messages AS (
    SELECT visit, member, at + place * interval '40 seconds' AS at, place,
        CASE WHEN elsewhere AND member %% 3 = 0 THEN 1 + member * 7 %% %(communities)s ELSE 1 + member %% %(communities)s END
            AS community,
        replace((%(sentences)s::text[])[1 + floor(random() * cardinality(%(sentences)s::text[]))::int], '{n}',
            (visit %% 90)::text) AS said
    FROM visits, generate_series(1, said) place LIMIT %(most)s
)
INSERT INTO kernel_event (id, kind, occurred_at, member, community, source, source_id, data)
SELECT gen_random_uuid(), 'message.sent', at, member, community, 'bench',
    'm' || %(chunk)s || '-' || visit || '-' || place,
    jsonb_build_object('text', said, 'type', 'text', 'links',
        CASE WHEN said LIKE 'https%%' THEN jsonb_build_array(split_part(said, ' ', 1)) ELSE '[]'::jsonb END,
        'reply_to', '', 'reply_member', null, 'mentions', '[]'::jsonb,
        'is_question', said LIKE '%%？' OR said LIKE '请问%%', 'is_recalled', false)
FROM messages
"""

_MESSAGE = """
INSERT INTO kernel_event (id, kind, occurred_at, member, community, source, source_id, data)
SELECT gen_random_uuid(), kind, now(), member, community, source, 'n' || gen_random_uuid(), data
FROM kernel_event WHERE kind = 'message.sent' ORDER BY position DESC LIMIT 1
"""
