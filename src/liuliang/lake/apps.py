"""The lake as a Django app."""

from django.apps import AppConfig


class LakeConfig(AppConfig):
    """Hold the catalogue, and follow the log to copy it."""

    name = "liuliang.lake"
    label = "lake"

    def ready(self) -> None:
        """Register the sealer, and the upkeep of what it writes."""
        from liuliang.kernel.following import register_upkeep
        from liuliang.kernel.readers import register
        from liuliang.lake.sealer import Sealer
        from liuliang.lake.tidying import tidy

        register(Sealer())
        register_upkeep("lake", tidy)
