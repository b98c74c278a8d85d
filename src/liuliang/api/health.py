"""Is the process alive, is it ready to serve, and how does it fare."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily

from liuliang.kernel import readers


def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process answers; asks nothing of anything else."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether requests can be served: the database answers and its schema is current. 503 when not."""
    try:
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError:
        return JsonResponse({"ready": False, "database": "unreachable"}, status=503)
    ready = pending == 0
    return JsonResponse({"ready": ready, "database": "ok", "pending_migrations": pending}, status=200 if ready else 503)


class _LagCollector:
    """Read how far each reader of the log is behind, when asked."""

    def collect(self) -> list[GaugeMetricFamily]:
        """Return the gauge of every reader."""
        gauge = GaugeMetricFamily("liuliang_reader_lag_events", "Events a reader has yet to pass.", labels=["reader"])
        try:
            for name, behind in readers.lag().items():
                gauge.add_metric([name], behind)
        except DatabaseError:
            pass
        return [gauge]

    def describe(self) -> list[GaugeMetricFamily]:
        """Say nothing in advance, so that registration needs no database."""
        return []


REGISTRY.register(_LagCollector())


def metrics(request: HttpRequest) -> HttpResponse:
    """Return Prometheus metrics to this machine, and to others that bring ``LIULIANG_METRICS_TOKEN`` as bearer."""
    local = request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"} and "HTTP_X_FORWARDED_FOR" not in request.META
    token = settings.METRICS_TOKEN
    if not local and not (token and request.headers.get("Authorization") == f"Bearer {token}"):
        return HttpResponse(status=403)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
