"""Idempotency keys: a request that is sent again has its effect once and gets the same answer.

The key and the effect commit together. A key that came with another body before is refused, for it is another request. A
refused effect leaves no key: it changed nothing, and may be tried again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from liuliang.kernel.errors import Refused
from liuliang.loyalty.models import IdempotencyKey

KEPT = timedelta(days=7)
"""How long keys are kept: longer than anybody goes on trying."""

LONGEST = 200
SWEEP = 5_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request as JSON data, and whether it is that of an earlier one."""

    data: Any
    is_replayed: bool


def once(key: str, *, owner: str, body: bytes, at: datetime, effect: Callable[[], Any]) -> Answer:
    """Run ``effect`` unless this key was answered before, and return its answer.

    Of several with one key at once the first runs and the others wait for it.

    Args:
        key: what the caller sent as ``Idempotency-Key``.
        owner: who sent it and to what, such as ``api:7:POST /redemptions``; keys of others are other keys.
        body: the request's body.
        at: now.
        effect: changes something and returns its answer as JSON data.

    Raises:
        Refused: ``idempotency.key`` for an empty or overlong key, ``idempotency.body`` for another body, and whatever
            ``effect`` refuses.
    """
    if not key.strip() or len(key) > LONGEST or not key.isprintable():
        raise Refused("idempotency.key", longest=LONGEST)
    digest = hashlib.sha256(body).hexdigest()
    with transaction.atomic():
        # A second one waits here until the first has committed, or takes its place when it failed.
        row = IdempotencyKey(owner=owner, key=key, body=digest, at=at)
        IdempotencyKey.objects.bulk_create([row], ignore_conflicts=True)
        known = IdempotencyKey.objects.select_for_update().get(owner=owner, key=key)
        if known.body != digest:
            raise Refused("idempotency.body")
        if known.is_answered:
            return Answer(known.answer, is_replayed=True)
        known.answer = effect()
        known.is_answered = True
        known.save(update_fields=["answer", "is_answered"])
    return Answer(known.answer, is_replayed=False)


def drop_old(*, at: datetime) -> int:
    """Drop a batch of keys that nobody will send again; return how many."""
    old = IdempotencyKey.objects.filter(at__lt=at - KEPT).order_by("at").values("pk")[:SWEEP]
    return IdempotencyKey.objects.filter(pk__in=old).delete()[0]
