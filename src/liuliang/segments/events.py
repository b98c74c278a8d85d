"""What happens with segments and layers."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from liuliang.kernel.events import Event, event


@event("segment.entered", title=_("进入人群"), icon="users-plus")
@dataclass(frozen=True, slots=True)
class SegmentEntered(Event):
    """A member came into a dynamic segment; ``cause`` is ``event``, ``time`` or ``rule`` (the rule itself changed)."""

    segment: int
    cause: str = "event"


@event("segment.left", title=_("离开人群"), icon="users-minus")
@dataclass(frozen=True, slots=True)
class SegmentLeft(Event):
    """A member is no longer in a dynamic segment; ``cause`` as for `SegmentEntered`."""

    segment: int
    cause: str = "event"


@event("layer.moved", title=_("分层变化"), icon="stairs")
@dataclass(frozen=True, slots=True)
class LayerMoved(Event):
    """A member moved from one layer of a dimension to another (empty: none); ``cause`` is ``day``, ``rule`` or ``staff``."""

    dimension: str
    before: str = ""
    after: str = ""
    cause: str = "day"
