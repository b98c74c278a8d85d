"""Forms whose effect has no name of its own happen once, however often they are sent: two clicks, a retry, the way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from liuliang.console.doors import StaffRequest
from liuliang.kernel import clock
from liuliang.loyalty.idempotency import once

_TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - the name of a field


def once_for(request: StaffRequest, key: str, effect: Callable[[], Any]) -> Any:
    """Run ``effect`` for the form that carries ``key``, or return what it answered before.

    Args:
        request: the POST.
        key: of `liuliang.console.fields.KeyedForm`.
        effect: changes something and returns its answer as JSON data.

    Raises:
        Refused: ``idempotency.body`` where the form was filled in differently before, and whatever ``effect`` refuses.
    """
    told = sorted((name, values) for name, values in request.POST.lists() if name != _TOKEN)
    owner = f"console:{request.user.pk}:{request.path}"
    return once(key, owner=owner, body=json.dumps(told).encode(), at=clock.now(), effect=effect).data
