"""`liuliang bench NAME`: find the benchmark and run it in a place of its own."""

from __future__ import annotations

import importlib

from liuliang.bench.scratch import scratch_installation
from liuliang.kernel.errors import Refused

BENCHMARKS = {
    "log": "liuliang.bench.log",
    "import": "liuliang.bench.importing",
    "lake": "liuliang.bench.lake",
    "console": "liuliang.bench.console",
    "segments": "liuliang.bench.segments",
    "ledger": "liuliang.bench.ledger",
    "stock": "liuliang.bench.stock",
    "points": "liuliang.bench.points",
    "analytics": "liuliang.bench.analytics",
}
"""Each module has ``run(quick: bool)``, which prints its table and its line of JSON."""

SIZED = {"analytics"}
"""Benchmarks that take a size: how many events and members."""


def run_benchmark(name: str, *, quick: bool, **size: str) -> None:
    """Run one benchmark.

    Args:
        name: a key of `BENCHMARKS`.
        quick: the short form.
        size: ``events`` and ``members``, of those in `SIZED`.

    Raises:
        Refused: ``bench.unknown``, or ``bench.size`` for a size given to one that takes none.
    """
    if name not in BENCHMARKS:
        raise Refused("bench.unknown", name=name, known=", ".join(BENCHMARKS))
    if size and name not in SIZED:
        raise Refused("bench.size", size=", ".join(size.values()))
    with scratch_installation():
        importlib.import_module(BENCHMARKS[name]).run(quick=quick, **size)
