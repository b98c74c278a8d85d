"""The addresses of the interface: those that its operations name."""

from __future__ import annotations

from django.urls import path

from liuliang.api import problems
from liuliang.api.openapi import openapi
from liuliang.api.operations import OPERATIONS, view_of
from liuliang.api.v1 import orders, people, shop, surveys

problems.install()

app_name = "api"
__all__ = ["orders", "people", "shop", "surveys"]

_named = {one.path: one.name for one in reversed(OPERATIONS)}

urlpatterns = [
    path("openapi.json", openapi, name="openapi"),
    *(path(address, view_of(address), name=name) for address, name in _named.items()),
]
