"""An alert while it is put together: what the form holds, read from a post or from an alert that there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from django.http import QueryDict

from liuliang.accounts.models import Staff
from liuliang.alerting.models import Alert
from liuliang.alerting.queries import who_may_see
from liuliang.alerting.rules import (
    DIRECTIONS,
    KINDS,
    SENSITIVITIES,
    WEEKS,
    Condition,
    Direction,
    Kind,
    Sensitivity,
    may_be_unusual,
    read_condition,
)
from liuliang.alerting.services import Wanted
from liuliang.analytics.base import Metric, metrics
from liuliang.console.goals.listing import SCALE
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community

USUAL_METRIC = "messages"


@dataclass
class Draft:
    """What the form holds. ``threshold`` is text in the unit of the form; ``owners`` are ids of staff."""

    name: str = ""
    metric: str = USUAL_METRIC
    place: Community | None = None
    is_each: bool = False
    kind: Kind = "unusual"
    threshold: str = ""
    direction: Direction = "down"
    sensitivity: Sensitivity = "usual"
    weeks: int = 8
    steps: str = ""
    duties: str = ""
    owners: list[int] = field(default_factory=list)

    @property
    def found(self) -> Metric:
        """Return the metric; the usual one where there is none of this name any more."""
        return metrics().get(self.metric) or metrics()[USUAL_METRIC]

    @property
    def number(self) -> float | None:
        """Return the threshold in the metric's own unit; None where it is no number."""
        try:
            number = float(self.threshold.replace(",", "").strip())
        except ValueError:
            return None
        return number * SCALE.get(self.found.style, 1.0)

    @property
    def condition(self) -> Condition:
        """Return what is asked of a day."""
        return Condition(self.kind, self.number, self.direction, self.sensitivity, self.weeks)

    def candidates(self) -> Sequence[Staff]:
        """Return whom it may tell."""
        return who_may_see(self.found.key, self.place)

    def wanted(self, suggestion: str) -> Wanted:
        """Return what the alert is to be; without a name it takes ``suggestion``.

        Raises:
            Refused: ``alert.threshold`` where the threshold is no number.
        """
        if self.kind != "unusual" and self.number is None:
            raise Refused("alert.threshold")
        chosen = set(self.owners)
        owners = [each for each in self.candidates() if each.pk in chosen]
        name = self.name or suggestion[:80]
        return Wanted(name, self.metric, self.place, self.condition, owners, self.is_each, self.steps, self.duties)


def read_draft(posted: QueryDict, place: Community | None) -> Draft:
    """Return what a post holds; what is no choice becomes the usual one."""

    def chosen(name: str, known: Sequence[str] | dict[str, object], usual: str) -> str:
        asked = posted.get(name, "")
        return asked if asked in known else usual

    weeks = posted.get("weeks", "")
    draft = Draft(
        name=posted.get("name", "").strip()[:80],
        metric=posted.get("metric", USUAL_METRIC)[:60],
        place=place,
        is_each=posted.get("each") == "1",
        kind=cast("Kind", chosen("kind", tuple(KINDS), "unusual")),
        threshold=posted.get("threshold", "").strip()[:30],
        direction=cast("Direction", chosen("direction", tuple(DIRECTIONS), "down")),
        sensitivity=cast("Sensitivity", chosen("sensitivity", tuple(SENSITIVITIES), "usual")),
        weeks=int(weeks) if weeks in {str(each) for each in WEEKS} else 8,
        steps=posted.get("steps", ""),
        duties=posted.get("duties", ""),
        owners=[int(each) for each in posted.getlist("owner") if each.isdecimal() and len(each) < 12],
    )
    if draft.kind == "unusual" and not may_be_unusual(draft.found):
        draft.kind = "below"
    return draft


def draft_of(alert: Alert) -> Draft:
    """Return the draft of an alert that there is."""
    condition = read_condition(alert.condition)
    known = metrics().get(alert.metric)
    scale = SCALE.get(known.style, 1.0) if known is not None else 1.0
    threshold = "" if condition.threshold is None else f"{condition.threshold / scale:.10g}"
    return Draft(
        alert.name, alert.metric, alert.community, alert.is_each, condition.kind, threshold, condition.direction,
        condition.sensitivity, condition.weeks, alert.steps, alert.duties,
        list(alert.told.values_list("staff_id", flat=True)),
    )  # fmt: skip
