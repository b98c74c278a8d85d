"""Liuliang: run communities, and know who stayed."""
