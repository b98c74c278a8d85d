"""What partners' accounts do by themselves from time to time."""

from __future__ import annotations

from liuliang.kernel import clock, jobs
from liuliang.kernel.jobs import job
from liuliang.partners import commissions


@job("partners.release", every="7 * * * *", lock="partners.release")
def release_commissions(timestamp: int) -> None:
    """Release the commissions whose refund window is over."""
    del timestamp
    while not jobs.stopping.is_set() and commissions.release(at=clock.now()):
        pass
