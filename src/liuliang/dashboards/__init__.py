"""Dashboards: cards put together from what is measured, shared by role; each reader sees their own communities."""
