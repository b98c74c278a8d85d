"""How far long work has come, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of one piece of work. ``total`` is None while it is not known how much there is."""

    title: str | Promise
    done: int = 0
    total: int | None = None
    state: Literal["waiting", "running", "done", "failed"] = "running"
    detail: str | Promise = ""

    @property
    def is_moving(self) -> bool:
        """Tell whether the page should ask again."""
        return self.state in {"waiting", "running"}

    @property
    def percent(self) -> int | None:
        """Return the whole percentage done, or None when the total is not known."""
        if self.state == "done":
            return 100
        if not self.total:
            return None
        return min(100, self.done * 100 // self.total)
