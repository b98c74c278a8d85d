"""What is done for segments and layers every minute, in the follower: it asks the lake, whose engine is loaded there."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from liuliang.kernel import clock
from liuliang.lake.zones import default_zone
from liuliang.segments.keeping import hold, is_whole
from liuliang.segments.standing import last_layering, work_out_layers


def keep_due() -> None:
    """Move whom time alone moves: midnight somewhere, a tag that expires."""
    with transaction.atomic():
        hold(clock.now())


def work_out_due_layers() -> None:
    """Work out everybody's layers: at the latest a minute after the day began or the first people came, and hourly then.

    Not from a part of the log, while the lake is copied anew.
    """
    if not is_whole():
        return
    at = clock.now()
    last = last_layering()
    is_recent = last is not None and at - last.at < timedelta(hours=1)
    if last is None or not is_recent or clock.local_day(last.at, default_zone()) != clock.local_day(at, default_zone()):
        work_out_layers(at=at)
