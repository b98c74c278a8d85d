"""The lake as a Django app."""

from django.apps import AppConfig


class LakeConfig(AppConfig):
    """Hold the catalogue."""

    name = "liuliang.lake"
    label = "lake"
