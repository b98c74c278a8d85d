"""Reads of testimonials: `shown` is the only way for what others see."""

from __future__ import annotations

from django.db.models import QuerySet

from liuliang.people.access import Access
from liuliang.testimonials.models import Testimonial


def testimonials(access: Access, permission: str) -> QuerySet[Testimonial]:
    """Return what one may see: of the communities where the permission holds; of none only where it holds everywhere."""
    allowed = access.community_ids(permission)
    return Testimonial.objects.all() if allowed is None else Testimonial.objects.filter(community__in=allowed)


def shown(use: str = "") -> QuerySet[Testimonial]:
    """Return what may be shown: accepted, with consent that holds, and for this use where one is named."""
    rows = Testimonial.objects.filter(state="accepted", consent="given")
    return rows.filter(uses__contains=[use]) if use else rows
