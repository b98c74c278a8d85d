"""The bell of the frame: how many firings wait that the person is told of."""

from __future__ import annotations

from django.http import HttpRequest

from liuliang.alerting.queries import waiting
from liuliang.console.doors import access_of


def unacknowledged(request: HttpRequest) -> int:
    """Return how many firings the person is told of that nobody has taken yet; counting stops at a hundred."""
    access = access_of(request)
    return waiting(access)[:100].count() if access is not None else 0
