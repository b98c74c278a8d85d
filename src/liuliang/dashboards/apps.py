"""Dashboards as a Django app."""

from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    """Hold dashboards and their cards."""

    name = "liuliang.dashboards"
    label = "dashboards"
