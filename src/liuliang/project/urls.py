"""Every address of the product."""

from __future__ import annotations

from django.urls import include, path

from liuliang.api import health, payments

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/payments/<str:adapter>/", payments.take_notice, name="payment-notice"),
    path("api/v1/", include("liuliang.api.urls")),
    path("", include("liuliang.ui.urls")),
    path("", include("liuliang.console.urls")),
]
