"""The doors for machines: health, readiness, metrics, notices of payments, and the interface for other systems."""
