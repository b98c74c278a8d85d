"""The Django app of the shared front end."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Templates, components, assets and the machinery of lists and charts."""

    name = "liuliang.ui"
    label = "ui"
