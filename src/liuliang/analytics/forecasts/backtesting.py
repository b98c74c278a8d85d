"""What models of the past foretold of the last horizon, held against what then happened.

The models are fitted to what was known one horizon ago: BG/NBD, and the one that is learnt (from the horizon before that).
Beside them stands the simple rule that anybody could use: of those who acted in the last horizon, and of those who did not,
as many act in the next one as last time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from liuliang.analytics.forecasts import buying
from liuliang.analytics.forecasts.buying import Column
from liuliang.analytics.forecasts.habits import Known, known_at
from liuliang.analytics.forecasts.histories import EPOCH, Question, Told
from liuliang.analytics.forecasts.learning import Learned, learn
from liuliang.analytics.noise import wilson

BINS = 10

Theme = Literal["talk", "rhythm", "volume", "groups", "order", "orders", "money", "past"]
THEMES: dict[Theme, tuple[str, ...]] = {
    "talk": ("spoke_ago",),
    "rhythm": ("spoke_7", "spoke_14", "spoke_28", "spoke_84", "spoke_weeks"),
    "volume": ("messages_28", "messages_84"),
    "groups": ("groups_84", "left_84"),
    "order": ("bought_ago",),
    "orders": ("bought_28", "bought_84"),
    "money": ("paid_84",),
    "past": ("acts", "age"),
}
"""What the learnt model looks at, by what it tells: how recently, how steadily, how much and where somebody spoke, when they
bought last, how often, for how much, and how often they came in all the time that they are known."""


@dataclass(frozen=True, slots=True)
class Bin:
    """People of like probability in the test: how many, what was foretold of them on average, how many really did."""

    people: int
    low: float
    high: float
    foretold: float
    acted: int

    @property
    def share(self) -> float:
        """Return the share of those who did."""
        return self.acted / self.people

    @property
    def interval(self) -> tuple[float, float]:
        """Return the share's 95% interval."""
        return wilson(self.acted, self.people) or (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Errors:
    """An error of the model and of the simple rule, and the 95% interval of how much larger the rule's is."""

    model: float
    simple: float
    low: float
    high: float

    @property
    def verdict(self) -> Literal["better", "worse", "even"]:
        """Tell whether the model beats the rule beyond chance."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "even"


@dataclass(frozen=True, slots=True)
class Lean:
    """By how much the Brier score of what is learnt rises when this is told of the wrong people."""

    theme: Theme
    rise: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """What the model, fitted one horizon ago, foretold of it, and what happened."""

    people: int
    formula: Errors
    """Of the probability to act at all by BG/NBD: Brier scores, beside the simple rule."""
    learned: Errors | None
    """The same by what is learnt; None where there is too little to learn from."""
    learned_beside_formula: Errors | None
    """What is learnt, and BG/NBD in the place of the simple rule."""
    leans: tuple[Lean, ...]
    times: Errors
    """Of how often: root mean squared errors."""
    foretold: float
    simple: float
    happened: int
    foretold_people: float
    happened_people: int
    bins: tuple[Bin, ...]

    @property
    def uses_learned(self) -> bool:
        """Tell whether what is learnt foretells who comes: it was better than BG/NBD beyond chance."""
        return self.learned_beside_formula is not None and self.learned_beside_formula.verdict == "better"

    @property
    def chance(self) -> Errors:
        """Return the errors of the probabilities that are used."""
        return self.learned if self.learned is not None and self.uses_learned else self.formula

    @property
    def times_ratio(self) -> float:
        """Return how many times happened for each that was foretold; 1 where that cannot be told."""
        return self.happened / self.foretold if self.happened and self.foretold else 1.0

    @property
    def people_ratio(self) -> float:
        """Return how many people acted for each that was foretold; 1 where that cannot be told."""
        return self.happened_people / self.foretold_people if self.happened_people and self.foretold_people else 1.0

    @property
    def is_better(self) -> bool:
        """Tell whether the model is worth more than the simple rule in either respect, and worse in none."""
        verdicts = {self.chance.verdict, self.times.verdict}
        return "better" in verdicts and "worse" not in verdicts


def backtest(question: Question, told: Told) -> Backtest:
    """Hold models of the past against what happened after the cut."""
    known = told.acts_at_cut > 0
    cut = (question.last_day - EPOCH).days - question.horizon
    acts, first, last = told.acts_at_cut[known], told.first[known], told.last_at_cut[known]
    groups, place = buying.group(acts - 1, last - first, cut - first)
    model = buying.fit(groups)
    by_formula = model.acts_within(groups, question.horizon)[place]
    times = model.expected(groups, question.horizon)[place]
    happened = told.acts[known] - acts
    did = happened > 0
    simple_chance, simple_times = _simple(told, known)
    simple_error, error = (simple_chance - did) ** 2, (by_formula - did) ** 2
    chance, learned, beside = by_formula, None, None
    leans: tuple[Lean, ...] = ()
    past = known_at(question, told, 2)
    found = learn(past.table, past.did)
    if found is not None:
        then = known_at(question, told, 1)
        by_learned = found.chance(then.table)
        learned_error = (by_learned - did) ** 2
        learned = _errors(learned_error, simple_error, is_root=False)
        beside = _errors(learned_error, error, is_root=False)
        leans = _leans(found, then)
        if beside.verdict == "better":
            chance = by_learned
    times = times_of(chance, by_formula, times)
    return Backtest(
        people=int(known.sum()),
        formula=_errors(error, simple_error, is_root=False),
        learned=learned,
        learned_beside_formula=beside,
        leans=leans,
        times=_errors((times - happened) ** 2, (simple_times - happened) ** 2, is_root=True),
        foretold=float(times.sum()),
        simple=float(simple_times.sum()),
        happened=int(happened.sum()),
        foretold_people=float(chance.sum()),
        happened_people=int(did.sum()),
        bins=_binned(chance, did),
    )


def times_of(chance: Column, by_formula: Column, times: Column) -> Column:
    """Return how often each is expected, if they come with ``chance``: who comes at all comes as often as BG/NBD says."""
    return chance * np.maximum(times / np.maximum(by_formula, 1e-9), 1.0)


def _leans(found: Learned, then: Known) -> tuple[Lean, ...]:
    """Tell how much each theme is worth to what is learnt, the most first; what is worth nothing is left out."""
    usual = float(((found.chance(then.table) - then.did) ** 2).mean())
    order = np.random.default_rng(0).permutation(len(then.did))
    leans = []
    for theme, names in THEMES.items():
        columns = [place for place, name in enumerate(then.names) if name in names]
        if columns:
            mixed = then.table.copy()
            mixed[:, columns] = mixed[order][:, columns]
            leans.append(Lean(theme, float(((found.chance(mixed) - then.did) ** 2).mean()) - usual))
    return tuple(sorted((lean for lean in leans if lean.rise > 0), key=lambda lean: -lean.rise))


def _simple(told: Told, known: NDArray[np.bool_]) -> tuple[Column, Column]:
    """Return what the simple rule foretells: of those who acted lately and those who did not, what became of them last time."""
    earlier = known & (told.acts_at_cut > told.acts_before_cut)
    chance, times = np.zeros(len(told)), np.zeros(len(told))
    for was_active in (True, False):
        before = earlier & ((told.acts_earlier > 0) == was_active)
        now = known & ((told.acts_before_cut > 0) == was_active)
        source = before if before.any() else earlier
        if source.any():
            chance[now] = (told.acts_before_cut[source] > 0).mean()
            times[now] = told.acts_before_cut[source].mean()
    return chance[known], times[known]


def _errors(model: Column, simple: Column, *, is_root: bool) -> Errors:
    """Compare squared errors person by person; the interval is of the difference of their means."""
    difference = simple - model
    centre = float(difference.mean())
    half = 1.96 * float(difference.std()) / max(len(difference), 1) ** 0.5
    power = 0.5 if is_root else 1.0
    return Errors(float(model.mean()) ** power, float(simple.mean()) ** power, centre - half, centre + half)


def _binned(chance: Column, did: NDArray[np.bool_]) -> tuple[Bin, ...]:
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, min(BINS, max(1, len(order) // 20))) if len(part)]
    return tuple(
        Bin(
            len(part),
            float(chance[part[0]]),
            float(chance[part[-1]]),
            float(chance[part].mean()),
            int(did[part].sum()),
        )
        for part in parts
    )
