"""Lists: declared once, drawn with filters, sorts, columns, keyset pages, bulk actions and export.

A page declares a `Listing` and answers with it::

    MEMBERS = Listing(
        key="members",
        title=_("成员"),
        columns=(
            Column("name", _("昵称"), sort="name", is_fixed=True),
            Column("messages", _("消息"), sort="messages", show=cells.count, align="end"),
        ),
        filters=(Text("q", _("搜索昵称"), fields=("name",)), Choice("layer", _("分层"), options=LAYERS, field="layer")),
        default_sort="-messages",
        row_url=lambda member: member.get_absolute_url(),
    )

    def members(request):
        return MEMBERS.respond(request, Member.objects.all(), template="console/members.html")

The template puts it where it belongs with ``{% load listing %}{% listing listing %}``.
"""

from __future__ import annotations

from liuliang.ui.listing import cells
from liuliang.ui.listing.columns import Column
from liuliang.ui.listing.filters import Boolean, Choice, DateRange, Filter, MultiChoice, NumberRange, Option, Text
from liuliang.ui.listing.keyset import Cursor, Order, Slice
from liuliang.ui.listing.lists import BulkAction, Empty, Listing, View
from liuliang.ui.listing.sources import ListSource, QuerySetSource, Source

__all__ = [
    "Boolean",
    "BulkAction",
    "Choice",
    "Column",
    "Cursor",
    "DateRange",
    "Empty",
    "Filter",
    "ListSource",
    "Listing",
    "MultiChoice",
    "NumberRange",
    "Option",
    "Order",
    "QuerySetSource",
    "Slice",
    "Source",
    "Text",
    "View",
    "cells",
]
