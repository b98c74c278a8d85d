"""Segments as a Django app."""

from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    """Hold segments and layers, and follow the log to keep them up to date."""

    name = "liuliang.segments"
    label = "segments"

    def ready(self) -> None:
        """Register the reader that keeps dynamic segments up to date."""
        from liuliang.kernel.readers import register
        from liuliang.segments.reactions import KeepingReaction

        register(KeepingReaction())
