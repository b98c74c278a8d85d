"""How rates of commission are written."""

from __future__ import annotations

from django import template

from liuliang.console.partners.editing import PERCENT

register = template.Library()


@register.filter
def rate(value: int) -> str:
    """Write hundredths of a percent as a percentage."""
    whole, rest = divmod(value, PERCENT)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + "%"
