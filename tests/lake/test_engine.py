"""The engine in the process, and what it must not change about that process."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTY = """
import ctypes, os
os.environ["DJANGO_SETTINGS_MODULE"] = "liuliang.project.settings"
from liuliang.lake import engine
assert engine.fetch("SELECT 1")[1] == [(1,)]

def fault():
    {fault}

fault()
"""
FAULTS = {
    "a wrong address": ("ctypes.CDLL(None).memset(8, 1, 1)", -11),
    "an abort": ("os.abort()", -6),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_process_dies_of_a_fault_at_once_and_says_where(name):
    fault, status = FAULTS[name]
    script = FAULTY.format(fault=fault)
    # The engine's own way takes five minutes.
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, timeout=60)
    assert done.returncode == status
    assert b"in fault" in done.stderr
