"""Subscriptions as a Django app."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    """Hold who is a paying member, and follow the log for the points of member days and for who is erased."""

    name = "liuliang.subscriptions"
    label = "subscriptions"

    def ready(self) -> None:
        """Register what follows the log."""
        from liuliang.kernel.readers import register
        from liuliang.subscriptions.reactions import ForgetGifts, MemberDayReaction

        register(MemberDayReaction())
        register(ForgetGifts())
