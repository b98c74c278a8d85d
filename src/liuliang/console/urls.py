"""The console's addresses. Every area keeps its own in ``console/<area>/urls.py``; all names are ``console:<name>``."""

from __future__ import annotations

from django.urls import include, path

from liuliang.console.home import home
from liuliang.console.rewards import urls as rewards

app_name = "console"
urlpatterns = [
    path("", home, name="home"),
    path("overview/", include("liuliang.console.overview.urls")),
    path("capacity/", include("liuliang.console.capacity.urls")),
    path("families/", include("liuliang.console.families.urls")),
    path("communities/", include("liuliang.console.communities.urls")),
    path("members/segments/", include("liuliang.console.segments.urls")),
    path("members/candidates/", include("liuliang.console.cultivation.urls")),
    path("members/", include("liuliang.console.members.urls")),
    path("points/", include("liuliang.console.rewards.urls")),
    path("honour/", include(rewards.honour_patterns)),
    path("penalties/", include(rewards.penalty_patterns)),
    path("advice/", include("liuliang.console.advice.urls")),
    path("alerts/", include("liuliang.console.alerts.urls")),
    path("analysis/", include("liuliang.console.analysis.urls")),
    path("dashboards/", include("liuliang.console.dashboards.urls")),
    path("goals/", include("liuliang.console.goals.urls")),
    path("health/", include("liuliang.console.health.urls")),
    path("reviews/", include("liuliang.console.reviews.urls")),
    path("shop/", include("liuliang.console.shop.urls")),
    path("payments/", include("liuliang.console.payments.urls")),
    path("winback/", include("liuliang.console.winback.urls")),
    path("partners/", include("liuliang.console.partners.urls")),
    path("testimonials/", include("liuliang.console.testimonials.urls")),
    path("imports/", include("liuliang.console.imports.urls")),
    path("", include("liuliang.console.accounts.urls")),
]
