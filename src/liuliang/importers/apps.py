"""Importers as a Django app."""

from django.apps import AppConfig


class ImportersConfig(AppConfig):
    """Hold imports."""

    name = "liuliang.importers"
    label = "importers"
