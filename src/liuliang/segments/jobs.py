"""What is done for segments and layers from time to time."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from liuliang.kernel import clock
from liuliang.kernel.jobs import job
from liuliang.lake.zones import default_zone
from liuliang.segments.keeping import hold
from liuliang.segments.models import Layering
from liuliang.segments.standing import work_out_layers


@job("segments.keep_due", every="* * * * *", attempts=1, lock="segments.keep_due")
def keep_due(timestamp: int) -> None:
    """Move whom time alone moves: midnight somewhere, a tag that expires."""
    del timestamp
    with transaction.atomic():
        hold(clock.now())


@job("segments.work_out_layers", every="*/10 * * * *", attempts=1, lock="segments.work_out_layers")
def layers(timestamp: int) -> None:
    """Work out everybody's layers: at the latest ten minutes after the day began, and hourly while things happen."""
    del timestamp
    at = clock.now()
    last = Layering.objects.filter(id=1).first()
    is_recent = last is not None and at - last.at < timedelta(hours=1)
    if last is None or not is_recent or clock.local_day(last.at, default_zone()) != clock.local_day(at, default_zone()):
        work_out_layers(at=at)
