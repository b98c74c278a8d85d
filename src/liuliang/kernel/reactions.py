"""Reactions: what we do because something happened. They are never run on a replay."""

from __future__ import annotations

from typing import ClassVar

from liuliang.kernel.readers import Reader


class Reaction(Reader):
    """A side effect per event: its cursor only moves forward, and its first one is set where the log stands now."""

    starts_now: ClassVar[bool] = True
