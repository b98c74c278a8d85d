"""What happens with testimonials, and the behaviour that earning rules may reward."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from liuliang.kernel.events import Event, event
from liuliang.loyalty.behaviours import Behaviour, Field


@event("testimonial.accepted", title=_("见证被采用"), icon="quote")
@dataclass(frozen=True, slots=True)
class TestimonialAccepted(Event):
    """Staff accepted what a member said or showed, once for each. ``sort`` is testimonial or showcase."""

    testimonial: int
    sort: str
    pictures: int = 0


@event("testimonial.withdrawn", title=_("撤回见证"), icon="quote-off")
@dataclass(frozen=True, slots=True)
class TestimonialWithdrawn(Event):
    """A member withdrew the consent to what they said; text and pictures are gone."""

    testimonial: int


SHARING = Behaviour(
    "testimonial",
    _("见证或晒单被采用"),
    ("testimonial.accepted",),
    fields=(Field("sort", _("类型")), Field("pictures", _("图片数"), "number")),
)
"""Rewarded once, and kept when consent is withdrawn: to withdraw must cost nothing (PIPL, article 16)."""
