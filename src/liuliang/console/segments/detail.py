"""One segment: how it grew, whom it shares with others, who is in it, and why somebody is or is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import ANALYTICS_VIEW, MEMBERS_VIEW, SEGMENTS_EDIT
from liuliang.console import errors
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground
from liuliang.console.choosing import chosen_member, people_named
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.segments.editor import hidden_from
from liuliang.console.segments.listing import KINDS, find_segment, kind_of
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.lake.zones import default_zone
from liuliang.people.access import Access
from liuliang.people.models import Member
from liuliang.segments.checking import broken
from liuliang.segments.models import Segment
from liuliang.segments.naming import StoredNames
from liuliang.segments.queries import Finding, Region, explain, growth, members_of, overlap, rule_of, sample, visible
from liuliang.segments.rules import All, Leaf, Not, Rule, Some
from liuliang.segments.services import delete_segment
from liuliang.ui.charts import Chart, Mark, Series

DAYS = 90
OTHERS = 2
"""How many others a picture of overlap holds beside the segment itself."""

CAUSES = {
    "event": gettext_lazy("因为做了什么"),
    "time": gettext_lazy("因为时间到了"),
    "rule": gettext_lazy("因为规则改了"),
}

# Where the number of each part stands in the picture, by which circles it lies in; for two circles and for three.
_SPOTS = {
    2: {(0,): (85, 110), (1,): (235, 110), (0, 1): (160, 110)},
    3: {
        (0,): (85, 75), (1,): (235, 75), (2,): (160, 215), (0, 1): (160, 70), (0, 2): (112, 150), (1, 2): (208, 150),
        (0, 1, 2): (160, 120),
    },
}  # fmt: skip
_CIRCLES = {2: ((115, 110), (205, 110)), 3: ((115, 90), (205, 90), (160, 165))}
_RADIUS = 78


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a rule in words: how deep it stands, what joins what is below it, or the condition."""

    depth: int
    text: str
    is_group: bool


@dataclass(frozen=True, slots=True)
class Spot:
    """A part of the picture of overlap: where its number stands, how many, who they are in words, and where they are listed."""

    x: int
    y: int
    size: int
    words: str
    url: str


@page(permission=MEMBERS_VIEW)
def segment(request: StaffRequest, segment: Segment) -> HttpResponse:
    """Show a segment."""
    members = members_of(segment)
    rule = rule_of(segment)
    refused = broken(rule) if rule else None
    others = _others(request.access, request.GET, segment)
    may_edit = request.access.may(SEGMENTS_EDIT, segment.community) if segment.community else (
        request.access.may_everywhere(SEGMENTS_EDIT)
    )  # fmt: skip
    may_list = request.access.may(ANALYTICS_VIEW)
    context = {
        "segment": segment,
        "kind": KINDS[kind_of(segment)],
        "lines": rule_lines(rule) if rule else [],
        "broken": errors.sentence(refused) if refused else "",
        "growth": growth_chart(segment),
        "days": [day for day in growth(segment, days=14, at=clock.now()) if day.entered or day.left],
        "sample": [(shown_name(one), member_url(one), one) for one in sample(members, 12)],
        "members_url": behind_url("segment", "", segment=segment.public_id),
        "may_list": may_list,
        "may_edit": may_edit,
        "others": others,
        "choices": visible(request.access, MEMBERS_VIEW).exclude(pk=segment.pk).order_by("name"),
        "circles": list(zip(_CIRCLES[len(others) + 1], [segment, *others], strict=True)) if others else [],
        "spots": _spots([segment, *others], may_list=may_list) if others else [],
        "radius": _RADIUS,
    }
    return render(request, "console/segments/detail.html", context)


@page(permission=MEMBERS_VIEW)
def why(request: StaffRequest, segment: Segment) -> HttpResponse:
    """Find a member by name and say, condition by condition, why they are in or out."""
    text = request.GET.get("q", "")
    member = chosen_member(request, request.GET.get("member", ""))
    context = {
        "segment": segment,
        "q": text,
        "found": people_named(request, text) if member is None else [],
        "member": member,
        "name": shown_name(member) if member else "",
        "is_in": member is not None and member.pk in members_of(segment),
        "finding": _finding(segment, member) if member else None,
        "has_rule": bool(segment.rule),
        "may_know": _may_know(request.access, segment),
    }
    return render(request, "console/segments/why.html", context)


@page(permission=SEGMENTS_EDIT, methods=("POST",))
def remove(request: StaffRequest, segment: Segment) -> HttpResponse:
    """Delete a segment."""
    delete_segment(segment, at=clock.now())
    return back(request, reverse("console:segments"), _("人群已删除。"))


def rule_lines(rule: Rule) -> list[Line]:
    """Return a rule as indented lines."""
    names = StoredNames()
    lines: list[Line] = []

    def tell(part: Rule, depth: int, negated: bool) -> None:
        match part:
            case Leaf():
                words = part.condition.sentence(part.config, names)
                lines.append(Line(depth, _("不是：%(what)s") % {"what": words} if negated else words, is_group=False))
            case Not(inner):
                tell(inner, depth, not negated)
            case All(parts) | Some(parts):
                lines.append(Line(depth, joiner(isinstance(part, All), negated), is_group=True))
                for inner in parts:
                    tell(inner, depth + 1, negated=False)

    tell(rule, 0, negated=False)
    return lines


def joiner(is_all: bool, negated: bool) -> str:
    """Return what joins the parts of a group, in words."""
    if negated:
        return _("不同时满足：") if is_all else _("一个都不满足：")
    return _("同时满足：") if is_all else _("满足任意一个：")


def _finding(segment: Segment, member: Member) -> Finding | None:
    rule = rule_of(segment)
    if rule is None:
        return None
    return explain(rule, member.pk, community=segment.community_id, at=clock.now(), names=StoredNames())


def _may_know(access: Access, segment: Segment) -> bool:
    """Tell whether the facts may be told: where one may see all that the rule speaks of, such as the branch's orders."""
    rule = rule_of(segment)
    return rule is None or not hidden_from(access, rule, segment.community)


def growth_chart(segment: Segment) -> Chart:
    """Return how large a segment was on each of the last days."""
    days = growth(segment, days=DAYS, at=clock.now())
    return Chart(
        "growth",
        _("这群人变多了还是变少了？"),
        "area",
        [day.day.isoformat() for day in days],
        [Series("members", _("人数"), [day.size for day in days])],
        definition=_("每天结束时在人群里的人数；从建好那天起记。自动更新的人群，有人进出就会变。"),
        label_title=_("日期"),
        unit=_("人"),
        marks=[Mark(_("规则修改"), clock.local_day(segment.changed_at, default_zone()).isoformat())]
        if segment.changed_at - segment.created_at > timedelta(days=1)
        else (),
    )


def _others(access: Access, parameters: QueryDict, segment: Segment) -> list[Segment]:
    """Return the segments that one is compared with, of those somebody may see."""
    found: list[Segment] = []
    for value in parameters.getlist("with")[:OTHERS]:
        one = find_segment(access, MEMBERS_VIEW, value) if value else None
        if one is not None and one not in (segment, *found):
            found.append(one)
    return found


def _spots(segments: list[Segment], *, may_list: bool) -> list[Spot]:
    places = _SPOTS[len(segments)]
    compared = urlencode([("with", one.public_id) for one in segments[1:]])
    spots = []
    for region in overlap([members_of(one) for one in segments]):
        inside = ".".join(map(str, region.inside))
        url = behind_url("segment", compared, segment=segments[0].public_id, inside=inside)
        words = _region_words(region, segments)
        spots.append(Spot(*places[region.inside], len(region.members), words, url if may_list else ""))
    return spots


def _region_words(region: Region, segments: list[Segment]) -> str:
    names = _("、").join(segments[place].name for place in region.inside)
    if len(region.inside) == 1:
        return _("只在“%(name)s”") % {"name": names}
    return _("同时在“%(names)s”") % {"names": names}


def _named(access: Access, parameters: QueryDict) -> Segment:
    found: Segment | None = find_segment(access, MEMBERS_VIEW, parameters.get("segment", ""))
    if found is None:
        raise Refused("segment.segment_gone")
    return found


def _words(access: Access, parameters: QueryDict) -> str:
    asked = _compared(parameters)
    found = dict(visible(access, MEMBERS_VIEW).filter(public_id__in=asked).values_list("public_id", "name"))
    names = [found.get(public_id, _("已删除")) for public_id in _compared(parameters)]
    if "inside" not in parameters:
        return _("人群：%(name)s") % {"name": names[0]}
    inside = _inside(parameters, len(names))
    told = _("、").join(names[place] for place in inside)
    outside = _("、").join(name for place, name in enumerate(names) if place not in inside)
    if not outside:
        return _("同时在人群“%(names)s”里") % {"names": told}
    return _("在人群“%(names)s”里，不在“%(others)s”里") % {"names": told, "others": outside}


def _compared(parameters: QueryDict) -> list[str]:
    return [parameters.get("segment", ""), *parameters.getlist("with")[:OTHERS]]


def _inside(parameters: QueryDict, count: int) -> tuple[int, ...]:
    """Return which of so many segments a part of the overlap lies in.

    Raises:
        ValueError: there is no such part.
    """
    inside = tuple(int(place) for place in parameters.get("inside", "").split("."))
    if count not in _SPOTS or inside not in _SPOTS[count]:
        raise ValueError("no such part of an overlap")
    return inside


def _behind(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    segment = _named(ground.access, parameters)
    if "inside" not in parameters:
        return tuple(members_of(segment))
    segments = [segment, *_others(ground.access, parameters, segment)]
    if len(segments) < len(_compared(parameters)):
        raise Refused("segment.segment_gone")
    inside = _inside(parameters, len(segments))
    return tuple(next(part.members for part in overlap([members_of(one) for one in segments]) if part.inside == inside))


declare("segment", Crowd(_words, lambda _parameters: (), _behind))
