"""Ways of layering members, and their registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from django.utils.functional import Promise
from numpy.typing import NDArray

from liuliang.kernel.registry import Registry
from liuliang.segments.base import Config
from liuliang.segments.features import Features

C = TypeVar("C", bound=Config)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: what it is called, and who belongs there, in words; ``tone`` is its colour on screen."""

    title: str | Promise
    meaning: str | Promise
    tone: str = "grey"


class Dimension(ABC, Generic[C]):
    """One way of putting everybody into a layer. ``layers`` are in the order in which they are shown.

    One file in `liuliang.segments.dimensions` that ends with ``DIMENSION = MyDimension()``.
    """

    key: ClassVar[str]
    title: ClassVar[str | Promise]
    question: ClassVar[str | Promise]
    layers: ClassVar[Mapping[str, Layer]]
    permission: ClassVar[str] = ""
    """What staff need beside seeing members."""
    titles: ClassVar[Mapping[str, str | Promise]]
    """What each threshold of ``config`` is called."""
    config: type[C]

    def norms(self, people: Features, config: C) -> dict[str, int]:
        """Return what everybody together says that one person is held against, such as medians."""
        del people, config
        return {}

    @abstractmethod
    def assign(self, people: Features, config: C, norms: Mapping[str, int]) -> NDArray[Any]:
        """Return each person's layer, as its place in ``layers``; -1 for none."""

    @abstractmethod
    def reason(self, person: Features, config: C, norms: Mapping[str, int]) -> str:
        """Return why the one person in ``person`` is in their layer, in one sentence."""


def first_true(conditions: list[NDArray[np.bool_]], layers: list[int], otherwise: int) -> NDArray[Any]:
    """Return for each person the layer of the first condition that holds."""
    return np.select(conditions, [np.int8(layer) for layer in layers], np.int8(otherwise))


@cache
def dimensions() -> Registry[Dimension[Any]]:
    """Return every dimension: the files of this package's folder and the ``liuliang.segments.dimensions`` entry points."""
    return Registry.discover("liuliang.segments.dimensions", attribute="DIMENSION")
