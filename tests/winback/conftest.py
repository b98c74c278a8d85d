"""Buyers told through the real log and lake."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.simulator.simulation import simulate
from liuliang.simulator.world import World
from telling import ENDING, told

__all__ = ["told"]


@pytest.fixture(scope="session")
def world() -> World:
    return simulate(people=1_200, days=170, ending=ENDING)
