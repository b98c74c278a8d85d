"""Buyers told through the real log and lake."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.simulator.simulation import simulate
from liuliang.simulator.world import World
from telling import ENDING, Told, emptied


@pytest.fixture
def told(transactional_db: None) -> Iterator[Told]:
    yield from emptied()


@pytest.fixture(scope="session")
def world() -> World:
    return simulate(people=1_200, days=170, ending=ENDING)
