"""What a card can ask: the kinds of cards, and the configuration of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from liuliang.analytics.base import metrics
from liuliang.analytics.forecasts.histories import Subject
from liuliang.analytics.funnels import FEWEST, MOST
from liuliang.analytics.paths import Direction
from liuliang.analytics.retention import Back, Began, Unit
from liuliang.analytics.survival import End, Split
from liuliang.kernel.errors import Refused
from liuliang.segments.layering import dimensions

Key = Annotated[str, StringConstraints(max_length=60)]
Text = Annotated[str, StringConstraints(max_length=200)]
Window = Annotated[str, StringConstraints(pattern=r"^\d{1,3}[hd]$")]


class Question(BaseModel):
    """What every question has: ``segment`` narrows it to the people of a segment (its public id)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment: Key = ""


class MetricQuestion(Question):
    """A metric: as a number with its change, as a line over time, or by one of its dimensions."""

    metric: Key
    view: Literal["number", "trend", "split"] = "number"
    split: Key = ""

    @model_validator(mode="after")
    def _known(self) -> MetricQuestion:
        found = metrics().get(self.metric)
        if found is None:
            raise ValueError("unknown metric")
        if self.view == "split" and self.split not in found.dimensions:
            raise ValueError("the metric has no such dimension")
        return self


class Step(BaseModel):
    """A step of a funnel: a kind of event, and at most one thing that must hold of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Key
    key: Key = ""
    relation: Key = ""
    value: Text = ""


class FunnelQuestion(Question):
    """Ordered steps within a window, written as a number of hours or days such as ``7d``."""

    steps: tuple[Step, ...]
    window: Window = "7d"
    without: Key = ""

    @model_validator(mode="after")
    def _enough(self) -> FunnelQuestion:
        if not FEWEST <= len(self.steps) <= MOST:
            raise ValueError("too few or too many steps")
        return self


class RetentionQuestion(Question):
    """Who came back: as the matrix of cohorts, or as their mean curve."""

    began: Began = "joined"
    back: Back = "active"
    how: Key = ""
    unit: Unit | Literal[""] = ""
    view: Literal["curve", "matrix"] = "curve"


class SurvivalQuestion(Question):
    """How long those stay who come: until they leave or fall silent, all together or in parts."""

    end: End = "left"
    split: Split = ""


class SegmentQuestion(Question):
    """How large a segment is, and how it grows."""

    segment: Annotated[str, StringConstraints(min_length=1, max_length=60)]


class HealthQuestion(Question):
    """The groups that are worst off, by health."""

    segment: Literal[""] = ""


class GoalsQuestion(Question):
    """How one goal stands (its public id), or all that are running."""

    segment: Literal[""] = ""
    goal: Key = ""


class LayersQuestion(Question):
    """How many members stand in each layer of one dimension now; layers are of everybody, wherever they are."""

    segment: Literal[""] = ""
    dimension: Key = "activity"

    @model_validator(mode="after")
    def _known(self) -> LayersQuestion:
        if dimensions().get(self.dimension) is None:
            raise ValueError("unknown dimension")
        return self


class PredictionsQuestion(Question):
    """Who will probably buy or speak in the next ``horizon`` days, and who is about to be lost."""

    subject: Subject = "speaking"
    horizon: Literal[30, 60, 90] = 30


class PathsQuestion(Question):
    """What people do after an event, or before it, within a window written as for a funnel."""

    kind: Key = "member.joined"
    key: Key = ""
    relation: Key = ""
    value: Text = ""
    direction: Direction = "after"
    window: Window = "7d"


class StageQuestion(Question):
    """One stage of AARRR with all its metrics."""

    stage: Literal["acquisition", "activation", "retention", "referral", "revenue"] = "acquisition"


class ReviewQuestion(Question):
    """What changed beyond the usual in the last week or month that is over."""

    unit: Literal["week", "month"] = "week"


class AlertsQuestion(Question):
    """Which alerts fired and nobody has taken yet: all, or those that the reader is told of."""

    segment: Literal[""] = ""
    whose: Literal["all", "mine"] = "all"


@dataclass(frozen=True, slots=True)
class CardKind:
    """A kind of card: what it is called, the form of its question, and how wide a new one is."""

    key: str
    title: str | Promise
    config: type[Question]
    width: int = 2


KINDS: Mapping[str, CardKind] = {
    kind.key: kind
    for kind in (
        CardKind("metric", _("指标"), MetricQuestion, 1),
        CardKind("funnel", _("漏斗"), FunnelQuestion),
        CardKind("retention", _("留存"), RetentionQuestion),
        CardKind("survival", _("停留"), SurvivalQuestion),
        CardKind("segment", _("人群"), SegmentQuestion),
        CardKind("health", _("健康度"), HealthQuestion),
        CardKind("goals", _("目标"), GoalsQuestion),
        CardKind("stage", _("AARRR"), StageQuestion),
        CardKind("review", _("复盘"), ReviewQuestion),
        CardKind("layers", _("分层"), LayersQuestion),
        CardKind("predictions", _("预测"), PredictionsQuestion, 4),
        CardKind("paths", _("路径"), PathsQuestion, 4),
        CardKind("alerts", _("预警"), AlertsQuestion),
    )
}


def read_question(kind: str, told: Mapping[str, Any]) -> Question:
    """Return the question that a card of this kind asks.

    Raises:
        Refused: ``card.kind`` where there is no such kind, ``card.question`` where it cannot be asked.
    """
    known = KINDS.get(kind)
    if known is None:
        raise Refused("card.kind")
    try:
        return known.config.model_validate(told)
    except ValidationError as error:
        raise Refused("card.question", kind=str(known.title)) from error
