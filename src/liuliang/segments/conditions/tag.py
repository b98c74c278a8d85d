"""Who carries tags: any, all or none of some."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from liuliang.people.models import MemberTag
from liuliang.people.queries import overruled, tags_by_person
from liuliang.segments.base import Condition, Config, Context, Names, Refs, TableSet
from liuliang.segments.parameters import Parameters
from liuliang.segments.wording import MOST_DAYS, listed

_PERSON = "coalesce(record.canonical_id, held.member_id)"

# `liuliang.people.queries.counting` joins the record of each tag. Only those that were merged need be looked up here, and of a
# million members that takes a fifth of the time.
_COUNTING = (
    f"SELECT {_PERSON} FROM people_membertag held"
    " JOIN people_tag tag ON tag.id = held.tag_id JOIN people_taggroup taggroup ON taggroup.id = tag.group_id"
    " LEFT JOIN people_member record ON record.id = held.member_id AND record.canonical_id IS NOT NULL"
    " WHERE held.tag_id = ANY(%(tags)s) AND (held.expires_at IS NULL OR held.expires_at > %(at)s)"
    " AND (NOT taggroup.is_exclusive OR NOT "
    + overruled(person=_PERSON, group="tag.group_id", tag="tag.id", added_at="held.added_at", pk="held.id", at="%(at)s")
    + ")"
)


class Tags(Config):
    """Tags, and how many of them; with ``expires_within_days`` only tags that end within so many days count."""

    tags: tuple[int, ...] = Field(min_length=1, max_length=200)
    match: Literal["any", "all", "none"] = "any"
    expires_within_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)


class TagCondition(Condition[Tags]):
    """Members by their tags. A tag that has expired does not count, nor one overruled in an exclusive group."""

    key = "tag"
    title = gettext_lazy("标签")
    group = gettext_lazy("资料")
    icon = "tag"
    config = Tags
    choices = {  # noqa: RUF012
        "match": {"any": gettext_lazy("有其中之一"), "all": gettext_lazy("全都有"), "none": gettext_lazy("一个都没有")}
    }

    def compiled(self, config: Tags, context: Context, parameters: Parameters) -> TableSet:
        """Ask for the tags that count now, on any record of a person."""
        del parameters
        wanted = sorted(set(config.tags))
        params: dict[str, Any] = {"tags": wanted, "at": context.at}
        select = _COUNTING
        if config.expires_within_days:
            select += " AND held.expires_at <= %(until)s"
            params["until"] = context.at + timedelta(days=config.expires_within_days)
        select += " {among}"
        if config.match == "all" and len(wanted) > 1:
            select += " GROUP BY 1 HAVING count(DISTINCT held.tag_id) = %(count)s"
            params["count"] = len(wanted)
        return TableSet(select, _PERSON, params, is_inverted=config.match == "none")

    def kinds(self, config: Tags) -> frozenset[str]:
        """Return the kinds that put tags on and take them off."""
        del config
        return frozenset({"member.tagged", "member.untagged"})

    def refs(self, config: Tags) -> Refs:
        """Return the tags."""
        return Refs(tags=frozenset(config.tags))

    def due_at(self, config: Tags, context: Context) -> datetime | None:
        """Return when the next of these tags expires, or comes near enough to its end."""
        ending = MemberTag.objects.filter(tag__in=config.tags, expires_at__gt=context.at)
        siblings = Q(tag__group__in=MemberTag.objects.filter(tag__in=config.tags).values("tag__group"))
        ending |= MemberTag.objects.filter(siblings, tag__group__is_exclusive=True, expires_at__gt=context.at)
        instants = [ending.order_by("expires_at").values_list("expires_at", flat=True).first()]
        if config.expires_within_days:
            ahead = timedelta(days=config.expires_within_days)
            later = MemberTag.objects.filter(tag__in=config.tags, expires_at__gt=context.at + ahead)
            far = later.order_by("expires_at").values_list("expires_at", flat=True).first()
            instants.append(far - ahead if far else None)
        return min((instant for instant in instants if instant), default=None)

    def sentence(self, config: Tags, names: Names) -> str:
        """Say which tags."""
        what = listed([names.tag(tag) for tag in config.tags])
        form = {
            "any": _("有标签%(tags)s") if len(config.tags) == 1 else _("有标签%(tags)s之一"),
            "all": _("标签%(tags)s都有"),
            "none": _("没有标签%(tags)s"),
        }[config.match]
        told = form % {"tags": what}
        if config.expires_within_days:
            told += _("（%(days)s 天内到期）") % {"days": config.expires_within_days}
        return told

    def fact(self, config: Tags, member: int, context: Context, names: Names) -> str:
        """Say which of them the member has."""
        held = [
            each.tag.name for each in tags_by_person([member], context.at).get(member, []) if each.tag_id in config.tags
        ]
        del names
        return _("有标签%(tags)s") % {"tags": listed(held)} if held else _("这些标签都没有")


CONDITION = TagCondition()
