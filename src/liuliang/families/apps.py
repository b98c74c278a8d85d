"""Families as a Django app."""

from django.apps import AppConfig


class FamiliesConfig(AppConfig):
    """Hold the families, their tiers and groups, and who was asked to move."""

    name = "liuliang.families"
    label = "families"

    def ready(self) -> None:
        """Register what follows the log, and what is done from time to time."""
        from liuliang.families import jobs  # noqa: F401
        from liuliang.families.reactions import Arrivals
        from liuliang.kernel.readers import register

        register(Arrivals())
