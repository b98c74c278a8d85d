"""Analytics as a Django app."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Hold the figures."""

    name = "liuliang.analytics"
    label = "analytics"
