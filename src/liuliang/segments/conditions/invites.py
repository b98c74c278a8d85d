"""Who brought others, and how many of them stayed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field
from pyroaring import BitMap

from liuliang.segments.base import Condition, Config, Context, Names, Refs, TableSet, Touched
from liuliang.segments.parameters import Parameters
from liuliang.segments.tables import read_members
from liuliang.segments.wording import COMPARISONS, MOST_DAYS, OPPOSITES, SIGNS, Compare, joined, places_words

_PRESENCE = ("member.joined", "member.left", "member.listed", "message.sent")


class Invites(Config):
    """People whose last join was on this member's invitation; ``who`` may count only those still there."""

    who: Literal["invited", "stayed"] = "invited"
    compare: Compare = "at_least"
    number: int = Field(default=1, ge=0, le=1_000_000)
    communities: tuple[int, ...] = Field(default=(), max_length=500)
    last_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)


class InvitesCondition(Condition[Invites]):
    """Members by how many people they invited. A person who was invited twice counts once."""

    key = "invites"
    title = gettext_lazy("邀请")
    group = gettext_lazy("关系")
    icon = "user-share"
    config = Invites
    choices = {  # noqa: RUF012
        "who": {"invited": gettext_lazy("邀请来的人"), "stayed": gettext_lazy("邀请来、还在的人")},
        "compare": COMPARISONS,
    }

    def compiled(self, config: Invites, context: Context, parameters: Parameters) -> TableSet:
        """Count the memberships that name the member as who invited."""
        del parameters
        condition, params = _counted(config, context)
        inverted = config.compare == "at_most" or config.number == 0
        sign = OPPOSITES[config.compare] if inverted else SIGNS[config.compare]
        select = (
            f"SELECT coalesce(i.canonical_id, i.id) FROM people_membership s JOIN people_member i ON i.id = s.inviter"
            f"{_JOINS} WHERE {condition} {{among}} GROUP BY 1 HAVING count(DISTINCT s.member_id) {sign} {config.number:d}"
        )
        return TableSet(select, "coalesce(i.canonical_id, i.id)", params, is_inverted=inverted)

    def kinds(self, config: Invites) -> frozenset[str]:
        """Return the kinds that bring people, or move them in and out."""
        del config
        return frozenset(_PRESENCE)

    def touched(self, config: Invites, touched: Touched) -> BitMap | None:
        """Return those who invited the members of these events, now or before."""
        del config
        moved = touched.of(_PRESENCE)
        if not moved:
            return moved
        inviters = read_members(
            "SELECT DISTINCT coalesce(i.canonical_id, i.id) FROM people_membership s JOIN people_member i ON i.id = s.inviter"
            " WHERE s.member_id = ANY(%(moved)s)",
            {"moved": list(moved)},
        )
        # The last join counts: an earlier inviter loses whom another brought again, and is named by the earlier event.
        earlier = read_members(
            "SELECT DISTINCT coalesce(i.canonical_id, i.id) FROM kernel_event e"
            " JOIN people_member i ON i.id = (e.data->>'inviter')::int"
            " WHERE e.member IN (SELECT r.id FROM people_member r WHERE r.id = ANY(%(moved)s) OR r.canonical_id = ANY(%(moved)s))"
            " AND e.kind = 'member.joined'",
            {"moved": list(touched.of(("member.joined",)))},
        )
        return inviters | earlier | touched.others_of(("member.joined",)) | touched.entirely

    def refs(self, config: Invites) -> Refs:
        """Return the communities."""
        return Refs(communities=frozenset(config.communities))

    def due_at(self, config: Invites, context: Context) -> datetime | None:
        """Return the next midnight where the window moves."""
        return context.calendar.next_midnight if config.last_days else None

    def sentence(self, config: Invites, names: Names) -> str:
        """Say how many came, or stayed."""
        form = _("邀请来的人%(compare)s %(count)s 个")
        if config.who == "stayed":
            form = _("邀请来、现在还在的人%(compare)s %(count)s 个")
        told = form % {"compare": COMPARISONS[config.compare], "count": config.number}
        within = _("近 %(days)s 天") % {"days": config.last_days} if config.last_days else ""
        return joined(within, places_words(config.communities, names), told)

    def fact(self, config: Invites, member: int, context: Context, names: Names) -> str:
        """Say how many the member brought."""
        del names
        condition, params = _counted(config, context)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(DISTINCT s.member_id) FROM people_membership s JOIN people_member i ON i.id = s.inviter"
                f"{_JOINS} WHERE {condition} AND coalesce(i.canonical_id, i.id) = %(member)s",
                {**params, "member": member},
            )
            (count,) = cursor.fetchone() or (0,)
        form = _("邀请来、还在的有 %(count)s 人") if config.who == "stayed" else _("邀请来 %(count)s 人")
        return form % {"count": count}


_JOINS = " JOIN people_community c ON c.id = s.community_id"


def _counted(config: Invites, context: Context) -> tuple[str, dict[str, Any]]:
    terms, params = ["s.member_id <> coalesce(i.canonical_id, i.id)"], dict[str, Any]()
    places = context.places(config.communities)
    if places is not None:
        terms.append("s.community_id = ANY(%(places)s)")
        params["places"] = sorted(places)
    if config.who == "stayed":
        terms.append("s.is_present")
    if config.last_days:
        terms.append(
            "(%(at)s AT TIME ZONE c.timezone)::date - (s.last_joined_at AT TIME ZONE c.timezone)::date"
            f" BETWEEN 0 AND {config.last_days - 1:d}"
        )
        params["at"] = context.at
    return " AND ".join(terms), params


CONDITION = InvitesCondition()
