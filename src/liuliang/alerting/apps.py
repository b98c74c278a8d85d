"""Alerting as a Django app."""

from django.apps import AppConfig


class AlertingConfig(AppConfig):
    """Hold the alerts and their firings."""

    name = "liuliang.alerting"
    label = "alerting"
