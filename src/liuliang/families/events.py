"""What happens with people who are asked to move within a family."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from liuliang.kernel.events import Event, event


@event("family.invited", title=_("被请换群"), icon="mail-forward")
@dataclass(frozen=True, slots=True)
class FamilyInvited(Event):
    """Staff asked a member over into a group of a tier; the event's community is that group."""

    family: int
    tier: int


@event("family.arrived", title=_("应邀换群"), icon="door-enter")
@dataclass(frozen=True, slots=True)
class FamilyArrived(Event):
    """A member who was asked over is in a group of the tier, which is the event's community."""

    family: int
    tier: int


@event("family.declined", title=_("没来新群"), icon="door-off")
@dataclass(frozen=True, slots=True)
class FamilyDeclined(Event):
    """A member who was asked over will not come, as staff noted."""

    family: int
    tier: int
