"""Accounts as a Django app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Hold staff, roles and the audit log."""

    name = "liuliang.accounts"
    label = "accounts"
