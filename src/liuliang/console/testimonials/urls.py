"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.testimonials import editing, listing, refusals

refusals.install()

urlpatterns = [
    path("", listing.testimonials, name="testimonials"),
    path("gallery/", listing.gallery, name="testimonial-gallery"),
    path("new/", editing.new, name="new-testimonial"),
    path("take/<str:message>/", editing.take, name="take-testimonial"),
    path("<str:testimonial>/", listing.testimonial, name="testimonial"),
    path("<str:testimonial>/consent/", editing.consent, name="testimonial-consent"),
    path("<str:testimonial>/withdraw/", editing.withdraw, name="withdraw-testimonial"),
    path("<str:testimonial>/accept/", editing.accept, name="accept-testimonial"),
    path("<str:testimonial>/refuse/", editing.refuse, name="refuse-testimonial"),
    path("<str:testimonial>/pictures/<int:picture_id>/", listing.picture, name="testimonial-picture"),
]
