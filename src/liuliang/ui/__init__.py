"""Shared templates, components and front-end sources."""
