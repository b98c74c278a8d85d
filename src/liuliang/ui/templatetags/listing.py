"""The template tags that put a list on a page: ``{% load listing %}{% listing listing %}``."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from liuliang.ui.listing.lists import Listing
from liuliang.ui.listing.pages import ListPage, Row

register = template.Library()


@register.inclusion_tag("ui/listing/listing.html")
def listing(page: ListPage) -> dict[str, Any]:
    """Draw a list with its toolbar, table, bulk bar and pager."""
    return {"listing": page}


@register.inclusion_tag("ui/listing/later.html", takes_context=True)
def listing_later(context: Context, listing: Listing) -> dict[str, Any]:
    """Draw the place of a list that is asked for once the page is shown (`Listing.begin`)."""
    return {"listing": listing, "address": context["request"].get_full_path()}


@register.simple_tag
def row_actions(page: ListPage, row: Row) -> str:
    """Draw the links of a row's last column."""
    return template.loader.render_to_string(page.listing.row_actions, {"row": row.source})
