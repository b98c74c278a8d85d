"""People as a Django app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Hold members and communities, and follow the log to know who is where."""

    name = "liuliang.people"
    label = "people"

    def ready(self) -> None:
        """Register the projections."""
        from liuliang.kernel.readers import register
        from liuliang.people.projections import ActivityProjection, MembershipProjection

        register(MembershipProjection())
        register(ActivityProjection())
