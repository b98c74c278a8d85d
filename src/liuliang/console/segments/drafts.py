"""A rule while it is edited: groups and conditions by their path, some of them not filled in yet.

The whole editor is one form. Every field's name begins with the path of its part (``r.0.2|number``), so that the form is
the draft, nothing is kept on the server, and each click is a post of it with one thing to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from liuliang.console.segments.refusals import wrong_words
from liuliang.console.segments.widgets import Data, Offers, Widget, read_fields, widgets_of
from liuliang.kernel.errors import Refused
from liuliang.segments.base import Condition, conditions
from liuliang.segments.checking import check_rule
from liuliang.segments.queries import Trial
from liuliang.segments.rules import MOST_DEPTH, MOST_LEAVES, All, Leaf, Not, Rule, Some, read_rule, written

ROOT = "r"


@dataclass
class Draft:
    """A group (``join`` is ``all`` or ``any``) or a condition (``key``), perhaps negated.

    ``path`` is its place in the form, ``size`` how many people it means. ``problem`` says what is wrong with it; of one that is open
    that is only what is not filled in yet, and it is left out of what is counted meanwhile.
    """

    path: str = ROOT
    join: str = ""
    key: str = ""
    is_negated: bool = False
    data: Data = field(default_factory=dict)
    parts: list[Draft] = field(default_factory=list)
    widgets: list[Widget] = field(default_factory=list)
    problem: str = ""
    is_open: bool = False
    size: int | None = None
    most_rows: bool = False

    @property
    def condition(self) -> Condition[Any]:
        """Return the condition of this kind."""
        return conditions()[self.key]

    @property
    def is_root(self) -> bool:
        """Tell whether this is the whole rule."""
        return self.path == ROOT

    @property
    def is_counted(self) -> bool:
        """Tell whether it is filled in, or anything in it is."""
        return not self.is_open if self.key else any(part.is_counted for part in self.parts)

    def walk(self) -> Iterator[Draft]:
        """Iterate over this part and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def read_draft(posted: QueryDict, path: str = ROOT, depth: int = 1) -> Draft:
    """Return the draft that a form holds."""
    is_negated = f"{path}|not" in posted
    key = posted.get(f"{path}|if", "")
    condition = conditions().get(key)
    if condition is not None:
        return Draft(path, key=key, is_negated=is_negated, data=read_fields(condition, path, posted))
    join = "any" if posted.get(f"{path}|join") == "any" else "all"
    draft = Draft(path, join=join, is_negated=is_negated)
    for place in range(MOST_LEAVES):
        inner = f"{path}.{place}"
        if depth < MOST_DEPTH and (f"{inner}|if" in posted or f"{inner}|join" in posted):
            draft.parts.append(read_draft(posted, inner, depth + 1))
    return draft


def draft_of(rule: Rule) -> Draft:
    """Return the draft of a rule; a rule that is one condition is shown within a group."""
    draft = _drafted(rule)
    if draft.key:
        draft = Draft(join="all", parts=[draft])
    number(draft)
    return draft


def _drafted(rule: Rule) -> Draft:
    match rule:
        case Leaf():
            data = written(rule)
            return Draft(key=data.pop("if"), data=data)
        case Not(part):
            inner = _drafted(part)
            if inner.is_negated:
                return Draft(join="all", is_negated=True, parts=[inner])
            inner.is_negated = True
            return inner
        case All(parts) | Some(parts):
            join = "all" if isinstance(rule, All) else "any"
            return Draft(join=join, parts=[_drafted(part) for part in parts])


def number(draft: Draft, path: str = ROOT) -> None:
    """Give every part the path of its place."""
    draft.path = path
    for place, part in enumerate(draft.parts):
        number(part, f"{path}.{place}")


def change(draft: Draft, posted: QueryDict) -> None:
    """Do what was clicked since the form was drawn: ``add:path:kind``, ``group:path``, ``drop:path``, ``row:path``, and so on.

    Usually that is one thing; of several, all are told by the places of the form as it was drawn.
    """
    by_path = {part.path: part for part in draft.walk()}
    for clicked in posted.getlist("do"):
        action, _, rest = clicked.partition(":")
        path, _, place = rest.partition(":")
        if path in by_path:
            _change_one(by_path, by_path[path], action, place)
    number(draft)


def _change_one(by_path: dict[str, Draft], part: Draft, action: str, place: str) -> None:
    match action:
        case "add":
            if conditions().get(place):
                part.parts.append(Draft(key=place))
        case "group":
            part.parts.append(Draft(join="any" if part.join == "all" else "all"))
        case "drop":
            above = by_path.get(part.path.rpartition(".")[0])
            if above is not None:
                # Whoever clicked twice meant it once.
                above.parts = [each for each in above.parts if each is not part]
        case "row" | "unrow" | "step" | "unstep":
            _change_rows(part, action, place)


def _change_rows(part: Draft, action: str, place: str) -> None:
    name = "steps" if action.endswith("step") else "properties"
    holder: Data = part.data
    if name == "properties" and "." in place:
        step, _, place = place.partition(".")
        steps = part.data.get("steps", [])
        if not step.isdecimal() or int(step) >= len(steps):
            return
        holder = steps[int(step)]
    rows = list(holder.get(name) or ([{}, {}] if name == "steps" else []))
    if action.startswith("un"):
        if place.isdecimal() and int(place) < len(rows):
            del rows[int(place)]
    elif len(rows) < 8:
        rows.append({})
    holder[name] = rows


def judge(draft: Draft) -> None:
    """Note of every part what is wrong with it, and whether that is only because it is not filled in yet."""
    for part in draft.walk():
        if not part.key:
            part.is_open = not part.parts
            continue
        try:
            check_rule(read_rule({"if": part.key, **part.data}))
        except Refused as refused:
            part.is_open = _is_unfilled(part.data, refused)
            part.problem = wrong_words(refused)


def _is_unfilled(data: Data, refused: Refused) -> bool:
    """Tell whether a condition is refused only because a field of it is empty."""
    if refused.code != "segment.condition_wrong":
        return False
    value: Any = data
    for step in str(refused.data.get("field", "")).split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
    return value in (None, "", [], {})


def rule_of(draft: Draft) -> Rule | None:
    """Return the rule that a judged draft says; None while a part of it is open or wrong."""
    if any(part.is_open or part.problem for part in draft.walk()):
        return None
    return read_rule(_data(draft))


def filled_rule_of(draft: Draft) -> Rule | None:
    """Return what the parts say that are filled in; None where there are none, or something is wrong."""
    if not draft.is_counted or any(part.problem and not part.is_open for part in draft.walk()):
        return None
    return read_rule(_data(draft))


def _data(draft: Draft) -> Data:
    if draft.key:
        data: Data = {"if": draft.key, **draft.data}
    else:
        data = {draft.join: [_data(part) for part in draft.parts if part.is_counted]}
    return {"not": data} if draft.is_negated else data


def show(draft: Draft, offers: Offers, trial: Trial | None) -> None:
    """Fill in what the page draws: widgets, and how many people each part means."""
    for part in draft.walk():
        if part.key:
            part.widgets = widgets_of(part.condition, part.data, offers)
    if trial is not None:
        _count(draft, "", trial)


def _count(draft: Draft, path: str, trial: Trial) -> None:
    draft.size = trial.parts.get(path)
    inner = _below(path, 0) if draft.is_negated else path
    for place, part in enumerate(part for part in draft.parts if part.is_counted):
        _count(part, _below(inner, place), trial)


def _below(path: str, place: int) -> str:
    return f"{path}.{place}" if path else str(place)
