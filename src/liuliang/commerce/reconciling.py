"""Asking for what was never told: payments and refunds whose notice has not come."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from liuliang.commerce.models import Payment, PaymentRefund
from liuliang.commerce.paying import ask
from liuliang.commerce.refunding import send_back
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

SWEEP = 200
"""How many of each are asked for in one go."""

_log = logging.getLogger(__name__)


def reconcile(*, at: datetime, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Ask for what is due, and return of how much there was an answer. Who cannot be reached is left alone until the next time."""
    payments = Payment.objects.filter(ask_at__lte=at).order_by("ask_at", "id").values_list("id", "adapter")[:SWEEP]
    refunds = (
        PaymentRefund.objects.filter(ask_at__lte=at)
        .order_by("ask_at", "id")
        .values_list("id", "payment__adapter")[:SWEEP]
    )
    silent: set[str] = set()
    answered = 0
    for step, due in ((ask, list(payments)), (send_back, list(refunds))):
        for number, adapter in due:
            if is_stopping():
                return answered
            if adapter not in silent:
                answered += _answers(step, number, adapter, silent)
    return answered


def _answers(step: Callable[..., object], number: int, adapter: str, silent: set[str]) -> bool:
    try:
        # Each takes its time, so each is asked as of its own moment.
        step(number, at=clock.now())
    except Refused as refusal:
        _log.warning("asking %s about %s was refused: %s", adapter, number, refusal.code)
        if refusal.code != "payment.provider":
            silent.add(adapter)
        return False
    return True
