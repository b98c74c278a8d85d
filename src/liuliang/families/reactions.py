"""What the log tells of people who were asked over: that they came. Never on a replay."""

from __future__ import annotations

from typing import ClassVar

from django.db import connection

from liuliang.families.models import Invitation
from liuliang.families.services import arrive
from liuliang.kernel.reactions import Reaction
from liuliang.kernel.readers import Window


class Arrivals(Reaction):
    """Note who came into a group of the tier they were asked into.

    Not every platform tells that somebody joins: to be on a group's list or to speak there tells it as well.
    """

    name = "families.arrivals"
    shards = 1
    kinds: ClassVar[tuple[str, ...]] = ("member.joined", "member.listed", "message.sent")

    def rests(self) -> bool:
        """Tell whether nobody is awaited."""
        return not Invitation.objects.filter(state="invited").exists()

    def apply(self, window: Window) -> None:
        """Note the window's arrivals."""
        condition, params = window.where()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT ON (i.id) i.id, e.community, e.occurred_at FROM kernel_event e"
                " JOIN people_member m ON m.id = e.member"
                " JOIN families_tiergroup g ON g.community_id = e.community"
                " JOIN families_invitation i ON i.tier_id = g.tier_id AND i.state = 'invited' AND e.occurred_at >= i.invited_at"
                " JOIN people_member asked ON asked.id = i.member_id"
                " AND coalesce(asked.canonical_id, asked.id) = coalesce(m.canonical_id, m.id)"
                f" WHERE {condition} ORDER BY i.id, e.occurred_at, e.position",
                params,
            )
            arrivals = [(invitation, community, at) for invitation, community, at in cursor.fetchall()]
        if arrivals:
            arrive(arrivals)
