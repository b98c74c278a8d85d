"""What is done for members and communities from time to time."""

from __future__ import annotations

from liuliang.kernel import clock
from liuliang.kernel.jobs import job
from liuliang.people.tagging import BATCH, drop_expired


@job("people.drop_expired_tags", every="17 * * * *", lock="people.drop_expired_tags")
def drop_expired_tags(timestamp: int) -> None:
    """Take off the tags whose time is over."""
    del timestamp
    while drop_expired(at=clock.now()) == BATCH:
        pass
