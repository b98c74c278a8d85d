"""Seasons: what is left of points earned before a day is taken from everybody, after somebody has seen how much that is."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.loyalty import jobs
from liuliang.loyalty.expiry import earned_before
from liuliang.loyalty.models import Season
from liuliang.loyalty.validity import day_begins, today

CLEARED = audit.action("points.season_cleared", _("清零积分"))


def preview_season(last_day: date, *, at: datetime) -> tuple[int, int]:
    """Return how many purses hold points that were earned up to ``last_day``, and how many points those are.

    Raises:
        Refused: ``season.day`` unless the day is over.
    """
    return earned_before(_cutoff(last_day, at))


@transaction.atomic
def clear_season(title: str, last_day: date, *, at: datetime) -> Season:
    """Begin to take what is left of points earned up to and including ``last_day``; a job goes through the purses.

    Raises:
        Refused: ``season.title`` for none or one that was there before, ``season.day``, ``season.nothing`` where nobody has any.
    """
    title = title.strip()[:60]
    if not title or Season.objects.filter(title=title).exists():
        raise Refused("season.title", title=title)
    cutoff = _cutoff(last_day, at)
    purses, points = earned_before(cutoff)
    if not points:
        raise Refused("season.nothing")
    season = Season.objects.create(
        title=title, cutoff=cutoff, purses=purses, points=points, staff=audit.actor().staff, at=at
    )
    changes = {"cutoff": (None, last_day), "purses": (None, purses), "points": (None, points)}
    audit.record(CLEARED, season, name=title, changes=changes)
    jobs.clear_season.defer(season=str(season.pk), cutoff=cutoff.isoformat())
    return season


def _cutoff(last_day: date, at: datetime) -> datetime:
    if last_day >= today(at):
        raise Refused("season.day", day=last_day)
    return day_begins(date.fromordinal(last_day.toordinal() + 1))
