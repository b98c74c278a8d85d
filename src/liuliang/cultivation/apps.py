"""Cultivation as a Django app."""

from django.apps import AppConfig


class CultivationConfig(AppConfig):
    """Hold the criteria and the pool of candidates."""

    name = "liuliang.cultivation"
    label = "cultivation"
