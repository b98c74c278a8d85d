"""What members did, how often, in a window: "打卡至少 5 次，近 14 天"."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from liuliang.segments.acts import Property, properties_sql, properties_words
from liuliang.segments.base import Condition, Config, Context, LakeSet, Names, Refs
from liuliang.segments.evaluating import measured
from liuliang.segments.parameters import Parameters
from liuliang.segments.wording import COMPARISONS, OPPOSITES, SIGNS, Compare, Within, joined, places_words


class Behaviour(Config):
    """A kind of event, its properties and places, and how many times or on how many days it happened."""

    kind: str = Field(min_length=1, max_length=60)
    properties: tuple[Property, ...] = Field(default=(), max_length=8)
    communities: tuple[int, ...] = Field(default=(), max_length=500)
    count: Literal["times", "days"] = "times"
    compare: Compare = "at_least"
    number: int = Field(default=1, ge=0, le=1_000_000)
    within: Within = Within()


class BehaviourCondition(Condition[Behaviour]):
    """Members who did something so many times."""

    key = "behaviour"
    title = gettext_lazy("做过某件事")
    group = gettext_lazy("行为")
    icon = "activity"
    config = Behaviour
    choices = {"count": {"times": gettext_lazy("次数"), "days": gettext_lazy("天数")}, "compare": COMPARISONS}  # noqa: RUF012

    def compiled(self, config: Behaviour, context: Context, parameters: Parameters) -> LakeSet:
        """Count in ``member_day`` where nothing but kind, place and day is asked, else in the events."""
        where, measure = self._counted(config, context, parameters)
        # Who never did it has no row: what holds without any row is told by whom it does not hold for.
        is_inverted = config.compare == "at_most" or config.number == 0
        sign = OPPOSITES[config.compare] if is_inverted else SIGNS[config.compare]
        in_days = not config.properties
        return LakeSet(
            "member_day" if in_days else "events",
            frozenset({config.kind}),
            where,
            measure,
            f"{measure} {sign} {parameters.number(config.number)}",
            is_inverted,
            reads_data=not in_days,
            by_one=config.number == 0 if is_inverted else config.number == 1 and config.compare == "at_least",
        )

    def kinds(self, config: Behaviour) -> frozenset[str]:
        """Return the kind it counts."""
        return frozenset({config.kind})

    def refs(self, config: Behaviour) -> Refs:
        """Return the kind and the places."""
        return Refs(kinds=self.kinds(config), communities=frozenset(config.communities))

    def due_at(self, config: Behaviour, context: Context) -> datetime | None:
        """Return the next midnight where the window moves with the days."""
        return context.calendar.next_midnight if config.within.moves else None

    def sentence(self, config: Behaviour, names: Names) -> str:
        """Say what, how often and when."""
        unit = _("次") if config.count == "times" else _("天")
        if config.number == 0 and config.compare != "at_least":
            return joined(self._what(config, names), _("从未有过"))
        amount = _("%(compare)s %(number)s %(unit)s") % {
            "compare": COMPARISONS[config.compare],
            "number": config.number,
            "unit": unit,
        }
        return joined(self._what(config, names), amount)

    def fact(self, config: Behaviour, member: int, context: Context, names: Names) -> str:
        """Say how often the member did it."""
        parameters = Parameters()
        count = measured(self.compiled(config, context, parameters), member, context, parameters) or 0
        unit = _("次") if config.count == "times" else _("天")
        what = self._what(config, names)
        return _("%(what)s %(count)s %(unit)s") % {"what": what, "count": count, "unit": unit}

    def _counted(self, config: Behaviour, context: Context, parameters: Parameters) -> tuple[str, str]:
        place = context.places_sql(config.communities, parameters)
        kind = f"kind = {parameters.text(config.kind)}"
        if config.properties:
            within = config.within.instants_sql(context, parameters)
            where = f"{kind} AND {place} AND {within} AND {properties_sql(config.kind, config.properties, parameters)}"
            if config.count == "times":
                return where, f"countIf({where})"
            return where, f"uniqExactIf({context.calendar.day_sql(parameters)}, {where})"
        where = f"{kind} AND {place} AND {config.within.days_sql(context, parameters)}"
        return where, f"sumIf(count, {where})" if config.count == "times" else f"uniqExactIf(day, {where})"

    def _what(self, config: Behaviour, names: Names) -> str:
        what = joined(names.kind(config.kind), properties_words(config.kind, config.properties))
        return joined(config.within.words(), places_words(config.communities, names), what)


CONDITION = BehaviourCondition()
