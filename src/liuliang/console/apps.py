"""The pages of staff as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The pages of staff."""

    name = "liuliang.console"
    label = "console"

    def ready(self) -> None:
        """Put the console's frame around every page."""
        from liuliang.console.frame import SHELL
        from liuliang.ui import navigation

        navigation.install(SHELL)
