"""Loyalty as a Django app."""

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    """Hold the ledger, and follow the log to reward what members do."""

    name = "liuliang.loyalty"
    label = "loyalty"

    def ready(self) -> None:
        """Register what follows the log."""
        from liuliang.kernel.readers import register
        from liuliang.loyalty.projections import PointsDayProjection, PointsEndingProjection, StandingProjection
        from liuliang.loyalty.reactions import EarningReaction, ForgetReasons

        register(StandingProjection())
        register(PointsDayProjection())
        register(PointsEndingProjection())
        register(EarningReaction())
        register(ForgetReasons())
