"""Every address of the product."""

from __future__ import annotations

from django.urls import include, path

from liuliang.api import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("", include("liuliang.console.urls")),
]

handler400 = "liuliang.console.errors.bad_request"
handler403 = "liuliang.console.errors.permission_denied"
handler404 = "liuliang.console.errors.page_not_found"
handler500 = "liuliang.console.errors.server_error"
