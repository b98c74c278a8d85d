"""A log of any size for the benchmark of analytics: members who join, talk, check in, open links and buy over ninety days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from liuliang.kernel import clock
from liuliang.kernel.events import Event, event
from liuliang.kernel.readers import catch_up
from liuliang.lake.compaction import QUIET, compact
from liuliang.lake.models import LakeFile
from liuliang.lake.queries import query
from liuliang.lake.sealer import Sealer
from liuliang.people.models import Community

DAYS = 91
COMMUNITIES = 1_000
ZONE = "Asia/Shanghai"
CHUNK = 500_000


@event("bench.check_in", title="check-in", icon="check")
@dataclass(frozen=True, slots=True)
class CheckedIn(Event):
    """A member checked in."""


@event("bench.link_opened", title="link opened", icon="link")
@dataclass(frozen=True, slots=True)
class LinkOpened(Event):
    """A member opened a link."""


@dataclass(frozen=True, slots=True)
class Log:
    """What was made. ``begin`` is local midnight of a Monday; ``end`` the first midnight after."""

    events: int
    members: int
    begin: datetime

    @property
    def end(self) -> datetime:
        """Return the first instant after the log."""
        return self.begin + timedelta(days=DAYS)


# Everybody joins once, in the first sixty days, most of them brought by somebody. A member is heard on few days, some on
# many, between eight and midnight, and says about ten things on such a day; a few members do most.
_JOINS = """
INSERT INTO kernel_event (id, kind, occurred_at, member, community, source, source_id, data)
SELECT gen_random_uuid(), 'member.joined', %(begin)s::timestamptz + make_interval(secs => (hashint4(m) & 65535) * 79),
    m, 1 + m %% %(communities)s, 'bench', 'j' || m,
    jsonb_build_object('inviter', CASE WHEN m %% 4 = 0 OR m < 9 THEN NULL ELSE 1 + floor(m * pow((hashint4(m + 7) & 65535) / 65536.0, 3))::int END,
        'how', CASE m %% 3 WHEN 0 THEN 'code' ELSE 'invite' END)
FROM generate_series(1, %(members)s) m
"""

_ACTS = """
INSERT INTO kernel_event (id, kind, occurred_at, member, community, source, source_id, data)
SELECT gen_random_uuid(), kind, greatest(joined + interval '1 second', date_trunc('milliseconds', at)), m, 1 + m %% %(communities)s,
    'bench', n::text,
    CASE kind WHEN 'message.sent' THEN jsonb_build_object('text', '今天的手冲豆子到了吗？第 ' || n || ' 单', 'type', 'text',
            'links', '[]'::jsonb, 'is_question', n %% 9 = 0, 'reply_to', '', 'reply_member', NULL)
        WHEN 'order.paid' THEN jsonb_build_object('order', n, 'amount', 100 + (r2 * 20000)::int, 'currency', 'CNY', 'product', 'beans')
        ELSE '{}'::jsonb END
FROM (SELECT n, m, r2, joined, CASE WHEN k < 80 THEN 'message.sent' WHEN k < 90 THEN 'bench.check_in'
            WHEN k < 96 THEN 'bench.link_opened' ELSE 'order.paid' END AS kind,
        %(begin)s::timestamptz + make_interval(days => first_day + (hashint4(m * 37 + visit) & 1048575) %% (%(days)s - first_day),
            secs => 28800 + 57599 * r2) AS at
    FROM (SELECT n, m, r2, floor(r3 * 100)::int AS k, floor(r1 * (1 + 30 * pow((hashint4(m) & 65535) / 65536.0, 6)))::int AS visit,
            %(begin)s::timestamptz + make_interval(secs => (hashint4(m) & 65535) * 79) AS joined,
            ((hashint4(m) & 65535) * 79) / 86400 AS first_day
        FROM (SELECT n, 1 + floor(%(members)s * pow(random(), 1.5))::int AS m, random() AS r1, random() AS r2, random() AS r3
            FROM generate_series(%(first)s::int, %(last)s::int) n) thrown) visits) acts
"""


def fill(events: int, members: int) -> Log:
    """Write the log, seal it into the lake and merge its files, as after an import that is some minutes old."""
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday() + DAYS)
    # Midnight in Shanghai, which knows no summer time.
    log = Log(events, members, monday - timedelta(hours=8))
    Community.objects.bulk_create(
        Community(
            id=number, public_id=f"c{number}", name=f"c{number}", path=[number], type="interest", timezone=ZONE,
            created_at=log.begin,
        )
        for number in range(1, COMMUNITIES + 1)
    )  # fmt: skip
    values: dict[str, Any] = {"begin": log.begin, "members": members, "communities": COMMUNITIES, "days": DAYS}
    with connection.cursor() as cursor:
        # What keeps facts unique and finds a member's is not asked for here, and would be most of the work.
        cursor.execute("ALTER TABLE kernel_event DROP CONSTRAINT kernel_event_source")
        cursor.execute("DROP INDEX kernel_event_member")
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(_JOINS, values)
        acts = events - members
        for first in range(0, acts, CHUNK):
            cursor.execute(_ACTS, {**values, "first": first, "last": min(first + CHUNK, acts) - 1})
        cursor.execute("ANALYZE kernel_event")
    catch_up(Sealer())
    ((sealed,),) = query("SELECT count() FROM {events}").rows
    if sealed != events:
        msg = f"{sealed} of {events} events were sealed; a transaction elsewhere holds the log's readers back"
        raise RuntimeError(msg)
    LakeFile.objects.update(created_at=clock.now() - 2 * QUIET)
    while compact():
        pass
    return log
