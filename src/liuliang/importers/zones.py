"""The time zone in which a chat was read before.

A text export tells local times without a zone. A message is known by its instant, so the same file read in another zone is, to
the log, another conversation: every message would count a second time. Whoever imports it is asked first.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import Q

from liuliang.importers.base import Chat, Inspection, sources
from liuliang.importers.models import Import
from liuliang.kernel import clock
from liuliang.people.models import Community, CommunityChat

_MOST_CHATS = 20


def zone_before(row: Import, community: Community | None = None) -> str:
    """Return the zone in which the chat of an import was last read into the community it goes to; empty where it was not.

    Args:
        row: an import that was recognised.
        community: where the chat goes; None for the community that the chat is known to be.
    """
    inspection = msgspec.convert(row.inspection, Inspection)
    if inspection.timezone_known or sources()[row.source].kind != "chat":
        return ""
    for chat in inspection.chats[:_MOST_CHATS]:
        if zone := _zone_of(row, chat, community.pk if community else None):
            return zone
    return ""


def _zone_of(row: Import, chat: Chat, community: int | None) -> str:
    key = chat.key or chat.title
    known = CommunityChat.objects.filter(platform=chat.platform, key=key).values_list("community", flat=True).first()
    goes_to = community or known
    if not key or goes_to is None:
        return ""
    said = [{"platform": chat.platform, "key": chat.key, "title": chat.title}]
    earlier = Import.objects.filter(source=row.source, checkpoint__gt=0, inspection__chats__contains=said)
    there = Q(community=goes_to)
    if goes_to == known:
        # An import that named no community went to the one that the chat is known to be.
        there |= Q(community=None)
    last = earlier.filter(there).exclude(pk=row.pk).order_by("-pk").values_list("timezone", flat=True).first()
    return last or ""


def are_alike(one: str, other: str) -> bool:
    """Tell whether two zones have shown the same clock all through the last year, as Shanghai and Hong Kong do."""
    today = clock.now()
    months = [datetime(today.year - 1, month, 15, tzinfo=today.tzinfo) for month in range(1, 13)]
    first, second = ZoneInfo(one), ZoneInfo(other)
    return all(at.astimezone(first).utcoffset() == at.astimezone(second).utcoffset() for at in months)
