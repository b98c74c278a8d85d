"""The card of a segment: how large it is, and how it grows."""

from __future__ import annotations

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.console.analysis.behind import behind_url
from liuliang.console.analysis.metrics import Behind
from liuliang.console.analysis.statements import of_records, told
from liuliang.console.dashboards.drawn import Drawn, Line
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.console.segments.detail import growth_chart
from liuliang.console.segments.listing import find_segment
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import SegmentQuestion
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.segments.queries import growth
from liuliang.segments.queries import visible as visible_segments
from liuliang.ui import formats

MOST_OFFERED = 500
"""Segments offered in the form."""


def draw(standing: Standing, question: SegmentQuestion) -> Drawn:
    """Draw how large a segment is, and how it grows."""
    found = find_segment(standing.ground.access, MEMBERS_VIEW, question.segment)
    if found is None:
        raise Refused("segment.segment_gone")
    chart = growth_chart(found)
    days = growth(found, days=len(chart.labels) or 1, at=clock.now())
    return Drawn(
        _("人群：%(name)s") % {"name": found.name},
        str(chart.definition),
        reverse("console:segment", args=[found.public_id]),
        [Behind(_("人群里的人"), formats.exact(found.size), behind_url("segment", "", segment=found.public_id))],
        [told(of_records(found.sizes.order_by("day").values("day", "size")))],
        chart=chart,
        note=_("现在 {n} 人").format(n=formats.exact(found.size)),
        unit=str(chart.unit),
        lines=[Line(day.day.isoformat(), day.size) for day in days],
    )


def _needs(question: SegmentQuestion) -> tuple[str, ...]:
    del question
    return (MEMBERS_VIEW,)


def _fields(access: Access, card: Card | None) -> Fields:
    del card
    rows = (
        visible_segments(access, MEMBERS_VIEW)
        if access.may(MEMBERS_VIEW)
        else visible_segments(access, MEMBERS_VIEW).none()
    )
    known = rows.order_by("name", "id").values_list("public_id", "name")[:MOST_OFFERED]
    return {"segment": forms.ChoiceField(label=_("人群"), choices=list(known))}


# A segment is a set of people already, and belongs to a branch of its own.
FACE = Face("segment", draw, _needs, _fields, has_places=False)
