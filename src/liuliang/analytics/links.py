"""Which links were shared, by how many people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import Period
from liuliang.analytics.remembering import remembered_within
from liuliang.analytics.scopes import Scope, instants_of
from liuliang.lake.queries import query
from liuliang.lake.tables import EVENT

AT_MOST = 200_000
"""Messages looked through, the latest ones."""

LINKS = Definition(
    "links",
    _("分享了哪些链接"),
    _(
        "期内消息里出现的网址，同一条消息里重复的只算一次；问号后面的跟踪参数不同算不同的链接。撤回的消息不算；最多看最近 20 万条消息。"
    ),
    _("次"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """An address, how many messages shared it, how many people, and when last."""

    address: str
    messages: int
    people: int
    last_at: datetime


@remembered_within(EVENT, instants_of)
def links(scope: Scope, period: Period, limit: int = 10) -> tuple[Link, ...]:
    """Return the addresses that most messages of ``period`` shared."""
    during, values = scope.during(period)
    rows = query(
        # Conditions on the payload stay outside of the LIMIT: inside, the payload of every community would be read.
        "SELECT link, count(), uniqExact(member), max(occurred_at) FROM ("
        " SELECT member, occurred_at, arrayJoin(arrayDistinct(JSONExtract(data, 'links', 'Array(String)'))) AS link"
        f" FROM (SELECT member, occurred_at, data FROM {{events}} WHERE kind = 'message.sent' AND {during}"
        " ORDER BY occurred_at DESC LIMIT {read:UInt32})"
        " WHERE position(data, '://') > 0 AND NOT JSONExtractBool(data, 'is_recalled'))"
        " GROUP BY link ORDER BY count() DESC, max(occurred_at) DESC, link LIMIT {most:UInt32}",
        {**values, "most": limit, "read": AT_MOST},
    ).rows
    return tuple(Link(row[0], int(row[1]), int(row[2]), row[3]) for row in rows)
