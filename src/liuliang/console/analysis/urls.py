"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.analysis import funnel, metrics, paths, predictions, refusals, retention

refusals.install()

urlpatterns = [
    path("retention/", retention.retention, name="retention"),
    path("funnel/", funnel.funnel, name="funnel"),
    path("paths/", paths.paths, name="paths"),
    path("predictions/", predictions.predictions, name="predictions"),
    path("metrics/", metrics.catalogue, name="metrics"),
    path("metrics/stage/", metrics.stage, name="metrics-stage"),
    path("metrics/<str:metric>/", metrics.metric, name="metric"),
]
