"""The console's addresses. Every area keeps its own in ``console/<area>/urls.py``; all names are ``console:<name>``."""

from __future__ import annotations

from django.urls import include, path

from liuliang.console.home import home
from liuliang.console.rewards import refusals

# Points have no pages yet; what they refuse has its sentence all the same.
refusals.install()

app_name = "console"
urlpatterns = [
    path("", home, name="home"),
    path("overview/", include("liuliang.console.overview.urls")),
    path("communities/", include("liuliang.console.communities.urls")),
    path("members/segments/", include("liuliang.console.segments.urls")),
    path("members/candidates/", include("liuliang.console.cultivation.urls")),
    path("members/", include("liuliang.console.members.urls")),
    path("analysis/", include("liuliang.console.analysis.urls")),
    path("goals/", include("liuliang.console.goals.urls")),
    path("health/", include("liuliang.console.health.urls")),
    path("reviews/", include("liuliang.console.reviews.urls")),
    path("imports/", include("liuliang.console.imports.urls")),
    path("", include("liuliang.console.accounts.urls")),
]
