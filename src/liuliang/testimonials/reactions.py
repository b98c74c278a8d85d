"""What the log makes of testimonials, never on a replay: those of erased members go."""

from __future__ import annotations

from django.db import connection

from liuliang.kernel.reactions import Reaction
from liuliang.kernel.readers import Window
from liuliang.testimonials.models import Testimonial


class ForgettingReaction(Reaction):
    """Delete the testimonials of members who are erased, pictures included."""

    name = "testimonials.forgetting"
    kinds = ("member.erased",)

    def apply(self, window: Window) -> None:
        """Delete those of the window's members."""
        condition, params = window.where()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT array_agg(e.member) FROM kernel_event e WHERE {condition}", params)
            (erased,) = cursor.fetchone() or (None,)
        if erased:
            Testimonial.objects.filter(member__in=erased).delete()
