"""The pages of staff as a Django app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The pages of staff."""

    name = "liuliang.console"
    label = "console"
