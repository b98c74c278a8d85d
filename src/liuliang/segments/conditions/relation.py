"""Who answered, was answered by, invited or was invited by people of a segment."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray
from pydantic import Field
from pyroaring import BitMap

from liuliang.lake.bitmaps import from_ids
from liuliang.lake.queries import query_sets
from liuliang.segments.base import Condition, Config, Context, Names, ReadySet, Refs, Touched
from liuliang.segments.parameters import Parameters
from liuliang.segments.tables import read_columns
from liuliang.segments.wording import Within, joined

RELATIONS = {
    "replied_to": gettext_lazy("回复过"),
    "replied_by": gettext_lazy("被回复过"),
    "invited_by": gettext_lazy("被邀请进群"),
    "invited": gettext_lazy("邀请过"),
}
"""What may tie a member to the people of a segment, by its stored name."""


class Relation(Config):
    """A tie to the people of a segment; the window applies to replies and to the last join."""

    relation: Literal["replied_to", "replied_by", "invited_by", "invited"] = "replied_to"
    segment: int = Field(ge=1)
    within: Within = Within()


class RelationCondition(Condition[Relation]):
    """Members tied to the people of a segment. Nobody is tied to themselves."""

    key = "relation"
    title = gettext_lazy("与某些人的关系")
    group = gettext_lazy("关系")
    icon = "arrows-exchange"
    config = Relation
    choices = {"relation": RELATIONS}  # noqa: RUF012

    def compiled(self, config: Relation, context: Context, parameters: Parameters) -> ReadySet:
        """Ask for the ties of these people."""
        del parameters
        people = context.held.get(config.segment, BitMap())
        if not people:
            return ReadySet(BitMap())
        if config.relation in {"replied_to", "replied_by"}:
            return ReadySet(_replies(config, people, context))
        return ReadySet(_invitations(config, people, context))

    def kinds(self, config: Relation) -> frozenset[str]:
        """Return the kind that makes the tie."""
        if config.relation in {"replied_to", "replied_by"}:
            return frozenset({"message.sent"})
        return frozenset({"member.joined"})

    def touched(self, config: Relation, touched: Touched) -> BitMap | None:
        """Return everybody where a tie was made or somebody became another person: one side is in a set of its own."""
        return None if touched.of(self.kinds(config)) else BitMap()

    def refs(self, config: Relation) -> Refs:
        """Return the segment."""
        return Refs(segments=frozenset({config.segment}))

    def due_at(self, config: Relation, context: Context) -> datetime | None:
        """Return the next midnight where the window moves."""
        return context.calendar.next_midnight if config.within.moves else None

    def sentence(self, config: Relation, names: Names) -> str:
        """Say the tie."""
        form = {
            "replied_to": _("回复过「%(segment)s」里的人"),
            "replied_by": _("被「%(segment)s」里的人回复过"),
            "invited_by": _("由「%(segment)s」里的人邀请进群"),
            "invited": _("邀请过「%(segment)s」里的人"),
        }[config.relation]
        return joined(config.within.words(), form % {"segment": names.segment(config.segment)})

    def fact(self, config: Relation, member: int, context: Context, names: Names) -> str:
        """Say whether there is such a tie."""
        del names
        tied = self.compiled(config, context, Parameters()).members
        return _("有这样的往来") if member in tied else _("没有这样的往来")


def _replies(config: Relation, people: BitMap, context: Context) -> BitMap:
    parameters = Parameters()
    mine, theirs = ("member", "other") if config.relation == "replied_to" else ("other", "member")
    where = (
        f"kind = 'message.sent' AND other != 0 AND member != 0 AND other != member"
        f" AND {context.places_sql((), parameters)} AND {config.within.instants_sql(context, parameters)}"
        f" AND {theirs} IN {parameters.numbers(people)}"
    )
    (found,) = query_sets(f"SELECT groupBitmapState({mine}) FROM {{events}} WHERE {where}", parameters.values)
    return found


def _invitations(config: Relation, people: BitMap, context: Context) -> BitMap:
    terms, params = ["coalesce(i.canonical_id, i.id) <> s.member_id"], dict[str, Any]()
    if context.branch is not None:
        terms.append("s.community_id = ANY(%(branch)s)")
        params["branch"] = sorted(context.branch)
    day = "(s.last_joined_at AT TIME ZONE c.timezone)::date"
    within = config.within
    if within.last_days:
        terms.append(f"(%(at)s AT TIME ZONE c.timezone)::date - {day} BETWEEN 0 AND {within.last_days - 1:d}")
        params["at"] = context.at
    for bound, sign, name in ((within.since, ">=", "since"), (within.until, "<=", "until")):
        if bound:
            terms.append(f"{day} {sign} %({name})s")
            params[name] = bound
    guests, hosts = read_columns(
        "SELECT s.member_id, coalesce(i.canonical_id, i.id) FROM people_membership s"
        " JOIN people_member i ON i.id = s.inviter JOIN people_community c ON c.id = s.community_id"
        f" WHERE {' AND '.join(terms)}",
        params,
        columns=2,
    )
    mine, theirs = (guests, hosts) if config.relation == "invited_by" else (hosts, guests)
    return _chosen(mine, theirs, people)


def _chosen(mine: NDArray[Any], theirs: NDArray[Any], people: BitMap) -> BitMap:
    tied = np.isin(theirs, np.array(people.to_array(), dtype="i8"))
    return from_ids(mine[tied])


CONDITION = RelationCondition()
