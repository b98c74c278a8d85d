"""What the console does by itself: what takes the words of its pages, and so cannot be done below it."""

from __future__ import annotations

from liuliang.alerting.looking import is_unsettled, look_at_due
from liuliang.console.alerts import letters
from liuliang.console.reviews import letters as review_letters
from liuliang.kernel import clock, jobs
from liuliang.kernel.jobs import job


@job("alerting.look", every="*/5 * * * *", lock="alerting.look")
def look_at_alerts(timestamp: int) -> None:
    """Look at the alerts that are due, and tell whom their firings concern."""
    del timestamp
    while not jobs.stopping.is_set() and look_at_due(clock.now()):
        pass
    while not jobs.stopping.is_set() and letters.tell(at=clock.now()):
        pass


@job("reviews.send", every="20 * * * *", lock="reviews.send")
def send_reviews(timestamp: int) -> None:
    """Write the letters of reviews whose period is over."""
    del timestamp
    if not is_unsettled(clock.now()):
        review_letters.send_due(at=clock.now())
