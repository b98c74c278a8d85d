"""Testimonials as a Django app."""

from django.apps import AppConfig


class TestimonialsConfig(AppConfig):
    """Hold what customers say, and let earning rules reward it."""

    name = "liuliang.testimonials"
    label = "testimonials"

    def ready(self) -> None:
        """Register what follows the log, and what members can be rewarded for."""
        from liuliang.kernel.readers import register
        from liuliang.loyalty import behaviours
        from liuliang.testimonials.events import SHARING
        from liuliang.testimonials.reactions import ForgetTestimonials

        register(ForgetTestimonials())
        behaviours.register(SHARING)
