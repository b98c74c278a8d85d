"""What happens with candidates."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from liuliang.kernel.events import Event, event


@event("candidate.moved", title=_("种子与骨干"), icon="seedling")
@dataclass(frozen=True, slots=True)
class CandidateMoved(Event):
    """A member became a candidate for a role (a key of `kinds.KINDS`), or went from one state to another; ``before`` is empty at first."""

    role: str
    before: str = ""
    after: str = ""
