"""The form of a funnel and of paths: steps with a property each, read from the address and written back to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from liuliang.analytics.acts import needed_for, told_kinds
from liuliang.analytics.funnels import MOST
from liuliang.analytics.happenings import Condition, Happening, Property, properties_of
from liuliang.console.analysis.words import RELATIONS
from liuliang.console.kinds import Choice
from liuliang.people.access import Access

WINDOWS = {
    "1h": (_("1 小时"), timedelta(hours=1)),
    "1d": (_("1 天"), timedelta(days=1)),
    "3d": (_("3 天"), timedelta(days=3)),
    "7d": (_("7 天"), timedelta(days=7)),
    "14d": (_("14 天"), timedelta(days=14)),
    "30d": (_("30 天"), timedelta(days=30)),
    "90d": (_("90 天"), timedelta(days=90)),
}

USUAL_STEPS = ("member.joined", "message.sent")


@dataclass(frozen=True, slots=True)
class Line:
    """A step as the form shows it: a kind of event and at most one condition, perhaps not filled in yet."""

    kind: str
    key: str = ""
    relation: str = ""
    value: str = ""

    @property
    def properties(self) -> Sequence[Property]:
        """Return what the step can be narrowed by."""
        return properties_of(self.kind)

    @property
    def chosen(self) -> Property | None:
        """Return the property it is narrowed by."""
        return next((one for one in self.properties if one.key == self.key), None)

    @property
    def relations(self) -> Sequence[tuple[str, object]]:
        """Return how the property can be compared, with words."""
        return [(each, RELATIONS[each]) for each in self.chosen.relations] if self.chosen is not None else []

    @property
    def happening(self) -> Happening:
        """Return the step as it is counted; a condition without a value does not narrow anything."""
        chosen = self.chosen
        value = "1" if chosen is not None and chosen.kind == "truth" and self.value != "0" else self.value
        if chosen is None or not value:
            return Happening(self.kind)
        relation = next((each for each in chosen.relations if each == self.relation), chosen.relations[0])
        return Happening(self.kind, (Condition(chosen.key, relation, value),))


def read_lines(parameters: QueryDict, prefix: str = "") -> list[Line]:
    """Read the steps: the parameters kind, property, relation and value come once for each."""
    kinds = parameters.getlist(f"{prefix}kind")[: MOST + 1]
    columns = [parameters.getlist(f"{prefix}{name}") for name in ("property", "relation", "value")]
    return [
        Line(kind[:60], *((column[place] if place < len(column) else "")[:200] for column in columns))
        for place, kind in enumerate(kinds)
        if kind
    ]


def edited(lines: Sequence[Line], parameters: QueryDict) -> list[Line]:
    """Return the steps after the button that was pressed: ``add``, ``drop`` or ``up`` with the place of a step."""
    steps = list(lines)
    if "add" in parameters and len(steps) < MOST:
        steps.append(Line("message.sent"))
    for name in ("drop", "up"):
        place = parameters.get(name, "")
        if not (place.isdecimal() and len(place) < 3 and int(place) < len(steps)):
            continue
        step = steps.pop(int(place))
        if name == "up":
            steps.insert(max(0, int(place) - 1), step)
    return steps


def write_lines(lines: Sequence[Line], prefix: str = "") -> list[tuple[str, str]]:
    """Return the parameters that `read_lines` reads."""
    return [
        (f"{prefix}{name}", value)
        for line in lines
        for name, value in (
            ("kind", line.kind), ("property", line.key), ("relation", line.relation), ("value", line.value)
        )
    ]  # fmt: skip


def kind_options(access: Access) -> list[Choice]:
    """Return the kinds of events somebody may ask about, with their words."""
    return [(kind.kind, kind.title) for kind in told_kinds() if all(map(access.may, needed_for((kind.kind,))))]


def window_of(parameters: QueryDict, usual: str) -> str:
    """Return the key of the chosen window."""
    asked = parameters.get("window", "")
    return asked if asked in WINDOWS else usual
