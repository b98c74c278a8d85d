"""Who is, was or ever has been in communities, since when, in which role, and how they came."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field, model_validator

from liuliang.people.models import Membership
from liuliang.people.ways import WAYS
from liuliang.segments.base import Condition, Config, Context, Names, Refs, TableSet
from liuliang.segments.parameters import Parameters
from liuliang.segments.wording import MOST_DAYS, day_words, joined, least_above_most, listed

STATES = {"in": gettext_lazy("现在在"), "left": gettext_lazy("曾经在、现在不在"), "ever": gettext_lazy("在过")}
ROLES = {"owner": gettext_lazy("群主"), "admin": gettext_lazy("管理员")}


class In(Config):
    """Membership in any of some communities (none named: any at all). Days count from the last join, in local days."""

    state: Literal["in", "left", "ever"] = "in"
    communities: tuple[int, ...] = Field(default=(), max_length=500)
    role: Literal["", "owner", "admin"] = ""
    how: str = Field(default="", max_length=40)
    at_least_days: int | None = Field(default=None, ge=0, le=MOST_DAYS)
    at_most_days: int | None = Field(default=None, ge=0, le=MOST_DAYS)

    @model_validator(mode="after")
    def _leaves_days(self) -> In:
        if self.at_least_days is not None and self.at_most_days is not None and self.at_most_days < self.at_least_days:
            raise least_above_most()
        return self


class MembershipCondition(Condition[In]):
    """Members by the communities they are in."""

    key = "membership"
    title = gettext_lazy("在群")
    group = gettext_lazy("社群")
    icon = "users-group"
    config = In
    choices = {  # noqa: RUF012
        "state": STATES, "role": {"": gettext_lazy("不限"), **ROLES}, "how": {"": gettext_lazy("不限"), **WAYS},
    }  # fmt: skip

    def compiled(self, config: In, context: Context, parameters: Parameters) -> TableSet:
        """Ask the memberships; who left one community of several is still in the others."""
        del parameters
        terms, params = ["true"], dict[str, Any]()
        places = context.places(config.communities)
        if places is not None:
            terms.append("s.community_id = ANY(%(places)s)")
            params["places"] = sorted(places)
        if config.state == "in":
            terms.append("s.is_present")
        elif config.state == "left":
            terms.append("NOT s.is_present")
        if config.role:
            terms.append("s.role = %(role)s")
            params["role"] = config.role
        if config.how:
            terms.append("s.how = %(how)s")
            params["how"] = config.how
        days = (
            "(%(at)s AT TIME ZONE c.timezone)::date"
            " - (coalesce(s.last_joined_at, s.first_seen_at) AT TIME ZONE c.timezone)::date"
        )
        community = ""
        for bound, sign in ((config.at_least_days, ">="), (config.at_most_days, "<=")):
            if bound is not None:
                community = " JOIN people_community c ON c.id = s.community_id"
                terms.append(f"{days} {sign} {bound:d}")
                params["at"] = context.at
        matching = f"people_membership s{community} WHERE {' AND '.join(terms)} {{among}}"
        if config.state == "left":
            # Gone from all of them: somebody who moved on to another of these communities has not left.
            still = "t.community_id = ANY(%(places)s) AND " if places is not None else ""
            matching += f" AND NOT EXISTS (SELECT 1 FROM people_membership t WHERE {still}t.member_id = s.member_id AND t.is_present)"
        return TableSet(f"SELECT s.member_id FROM {matching}", "s.member_id", params)

    def kinds(self, config: In) -> frozenset[str]:
        """Return the kinds that memberships are made of."""
        del config
        return frozenset({"member.joined", "member.left", "member.listed", "member.role_changed", "message.sent"})

    def refs(self, config: In) -> Refs:
        """Return the communities."""
        return Refs(communities=frozenset(config.communities))

    def due_at(self, config: In, context: Context) -> datetime | None:
        """Return the next midnight where days count."""
        counts = config.at_least_days is not None or config.at_most_days is not None
        return context.calendar.next_midnight if counts else None

    def sentence(self, config: In, names: Names) -> str:
        """Say where, as what, how and since when."""
        where = (
            listed([names.community(each) for each in config.communities]) if config.communities else _("任何一个群")
        )
        told = [_("%(state)s%(where)s") % {"state": STATES[config.state], "where": where}]
        if config.role:
            told.append(_("身份是%(role)s") % {"role": ROLES[config.role]})
        if config.how:
            told.append(_("通过「%(how)s」进群") % {"how": WAYS.get(config.how, config.how)})
        if config.at_least_days is not None:
            told.append(_("进群至少 %(days)s 天") % {"days": config.at_least_days})
        if config.at_most_days is not None:
            told.append(_("进群至多 %(days)s 天") % {"days": config.at_most_days})
        return _("，").join(told)

    def fact(self, config: In, member: int, context: Context, names: Names) -> str:
        """Say where the member is or was, and since when."""
        rows = Membership.objects.filter(member=member).order_by("-is_present", "-last_joined_at")
        places = context.places(config.communities)
        if places is not None:
            rows = rows.filter(community__in=places)
        told = []
        for row in rows[:3]:
            since = day_words(row.last_joined_at or row.first_seen_at, context, row.community_id)
            form = _("%(day)s 起在「%(community)s」") if row.is_present else _("%(day)s 进过「%(community)s」，已退群")
            told.append(form % {"day": since, "community": names.community(row.community_id)})
        return joined(_("；").join(told)) or _("没有在这些群里过")


CONDITION = MembershipCondition()
