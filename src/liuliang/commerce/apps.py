"""Commerce as a Django app."""

from django.apps import AppConfig


class CommerceConfig(AppConfig):
    """Hold orders, and follow the log to know who bought."""

    name = "liuliang.commerce"
    label = "commerce"

    def ready(self) -> None:
        """Register what follows the log."""
        from liuliang.commerce.projections import BuyerProjection
        from liuliang.commerce.reactions import CouponReaction, ForgetAddresses
        from liuliang.kernel.readers import register

        register(BuyerProjection())
        register(CouponReaction())
        register(ForgetAddresses())
