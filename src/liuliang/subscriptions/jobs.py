"""What paid membership does by itself."""

from __future__ import annotations

from liuliang.kernel import clock, jobs
from liuliang.kernel.jobs import job
from liuliang.subscriptions import subscribing


@job("subscriptions.expire", every="*/5 * * * *", lock="subscriptions.expire")
def expire_subscriptions(timestamp: int) -> None:
    """Expire what is over where the brand is; within minutes of its midnight."""
    del timestamp
    while not jobs.stopping.is_set() and subscribing.expire_due(at=clock.now()):
        pass
