"""What tests of figures start from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.analytics.scopes import Scope
from liuliang.simulator.simulation import simulate
from telling import ENDING, Simulated, Told, emptied, local, scope_of, tell_world


@pytest.fixture
def told(transactional_db: None) -> Iterator[Told]:
    yield from emptied()


@pytest.fixture
def at() -> Callable[..., datetime]:
    return local


@pytest.fixture
def only() -> Callable[..., Scope]:
    return scope_of


@pytest.fixture
def simulated(told: Told) -> Simulated:
    return tell_world(told, simulate(ending=ENDING, days=70, people=240, communities=4))
