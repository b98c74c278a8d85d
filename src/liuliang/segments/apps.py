"""Segments as a Django app."""

from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    """Hold segments and layers, and follow the log to keep them up to date."""

    name = "liuliang.segments"
    label = "segments"

    def ready(self) -> None:
        """Register the reader that keeps dynamic segments up to date, and what time alone makes due."""
        from liuliang.kernel.following import register_upkeep
        from liuliang.kernel.readers import register
        from liuliang.segments.reactions import KeepingReaction
        from liuliang.segments.upkeep import keep_due, work_out_due_layers

        register(KeepingReaction())
        register_upkeep("segments", keep_due)
        register_upkeep("layers", work_out_due_layers)
