"""Mail as a Django app."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Hold the letters on their way and what became of them."""

    name = "liuliang.mail"
    label = "mail"
