"""What the log makes of testimonials, never on a replay: those of erased members go."""

from __future__ import annotations

from collections.abc import Sequence

from liuliang.people.forgetting import ForgettingReaction
from liuliang.testimonials.models import Testimonial


class ForgetTestimonials(ForgettingReaction):
    """Delete the testimonials of members who are erased, pictures included."""

    name = "testimonials.forgetting"

    def forget(self, members: Sequence[int]) -> None:
        """Delete theirs."""
        Testimonial.objects.filter(member__in=members).delete()
