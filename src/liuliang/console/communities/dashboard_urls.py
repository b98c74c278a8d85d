"""Addresses of a community's board: the page, and the cards it asks for."""

from __future__ import annotations

from django.urls import path

from liuliang.console.communities import circles, dashboard, graph

urlpatterns = [
    path("", dashboard.board, name="community"),
    path("sold/", dashboard.sold, name="community-sold"),
    path("graph/", graph.graph, name="community-graph"),
    path("circles/", circles.circles, name="community-circles"),
    path("circles/new/", circles.form, name="form-circle"),
    path("speakers/", dashboard.speakers, name="community-speakers"),
    path("silence/", dashboard.silence, name="community-silence"),
    path("newcomers/", dashboard.newcomers, name="community-newcomers"),
    path("hours/", dashboard.hours, name="community-hours"),
    path("conversation/", dashboard.conversation, name="community-conversation"),
    path("words/", dashboard.words, name="community-words"),
    path("links/", dashboard.links, name="community-links"),
    path("orders/", dashboard.orders, name="community-orders"),
]
