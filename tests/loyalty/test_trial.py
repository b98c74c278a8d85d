"""The short form of the trial under kill -9; the long one is a command of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_nothing_is_lost_and_nothing_done_twice_when_everything_is_killed():
    trial = Path(__file__).with_name("trial.py")
    done = subprocess.run(
        [sys.executable, str(trial), "--rounds", "2", "--seed", "7"], stdout=subprocess.PIPE, check=False
    )
    assert json.loads(done.stdout.splitlines()[-1])["different"] == 0, done.stdout.decode()
    assert done.returncode == 0
