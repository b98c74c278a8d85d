"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.analysis import (
    aarrr,
    costs,
    funnel,
    metrics,
    overlap,
    paths,
    predictions,
    refusals,
    retention,
    survival,
    touches,
)

refusals.install()

urlpatterns = [
    path("aarrr/", aarrr.aarrr, name="aarrr"),
    path("aarrr/stage/", aarrr.stage, name="aarrr-stage"),
    path("costs/", costs.costs, name="costs"),
    path("costs/new/", costs.new_cost, name="new-cost"),
    path("costs/<str:cost>/delete/", costs.remove_cost, name="delete-cost"),
    path("retention/", retention.retention, name="retention"),
    path("survival/", survival.survival, name="survival"),
    path("funnel/", funnel.funnel, name="funnel"),
    path("paths/", paths.paths, name="paths"),
    path("touches/", touches.touches, name="touches"),
    path("overlap/", overlap.overlap, name="overlap"),
    path("predictions/", predictions.predictions, name="predictions"),
    path("metrics/", metrics.catalogue, name="metrics"),
    path("metrics/stage/", metrics.stage, name="metrics-stage"),
    path("metrics/<str:metric>/", metrics.metric, name="metric"),
]
