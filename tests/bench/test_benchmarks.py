"""Every benchmark runs to its end in its short form; what it measures on a busy machine is nobody's concern here."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from liuliang.bench.run import BENCHMARKS


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs_to_its_end(name: str):
    done = subprocess.run(
        [sys.executable, "-m", "liuliang", "bench", name, "--quick"],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["bench"] == name
    assert told["goals"].keys() <= told["figures"].keys()
