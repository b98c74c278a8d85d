"""What every benchmark shares: interleaved measuring, a table, and the one line of JSON at the end."""

from __future__ import annotations

import gc
import json
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound that a figure should keep."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, figure: float) -> bool:
        """Tell whether the figure keeps the bound."""
        return (self.at_least is None or figure >= self.at_least) and (self.at_most is None or figure <= self.at_most)

    def as_data(self) -> dict[str, float]:
        """Return the bound as JSON data."""
        bounds = {"at_least": self.at_least, "at_most": self.at_most}
        return {name: bound for name, bound in bounds.items() if bound is not None}

    def __str__(self) -> str:
        return " ".join(
            f"{sign} {bound:,g}" for sign, bound in (("≥", self.at_least), ("≤", self.at_most)) if bound is not None
        )


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call of ``work`` takes, in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(contenders: Mapping[str, Callable[[], object]], rounds: int, *, warm_up: int = 1) -> dict[str, float]:
    """Return the median seconds of each contender over ``rounds``.

    Contenders take turns within each round, each round starting with another one, so that a slow moment of the machine
    hits them alike. ``warm_up`` rounds go first and are not counted.
    """
    names = list(contenders)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(warm_up + rounds):
        gc.collect()
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            elapsed = seconds(contenders[name])
            if turn >= warm_up:
                taken[name].append(elapsed)
    return {name: median(times) for name, times in taken.items()}


def finish(bench: str, figures: Mapping[str, float], goals: Mapping[str, Goal]) -> bool:
    """Print the figures as a table and then one line of JSON; return whether every goal is kept.

    Raises:
        KeyError: a goal is set for a figure that was not measured.
    """
    holds = all(goal.holds(figures[name]) for name, goal in goals.items())
    table = Table(title=f"liuliang bench {bench}", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("goal", justify="right")
    table.add_column("kept")
    for name, figure in figures.items():
        goal = goals.get(name)
        kept = "" if goal is None else "yes" if goal.holds(figure) else "no"
        table.add_row(name, _readable(figure), "" if goal is None else str(goal), kept)
    Console().print(table)
    record = {
        "bench": bench,
        "figures": {name: _rounded(figure) for name, figure in figures.items()},
        "goals": {name: goal.as_data() for name, goal in goals.items()},
        "holds": holds,
    }
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return holds


def _readable(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 1_000 else f"{figure:,.3g}"


def _rounded(figure: float) -> float:
    return round(figure) if abs(figure) >= 1_000 or figure == round(figure) else float(f"{figure:.4g}")
