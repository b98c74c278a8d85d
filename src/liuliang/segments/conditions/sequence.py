"""Who did one thing and then another: "进群，之后 7 天内发言，之后没有下单"."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from liuliang.segments.acts import Property, properties_sql, properties_words
from liuliang.segments.base import Condition, Config, Context, LakeSet, Names, Refs
from liuliang.segments.evaluating import measured
from liuliang.segments.parameters import Parameters
from liuliang.segments.wording import MOST_DAYS, Within, joined, places_words

_DAY = 86_400_000


class Step(Config):
    """Something done, or (``is_absent``) not done, at most ``within_days`` times 24 hours after the step before."""

    kind: str = Field(min_length=1, max_length=60)
    properties: tuple[Property, ...] = Field(default=(), max_length=8)
    within_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    is_absent: bool = False


class Sequence(Config):
    """Steps in their order, in a window of local days."""

    steps: tuple[Step, ...] = Field(min_length=2, max_length=8)
    communities: tuple[int, ...] = Field(default=(), max_length=500)
    within: Within = Within()

    @model_validator(mode="after")
    def _has_an_order(self) -> Sequence:
        if self.steps[0].is_absent:
            raise PydanticCustomError("begins_absent", "a sequence begins with something done")
        for before, step in zip(self.steps, self.steps[1:], strict=False):
            if before.is_absent and step.is_absent:
                raise PydanticCustomError("absent_twice", "two absent steps cannot follow each other")
            if before.is_absent and before.within_days:
                raise PydanticCustomError(
                    "absent_days", "an absent step in the middle reaches to the next step and has no days of its own"
                )
        return self


class SequenceCondition(Condition[Sequence]):
    """Members whose events hold the steps in this order.

    Each later step looks back at the latest time the step before was reached: nothing earlier could be nearer, or have
    less in between. So one pass over a member's events in order decides, whatever their number.
    """

    key = "sequence"
    title = gettext_lazy("按顺序做过")
    group = gettext_lazy("行为")
    icon = "route"
    config = Sequence

    def compiled(self, config: Sequence, context: Context, parameters: Parameters) -> LakeSet:
        """Fold each member's events in the order of time; events of one instant are in the order of the log."""
        place = context.places_sql(config.communities, parameters)
        window = config.within.instants_sql(context, parameters)
        matches = [_match(step, parameters) for step in config.steps]
        where = f"{place} AND {window} AND ({' OR '.join(matches)})"
        bits = " + ".join(f"if({match}, {1 << at}, 0)" for at, match in enumerate(matches))
        row = f"(toUnixTimestamp64Milli(occurred_at), position, toInt64({bits}))"
        events = f"arraySort(groupArrayIf({row}, {where}))"
        measure = _fold(config.steps, events)
        reads_data = any(step.properties for step in config.steps)
        return LakeSet("events", self.kinds(config), where, measure, measure, reads_data=reads_data)

    def kinds(self, config: Sequence) -> frozenset[str]:
        """Return the kinds of all steps."""
        return frozenset(step.kind for step in config.steps)

    def refs(self, config: Sequence) -> Refs:
        """Return kinds and places."""
        return Refs(kinds=self.kinds(config), communities=frozenset(config.communities))

    def due_at(self, config: Sequence, context: Context) -> datetime | None:
        """Return the next midnight where the window moves with the days."""
        return context.calendar.next_midnight if config.within.moves else None

    def sentence(self, config: Sequence, names: Names) -> str:
        """Say the steps one after another."""
        told = []
        for at, step in enumerate(config.steps):
            what = names.kind(step.kind) + properties_words(step.kind, step.properties)
            if at == 0:
                told.append(_("先%(what)s") % {"what": what})
                continue
            within = _("%(days)s 天内") % {"days": step.within_days} if step.within_days else ""
            form = _("之后%(within)s没有%(what)s") if step.is_absent else _("之后%(within)s%(what)s")
            told.append(form % {"within": within, "what": what})
        steps = _("，").join(told)
        return joined(config.within.words(), places_words(config.communities, names), steps)

    def fact(self, config: Sequence, member: int, context: Context, names: Names) -> str:
        """Say whether the steps were gone."""
        del names
        parameters = Parameters()
        done = measured(self.compiled(config, context, parameters), member, context, parameters)
        return _("走完了这些步骤") if done else _("没有按这个顺序走完")


def _match(step: Step, parameters: Parameters) -> str:
    match = f"kind = {parameters.text(step.kind)}"
    if step.properties:
        match += f" AND {properties_sql(step.kind, step.properties, parameters)}"
    return f"({match})"


def _fold(steps: tuple[Step, ...], events: str) -> str:
    """Return the SQL that tells whether a member's sorted events (milliseconds, position, bits of steps) hold the steps.

    The state is, for each step done, when it was last reached with nothing forbidden since (-1: not), then the first end
    of the sequence that an absent last step has not undone (-1: none), and whether one end can no longer be undone.
    """
    done = [at for at, step in enumerate(steps) if not step.is_absent]
    last = steps[-1] if steps[-1].is_absent else None

    def is_(at: int) -> str:
        return f"bitAnd(e.3, {1 << at}) != 0"

    reached, ends = [], ""
    for place, at in enumerate(done):
        now = is_(at)
        if place:
            before = f"acc.{place}"
            now += f" AND {before} >= 0"
            if days := steps[at].within_days:
                now += f" AND e.1 - {before} <= {days * _DAY}"
        follows_absent = at + 1 < len(steps) - 1 and steps[at + 1].is_absent
        otherwise = f"if({is_(at + 1)}, toInt64(-1), acc.{place + 1})" if follows_absent else f"acc.{place + 1}"
        reached.append(f"if({now}, e.1, {otherwise})")
        ends = now
    pending, confirmed = f"acc.{len(done) + 1}", f"acc.{len(done) + 2}"
    if last is None:
        pending_next, confirmed_next = "toInt64(-1)", f"toUInt8({confirmed} OR ({ends}))"
    else:
        undone = is_(len(steps) - 1)
        kept = f"if({undone}, toInt64(-1), {pending})"
        pending_next = f"if(({ends}) AND {kept} < 0, e.1, {kept})"
        safe = "0"
        if last.within_days:
            safe = f"({undone} AND {pending} >= 0 AND e.1 - {pending} > {last.within_days * _DAY})"
        confirmed_next = f"toUInt8({confirmed} OR {safe})"
    start = ", ".join(["toInt64(-1)"] * (len(done) + 1) + ["toUInt8(0)"])
    step = ", ".join([*reached, pending_next, confirmed_next])
    folded = f"arrayFold((acc, e) -> ({step}), {events}, ({start}))"
    return f"arrayExists(f -> f.{len(done) + 1} >= 0 OR f.{len(done) + 2} = 1, [{folded}])"


CONDITION = SequenceCondition()
