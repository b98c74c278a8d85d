"""Where a reader stands before a card: the ground it is asked on for them, or why it is withheld.

A card that follows its dashboard is asked of those communities of the dashboard's that the reader may see, and says so
where that is a part. A card with a community of its own means exactly that one: who may not see all of it sees no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_VIEW, MEMBERS_VIEW, PERMISSIONS
from liuliang.console import errors
from liuliang.console.analysis.ground import Ground, ground_of, query_of
from liuliang.console.dashboards.face import Standing, faces
from liuliang.console.segments.listing import find_segment
from liuliang.dashboards.models import Card, Dashboard
from liuliang.dashboards.questions import read_question
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Community

ASKED = "asked"
"""The parameter that says the address holds a choice of communities, even that of all."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a card shows no figure to somebody."""

    reason: str


def parameters_of(access: Access, dashboard: Dashboard, asked: QueryDict) -> QueryDict:
    """Return what a dashboard is looked at with: what the address asks for, else the dashboard's own branch and period."""
    found = asked.copy()
    for name in list(found):
        if name not in {"community", "charge", "segment", "days", "from", "to", ASKED}:
            del found[name]
    if not {"days", "from"} & found.keys():
        found["days"] = str(dashboard.days)
    if ASKED not in found:
        found.setlist("community", _seen_of(access, dashboard.community) or [])
    return found


def stand(access: Access, card: Card, parameters: QueryDict) -> Standing | Withheld:
    """Return where somebody stands before a card; ``parameters`` are those of `parameters_of`."""
    try:
        question = read_question(card.kind, card.question)
    except Refused as refusal:
        return Withheld(errors.sentence(refusal))
    face = faces()[card.kind]
    needed = face.needs(question)
    for permission in needed:
        if not access.may(permission):
            return Withheld(_("要有“{permission}”的权限才能看。").format(permission=PERMISSIONS[permission].title))
    if question.segment and find_segment(access, MEMBERS_VIEW, question.segment) is None:
        return Withheld(_("这张卡只看一个人群，那个人群已经删除，或者没有分给你。"))
    asked = parameters.copy()
    if card.days is not None:
        for name in ("from", "to"):
            asked.pop(name, None)
        asked["days"] = str(card.days)
    if question.segment:
        asked["segment"] = question.segment
    refused = _place(access, card, asked, needed) if face.has_places else None
    if refused is not None:
        return Withheld(refused)
    try:
        ground = ground_of(access, asked, *needed)
    except Refused as refusal:
        return Withheld(errors.sentence(refusal))
    asked.pop(ASKED, None)
    period = ground.choice.period
    query = query_of(asked, days=None, **{"from": period.first.isoformat(), "to": period.last.isoformat()})
    return Standing(card, question, ground, query, ground.place_words, _part_words(access, card, ground, needed))


def _place(access: Access, card: Card, asked: QueryDict, needed: Sequence[str]) -> str | None:
    """Write the communities of a card into ``asked``; return why it is withheld, if it is."""
    reach = access.community_ids(ANALYTICS_VIEW, *needed)
    if not card.follows:
        if card.community is None:
            asked.setlist("community", [])
        elif reach is not None and card.community.pk not in reach:
            return _not_yours(access, card.community.pk, needed)
        else:
            asked.setlist("community", [card.community.public_id])
        return None
    wanted = asked.getlist("community")
    branch = card.dashboard.community
    if ASKED not in asked and branch is not None:
        seen = _seen_of(access, branch, *needed)
        if not seen:
            return _not_yours(access, branch.pk, needed)
        asked.setlist("community", seen)
    elif wanted:
        known = Community.objects.filter(public_id__in=wanted)
        mine = list((known if reach is None else known.filter(pk__in=reach)).values_list("public_id", flat=True))
        if not mine:
            return _("选的社群没有分给你，所以不显示数字。")
        asked.setlist("community", mine)
    return None


def _seen_of(access: Access, branch: Community | None, *needed: str) -> list[str]:
    """Return the topmost communities of a branch that somebody may see; none for everything they may see."""
    reach = access.community_ids(ANALYTICS_VIEW, *needed)
    if branch is None:
        return []
    if reach is None or branch.pk in reach:
        return [branch.public_id]
    rows = list(
        Community.objects.filter(path__contains=[branch.pk], pk__in=reach).values_list("pk", "public_id", "path")
    )
    ids = {row[0] for row in rows}
    return [public_id for pk, public_id, path in rows if not ids & (set(path) - {pk})]


def _not_yours(access: Access, community: int, needed: Sequence[str]) -> str:
    for permission in needed:
        if not access.may(permission, community):
            return _("在这张卡看的社群里，你没有“{permission}”的权限，所以不显示数字。").format(
                permission=PERMISSIONS[permission].title
            )
    return _("这张卡看的社群没有分给你，所以不显示数字。要看的话，请管理员把那个社群分给你。")


def _part_words(access: Access, card: Card, ground: Ground, needed: Sequence[str]) -> str:
    """Return how much of what a card speaks of the reader sees, where that is not all."""
    if access.community_ids(ANALYTICS_VIEW, *needed) is None:
        return ""
    mine = len(ground.types)
    if not card.follows and card.community is not None:
        return ""
    branch = card.dashboard.community if card.follows else None
    if branch is not None:
        of = Community.objects.filter(path__contains=[branch.pk], is_group=True).count()
        return _("只含你能看的 {n} 个群").format(n=mine) if mine < of else ""
    return "" if ground.chosen else _("你能看的 {n} 个群").format(n=mine)
