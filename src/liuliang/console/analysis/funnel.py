"""漏斗: ordered steps put together in a form, how far people came, and who was lost where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.analytics import funnels as story
from liuliang.analytics.base import DIMENSIONS
from liuliang.analytics.funnels import FEWEST, MOST, Flow, Funnel, Stage
from liuliang.analytics.happenings import needed as needed_to_ask
from liuliang.analytics.noise import Comparison
from liuliang.console import errors
from liuliang.console.analysis.asking import (
    USUAL_STEPS,
    WINDOWS,
    Line,
    edited,
    kind_options,
    read_lines,
    window_of,
    write_lines,
)
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground, ground_of, may_see_members
from liuliang.console.analysis.statements import told
from liuliang.console.analysis.words import WAYS, happening_words
from liuliang.console.doors import StaffRequest, page
from liuliang.console.kinds import grouped
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.communities import TYPES
from liuliang.ui.figures import Change

FOLDER = "console/analysis"
MOST_PARTS = 20
"""Parts of a breakdown that are shown; the table says how many there are."""


@dataclass(frozen=True, slots=True)
class DrawnStage:
    """A step as it is drawn: its name, its bar in thousandths, and where its people are."""

    stage: Stage
    title: str
    width: int
    change: Change | None
    before: Stage | None
    reached_url: str
    lost_url: str


@dataclass(frozen=True, slots=True)
class Form:
    """What was asked, as the address holds it."""

    lines: Sequence[Line]
    window: str
    split: str
    without: str
    is_compared: bool
    rest: Sequence[tuple[str, str]]

    @property
    def query(self) -> str:
        """Return the address's query."""
        chosen = [("window", self.window), ("split", self.split), ("without", self.without)]
        chosen += [("compare", "1")] if self.is_compared else []
        return urlencode([*self.rest, *write_lines(self.lines), *((name, value) for name, value in chosen if value)])


_OWN = {
    "kind",
    "property",
    "relation",
    "value",
    "window",
    "split",
    "without",
    "compare",
    "add",
    "drop",
    "up",
    "step",
    "part",
    "who",
}


def read_form(parameters: QueryDict) -> Form:
    """Read the form from the address."""
    lines = edited(read_lines(parameters), parameters) or [Line(kind) for kind in USUAL_STEPS]
    split = parameters.get("split", "")
    return Form(
        lines=lines,
        window=window_of(parameters, "7d"),
        split=split if split in DIMENSIONS else "",
        without=parameters.get("without", "")[:60],
        is_compared=parameters.get("compare") == "1",
        rest=[(name, value) for name, values in parameters.lists() if name not in _OWN for value in values if value],
    )


def question_of(ground: Ground, form: Form) -> Funnel:
    """Return the funnel the form asks for.

    Raises:
        Refused: it cannot be counted.
    """
    without = Line(form.without).happening if form.without else None
    steps = tuple(line.happening for line in form.lines)
    for happening in (*steps, *([without] if without is not None else [])):
        happening.known  # noqa: B018 - refuses what nobody knows
    return Funnel(ground.asked(split=form.split), steps, WINDOWS[form.window][1], without)


def needed(parameters: QueryDict) -> tuple[str, ...]:
    """Return the permissions that the funnel of the address takes."""
    form = read_form(parameters)
    return needed_to_ask(*(line.happening for line in form.lines), kinds=(form.without,))


@page(permission=ANALYTICS_VIEW)
def funnel(request: StaffRequest) -> HttpResponse:
    """Show how far people come through the steps of the address."""
    form = read_form(request.GET)
    if request.GET.keys() & {"add", "drop", "up"} and not request.htmx:
        return redirect(f"{request.path}?{form.query}")
    ground = ground_of(request.access, request.GET, *needed(request.GET), path=request.path)
    if ground.choice.known is None and not ground.places:
        return render(request, f"{FOLDER}/empty.html", {"title": _("漏斗")})
    ground = replace(ground, choice=replace(ground.choice, carried=tuple(_pairs(form))))
    context = {
        "ground": ground,
        "choice": ground.choice,
        "form": form,
        "kinds": grouped(kind_options(request.access)),
        "windows": [(key, words) for key, (words, _length) in WINDOWS.items()],
        "dimensions": DIMENSIONS.values(),
        "definition": story.FUNNEL,
        "may_add": len(form.lines) < MOST,
        "may_drop": len(form.lines) > FEWEST,
        "may_ask_private": may_see_members(request.access),
    }
    try:
        context |= _answer(request, ground, form)
    except Refused as refusal:
        # The form stays, so that what cannot be counted can be put right.
        context["refusal"] = errors.sentence(refusal)
    is_part = request.headers.get("HX-Target", "") == "div#analysis"
    context["is_part"] = is_part
    response = render(request, f"{FOLDER}/funnel_part.html" if is_part else f"{FOLDER}/funnel.html", context)
    if is_part:
        response["HX-Push-Url"] = f"{request.path}?{form.query}"
    response["Vary"] = "HX-Request, HX-Target"
    return response


def _pairs(form: Form) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in QueryDict(form.query).lists()
        if name not in {"days", "from", "to"}
        for value in values
    ]


def _answer(request: StaffRequest, ground: Ground, form: Form) -> dict[str, object]:
    question = question_of(ground, form)
    flows = story.funnel(question)
    whole = flows[0] if not form.split else story.funnel(replace(question, asked=ground.asked()))[0]
    is_comparable = form.is_compared and ground.choice.is_comparable
    before = story.funnel(replace(question, asked=ground.asked()).before)[0] if is_comparable else None
    links = may_see_members(request.access)
    period = ground.choice.period
    asked = QueryDict(form.query, mutable=True)
    for name in ("days", "split"):
        asked.pop(name, None)
    asked["from"], asked["to"] = period.first.isoformat(), period.last.isoformat()
    query = asked.urlencode() if links else ""

    def of_part(flow: Flow) -> str:
        return f"{query}&{urlencode({'split': form.split, 'part': flow.part})}" if query else ""

    return {
        "question": question,
        "whole": whole,
        "before": before,
        "stages": stages_of(question, whole, before, query),
        "parts": [
            (part_words(form.split, flow.part, ground.names), stages_of(question, flow, None, of_part(flow)), flow)
            for flow in flows[:MOST_PARTS]
        ]
        if form.split
        else [],
        "parts_found": len(flows),
        "asks_comparison_in_vain": form.is_compared and not is_comparable,
        "sql": told(story.statement_of(question)),
    }


def part_words(split: str, part: str, names: Mapping[int, str]) -> str:
    """Return what a part of a split is called; ``names`` are those of communities."""
    if split == "community":
        return str(names.get(int(part), part)) if part.isdecimal() else part
    if split == "type":
        known = {key: type_.title for key, type_ in TYPES.items()}
        return str(known.get(part, part or _("没有类型")))
    return str(WAYS.get(part, part))


def stages_of(question: Funnel, flow: Flow, before: Flow | None, query: str) -> list[DrawnStage]:
    """Return the steps of a flow as they are drawn; ``query`` is what the lists of people are asked with, empty for none."""
    compared: Sequence[Comparison | None] = story.compare(flow, before) if before else [None] * len(flow.stages)
    drawn: list[DrawnStage] = []
    for place, (stage, comparison) in enumerate(zip(flow.stages, compared, strict=True)):
        change = None
        if comparison is not None and place:
            change = Change(
                comparison.difference,
                comparison.low,
                comparison.high,
                in_points=True,
                is_believed=comparison.is_believed,
            )
        reached = lost = ""
        if query:
            reached = behind_url("funnel", query, step=stage.step) if stage.reached else ""
            lost = behind_url("funnel", query, step=stage.step, who="lost") if stage.lost and place else ""
        drawn.append(
            DrawnStage(
                stage,
                happening_words(question.steps[place]),
                round(1000 * (stage.share or 0)),
                change,
                before.stages[place] if before else None,
                reached,
                lost,
            )
        )
    return drawn


def _words(_access: Access, parameters: QueryDict) -> str:
    form, step = read_form(parameters), int(parameters.get("step", ""))
    if not 1 <= step <= len(form.lines):
        raise ValueError(step)
    title = happening_words(form.lines[step - 1].happening)
    words = (
        _("漏斗：在第 {step} 步“{title}”流失的人")
        if parameters.get("who") == "lost"
        else _("漏斗：走到第 {step} 步“{title}”的人")
    )
    whole = words.format(step=step, title=title)
    if "part" not in parameters:
        return whole
    # Whose name it is may not be told to everybody who has the address.
    part = _("一个社群") if form.split == "community" else part_words(form.split, parameters.get("part", ""), {})
    return _("{whole} · 分组：{part}").format(whole=whole, part=part)


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    form, part = read_form(parameters), parameters.get("part")
    question = question_of(ground, form if part is not None else replace(form, split=""))
    is_lost = parameters.get("who") == "lost"
    return story.members_at(question, int(parameters.get("step", "")), is_lost=is_lost, part=part or "")


declare("funnel", Crowd(_words, needed, _members))
