"""Partners as a Django app."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    """Hold partners and plans, and follow the log to know which order earns whom a commission."""

    name = "liuliang.partners"
    label = "partners"

    def ready(self) -> None:
        """Register what follows the log."""
        from liuliang.kernel.readers import register
        from liuliang.partners.reactions import CommissionReaction, ForgetPartners

        register(CommissionReaction())
        register(ForgetPartners())
