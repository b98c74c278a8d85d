"""路径: what people do after something or before it, as a picture of flows and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.analytics import paths as story
from liuliang.analytics.acts import needed_for, told_kinds
from liuliang.analytics.happenings import needed as needed_to_ask
from liuliang.analytics.paths import END, OTHER, Direction, Question
from liuliang.console import errors
from liuliang.console.analysis.asking import WINDOWS, Line, kind_options, read_lines, window_of
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.flow_picture import picture
from liuliang.console.analysis.ground import Ground, ground_of, may_see_members, query_of
from liuliang.console.analysis.statements import told
from liuliang.console.analysis.words import happening_words, kind_words
from liuliang.console.doors import StaffRequest, page
from liuliang.console.kinds import grouped
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access

FOLDER = "console/analysis"
DIRECTIONS = {"after": gettext_lazy("之后做了什么"), "before": gettext_lazy("之前做了什么")}


@dataclass(frozen=True, slots=True)
class Step:
    """A step in the table: what happened to how many, of how many, and who they are."""

    place: int
    title: str
    people: int
    share: float
    url: str


def line_of(parameters: QueryDict) -> Line:
    """Return the event of the address."""
    return next(iter(read_lines(parameters)), Line("member.joined"))


def question_of(ground: Ground, parameters: QueryDict) -> Question:
    """Return the question of the address.

    Raises:
        Refused: it cannot be counted.
    """
    origin = line_of(parameters).happening
    origin.known  # noqa: B018 - refuses what nobody knows
    return Question(
        asked=ground.asked(),
        origin=origin,
        window=WINDOWS[window_of(parameters, "7d")][1],
        direction=_direction(parameters),
        kinds=_told(ground),
    )


@page(permission=ANALYTICS_VIEW)
def paths(request: StaffRequest) -> HttpResponse:
    """Show what people do after or before the event of the address."""
    line = line_of(request.GET)
    ground = ground_of(request.access, request.GET, *needed(request.GET), path=request.path)
    if ground.choice.known is None and not ground.places:
        return render(request, f"{FOLDER}/empty.html", {"title": _("路径")})
    context = {
        "ground": ground,
        "choice": ground.choice,
        "line": line,
        "kinds": grouped(kind_options(request.access)),
        "windows": [(key, words) for key, (words, _length) in WINDOWS.items()],
        "window": window_of(request.GET, "7d"),
        "directions": DIRECTIONS,
        "direction": request.GET.get("direction", "after"),
        "definition": story.PATHS,
    }
    try:
        question = question_of(ground, request.GET)
        found = story.paths(question)
    except Refused as refusal:
        return render(request, f"{FOLDER}/paths.html", {**context, "refusal": errors.sentence(refusal)})
    period = ground.choice.period
    query = query_of(request.GET, days=None, **{"from": period.first.isoformat(), "to": period.last.isoformat()})
    links = may_see_members(request.access)
    context |= {
        "question": question,
        "found": found,
        "origin": happening_words(question.origin),
        "picture": picture(found, node_words, is_backward=question.direction == "before"),
        "steps": steps_of(found, query if links else ""),
        "commonest": [
            ([kind_words(kind) for kind in steps], people, people / found.people) for steps, people in found.commonest
        ],
        "sql": told(story.statement_of(question)),
    }
    return render(request, f"{FOLDER}/paths.html", context)


def needed(parameters: QueryDict) -> tuple[str, ...]:
    """Return the permissions that the paths of the address take: those of where they begin, and of a step asked about."""
    return needed_to_ask(line_of(parameters).happening, kinds=(parameters.get("on", ""),))


def node_words(kind: str) -> str:
    """Return what a step is called."""
    return {OTHER: _("其他"), END: _("到此为止")}.get(kind) or kind_words(kind)


def steps_of(found: story.Paths, query: str) -> Sequence[Step]:
    """Return the steps of the table; without ``query`` they lead nowhere."""
    return [
        Step(
            node.step,
            node_words(node.kind),
            node.people,
            node.people / found.people,
            behind_url("paths", query, step=node.step, on=node.kind) if query and node.kind != OTHER else "",
        )
        for node in found.nodes
        if node.step
    ]


def _words(_access: Access, parameters: QueryDict) -> str:
    step = int(parameters.get("step", ""))
    origin = happening_words(line_of(parameters).happening)
    words = (
        _("路径：“{origin}”之前第 {step} 步是“{kind}”")
        if parameters.get("direction") == "before"
        else _("路径：“{origin}”之后第 {step} 步是“{kind}”")
    )
    return words.format(origin=origin, step=step, kind=node_words(parameters.get("on", "")))


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    question = question_of(ground, parameters)
    return story.members_on(question, int(parameters.get("step", "")), parameters.get("on", ""))


def _told(ground: Ground) -> tuple[str, ...]:
    """Return the kinds that paths may show: those that may be seen in every community that is asked about."""
    asked = frozenset(ground.scope.communities)
    reach = {
        permission: ground.access.community_ids(permission)
        for permission in needed_for(kind.kind for kind in told_kinds())
    }
    hidden = {permission for permission, seen in reach.items() if seen is not None and not asked <= seen}
    return tuple(kind.kind for kind in told_kinds() if hidden.isdisjoint(needed_for((kind.kind,))))


def _direction(parameters: QueryDict) -> Direction:
    return "before" if parameters.get("direction") == "before" else "after"


declare("paths", Crowd(_words, needed, _members))
