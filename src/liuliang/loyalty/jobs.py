"""What the ledger does by itself from time to time."""

from __future__ import annotations

from datetime import datetime

from liuliang.kernel import clock, jobs
from liuliang.kernel.jobs import job
from liuliang.loyalty import expiry, holds, honour, idempotency, leveling
from liuliang.loyalty.models import Season


@job("loyalty.expire", every="*/5 * * * *", lock="loyalty.expire")
def expire_points(timestamp: int) -> None:
    """Expire the points whose last day is over where the brand is; within minutes of its midnight."""
    del timestamp
    while not jobs.stopping.is_set() and expiry.expire_due(at=clock.now()):
        pass


@job("loyalty.time_out", every="* * * * *", lock="loyalty.time_out")
def time_out_holds(timestamp: int) -> None:
    """Give back what was reserved and not redeemed in time."""
    del timestamp
    while not jobs.stopping.is_set() and holds.time_out(at=clock.now()):
        pass


@job("loyalty.review_levels", every="23 * * * *", lock="loyalty.review_levels")
def review_levels(timestamp: int) -> None:
    """Look again at the levels whose period is over."""
    del timestamp
    while not jobs.stopping.is_set() and leveling.review_due(at=clock.now()):
        pass


@job("loyalty.raise_members", turn="loyalty.raise_members")
def raise_members(after: int = 0) -> None:
    """Put everybody on the level that their growth reaches by the ladder as it stands now.

    When the worker stops first, the rest is left to its successor.
    """
    last: int | None = after
    while last is not None:
        if jobs.stopping.is_set():
            raise_members.defer(after=last)
            return
        last = leveling.raise_members(at=clock.now(), after=last)


@job("loyalty.give_badges", every="37 * * * *", lock="loyalty.give_badges")
def give_badges(timestamp: int) -> None:
    """Give badges to whom their rules mean by now."""
    del timestamp
    honour.give_by_rules(at=clock.now())


@job("loyalty.give_badge")
def give_badge(badge: int) -> None:
    """Give one badge to whom its rule means, as right after it was written."""
    honour.give_by_rules(at=clock.now(), badge=badge)


@job("loyalty.tidy", every="41 3 * * *", lock="loyalty.tidy")
def drop_old_keys(timestamp: int) -> None:
    """Drop idempotency keys that nobody will send again."""
    del timestamp
    while not jobs.stopping.is_set() and idempotency.drop_old(at=clock.now()):
        pass


@job("loyalty.clear_season")
def clear_season(season: str, cutoff: str, after: int = 0) -> None:
    """Clear a season (by id): take what is left of points earned before ``cutoff`` (ISO, with its zone), purse by purse.

    When the worker stops first, the rest is left to its successor.
    """
    last: int | None = after
    while last is not None:
        if jobs.stopping.is_set():
            clear_season.defer(season=season, cutoff=cutoff, after=last)
            return
        last = expiry.clear_earned_before(datetime.fromisoformat(cutoff), season=season, at=clock.now(), after=last)
    Season.objects.filter(pk=int(season), finished_at=None).update(finished_at=clock.now())
