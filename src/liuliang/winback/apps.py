"""Win-back as a Django app."""

from django.apps import AppConfig


class WinbackConfig(AppConfig):
    """Hold the cycles that were set by hand, and the rules of the lists."""

    name = "liuliang.winback"
    label = "winback"
