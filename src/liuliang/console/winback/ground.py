"""Which list of which branch an address asks for, within what the person may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_VIEW, ORDERS_VIEW
from liuliang.kernel import clock
from liuliang.people.access import Access
from liuliang.people.models import Community
from liuliang.segments.evaluating import context_of
from liuliang.segments.rules import Rule
from liuliang.winback import queries
from liuliang.winback.lists import KEYS, Ground, Key, rule_of

TITLES: dict[Key, str | Promise] = {
    "due": _("该再买了"),
    "overdue": _("过了周期没再买"),
    "recent": _("最近流失的买家"),
    "long": _("久未购买的买家"),
    "valued": _("流失的高价值买家"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A branch that may be chosen; the empty public id is everywhere."""

    public_id: str
    name: str
    community: Community | None


def places(access: Access) -> Sequence[Place]:
    """Return where orders and members may be seen."""
    allowed = access.community_ids(ORDERS_VIEW, MEMBERS_VIEW)
    rows = Community.objects.filter(archived_at=None)
    if allowed is not None:
        rows = rows.filter(id__in=allowed)
    found = [Place(one.public_id, one.name, one) for one in sorted(rows, key=lambda one: (len(one.path), one.name))]
    return [Place("", _now("全部社群"), None), *found] if allowed is None else found


def place_of(access: Access, parameters: QueryDict) -> Place | None:
    """Return the branch asked for; without a word, the first there is. None where one may see none such."""
    offered = places(access)
    if not parameters.get("in"):
        return offered[0] if offered else None
    return next((one for one in offered if one.public_id == parameters["in"]), None)


def ground_at(place: Place) -> Ground:
    """Return what the lists of a branch are made of, as of now."""
    context = context_of(place.community.pk if place.community else None, clock.now())
    return Ground(context, queries.rules(), queries.products(context), queries.buyers(context))


@dataclass(frozen=True, slots=True)
class Asked:
    """A list of a branch; of the due ones, perhaps for one product."""

    key: Key
    product: str

    @property
    def title(self) -> str:
        """Return what the list is called."""
        return f"{TITLES[self.key]} · {self.product}" if self.product else str(TITLES[self.key])

    def rule(self, ground: Ground) -> Rule | None:
        """Return its rule."""
        return rule_of(self.key, ground, self.product)


def asked_of(parameters: QueryDict) -> Asked:
    """Read which list is asked for; without a word, who is due.

    Raises:
        ValueError: there is no such list.
    """
    for key in KEYS:
        if key == parameters.get("list", KEYS[0]):
            return Asked(key, parameters.get("product", "").replace("\0", "")[:300])
    raise ValueError("no such list")
