"""What tests of figures start from."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.analytics.scopes import Scope
from liuliang.simulator.simulation import simulate
from telling import ENDING, Simulated, Told, at, scope_of, tell_world, told

__all__ = ["at", "told"]


@pytest.fixture
def only() -> Callable[..., Scope]:
    return scope_of


@pytest.fixture
def simulated(told: Told) -> Simulated:
    return tell_world(told, simulate(ending=ENDING, days=70, people=240, communities=4))
