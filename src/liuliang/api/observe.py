"""Measure every request, and give it an id that its log lines carry."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
import uuid_utils
from django.http import HttpRequest, HttpResponse
from prometheus_client import Histogram

from liuliang.kernel.logs import get_logger

logger = get_logger(__name__)

DURATION = Histogram(
    "liuliang_request_seconds",
    "Time to answer a request, in seconds, by route and status class.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10),
)


class ObserveMiddleware:
    """Time the request by its route (never its address: addresses hold ids) and tie log lines together."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        started = time.perf_counter()
        request_id = str(uuid_utils.uuid7())
        with structlog.contextvars.bound_contextvars(request=request_id):
            response = self.get_response(request)
            match = request.resolver_match
            route = match.view_name if match else "none"
            seconds = time.perf_counter() - started
            DURATION.labels(route, request.method or "", f"{response.status_code // 100}xx").observe(seconds)
            if response.status_code >= 500:
                logger.error("request failed", route=route, status=response.status_code)
        response["X-Request-ID"] = request_id
        return response
