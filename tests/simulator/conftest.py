from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from liuliang.simulator import World, simulate, write

if TYPE_CHECKING:
    from pathlib import Path

ENDING = date(2026, 3, 1)


@pytest.fixture(scope="session")
def demo_world() -> World:
    """The world `make demo` shows, with another last day."""
    return simulate(ending=ENDING)


@pytest.fixture(scope="session")
def small_world() -> World:
    return simulate(ending=ENDING, seed=3, days=60, people=300)


@pytest.fixture(scope="session")
def small_files(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The small world's files by the slug of their community, and ``members``, ``orders`` and ``scores``."""
    paths = write(small_world, tmp_path_factory.mktemp("files"))
    names = [community.slug for community in small_world.communities]
    return dict(zip([*names, "members", "orders", "scores"], paths, strict=True))
