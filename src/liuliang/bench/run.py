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
}
"""Each module has ``run(quick: bool)``, which prints its table and its line of JSON."""


def run_benchmark(name: str, *, quick: bool) -> None:
    """Run one benchmark.

    Raises:
        Refused: ``bench.unknown``.
    """
    if name not in BENCHMARKS:
        raise Refused("bench.unknown", name=name, known=", ".join(BENCHMARKS))
    with scratch_installation():
        importlib.import_module(BENCHMARKS[name]).run(quick=quick)
