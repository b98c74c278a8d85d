"""The lake as a Django app."""

from django.apps import AppConfig


class LakeConfig(AppConfig):
    """Hold the catalogue, and follow the log to copy it."""

    name = "liuliang.lake"
    label = "lake"

    def ready(self) -> None:
        """Register the sealer."""
        from liuliang.kernel.readers import register
        from liuliang.lake.sealer import Sealer

        register(Sealer())
