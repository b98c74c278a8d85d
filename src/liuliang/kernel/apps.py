"""The kernel as a Django app."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """Hold the event log's tables."""

    name = "liuliang.kernel"
    label = "kernel"
    verbose_name = "Kernel"
