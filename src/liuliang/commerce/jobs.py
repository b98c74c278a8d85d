"""What the shop does by itself from time to time, and what takes long."""

from __future__ import annotations

from liuliang.commerce import codes, giving, reconciling, selling
from liuliang.kernel import clock, jobs
from liuliang.kernel.jobs import job


@job("commerce.time_out", every="* * * * *", lock="commerce.time_out")
def time_out_orders(timestamp: int) -> None:
    """Close orders that nobody paid in time, and forget wrong codes that count no more."""
    del timestamp
    while not jobs.stopping.is_set() and selling.time_out_orders(at=clock.now()):
        pass
    codes.forget_attempts(at=clock.now())


@job("commerce.reconcile", every="* * * * *", lock="commerce.reconcile")
def ask_for_payments(timestamp: int) -> None:
    """Ask for payments and refunds of which nothing was heard."""
    del timestamp
    reconciling.reconcile(at=clock.now(), is_stopping=jobs.stopping.is_set)


@job("commerce.give")
def give_to_many(run: int) -> None:
    """Give a coupon to many. When the worker stops first, the rest is left to its successor."""
    while giving.go_on(run, at=clock.now()):
        if jobs.stopping.is_set():
            give_to_many.defer(run=run)
            return
