"""People as a Django app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Hold members and communities, and follow the log to know who is where."""

    name = "liuliang.people"
    label = "people"

    def ready(self) -> None:
        """Register what follows the log, and tell the lake in which time zones to count days."""
        from liuliang.kernel.readers import register
        from liuliang.lake import zones
        from liuliang.people.projections import ActivityProjection, MembershipProjection
        from liuliang.people.queries import time_zones
        from liuliang.people.reactions import ErasureReaction

        register(MembershipProjection())
        register(ActivityProjection())
        register(ErasureReaction())
        zones.register(time_zones)
