"""The communities that somebody may let a dashboard or a card speak of."""

from __future__ import annotations

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.people.access import Access
from liuliang.people.models import Community


def places_of(access: Access) -> tuple[list[tuple[str, str]], dict[str, Community]]:
    """Return the communities whose figures somebody may see, as a tree of (public id, name moved in), and by public id."""
    rows = list(access.communities(ANALYTICS_VIEW).filter(archived_at=None).order_by("name", "id"))
    names = {row.pk: row.name for row in rows}
    rows.sort(key=lambda row: [(names.get(step, ""), step) for step in row.path])
    told = [(row.public_id, "\u3000" * (len(names.keys() & set(row.path)) - 1) + row.name) for row in rows]
    return told, {row.public_id: row for row in rows}
