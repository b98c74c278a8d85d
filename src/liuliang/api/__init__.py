"""The doors for machines: health, readiness, metrics."""
