"""Who may look into a family, and how its people are found from the address of a list."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pyroaring import BitMap

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground
from liuliang.console.doors import finds
from liuliang.console.segments.editor import hidden_from
from liuliang.families.belonging import Standing, look_through, rule_of, tiers_of
from liuliang.families.models import Family, Tier, TierGroup
from liuliang.kernel import clock
from liuliang.people.access import Access

PARTS: dict[str, str | Promise] = {
    "belongs": gettext_lazy("属于这一档的人"),
    "inside": gettext_lazy("在这一档群里的人"),
    "astray": gettext_lazy("在这一档群里、但属于别的档的人"),
    "movers": gettext_lazy("该请来的人"),
    "settling": gettext_lazy("刚够格、再等等的人"),
    "waiting": gettext_lazy("请了、还没来的人"),
    "declined": gettext_lazy("近来说过不来的人"),
}
"""The people of a tier that can be opened as a list: fields of `Standing`."""


@finds("family")
def find_family(access: Access, permission: str, value: str) -> Family | None:
    """Find a family, where the permission holds in all of its groups."""
    return reached(access, permission).filter(public_id=value).first()


def reached(access: Access, permission: str) -> QuerySet[Family]:
    """Return the families in all of whose groups the permission holds; one that was dissolved has none any more."""
    allowed = access.community_ids(permission)
    if allowed is None:
        return Family.objects.all()
    groups = TierGroup.objects.filter(tier__family=OuterRef("pk"))
    return Family.objects.filter(Exists(groups), ~Exists(groups.exclude(community__in=allowed)))


def may_look(access: Access, tiers: Iterable[Tier]) -> bool:
    """Tell whether somebody may see who belongs in these tiers: all members, and what the rules speak of."""
    rules = [rule for tier in tiers if (rule := rule_of(tier)) is not None]
    return access.may_everywhere(MEMBERS_VIEW) and not any(hidden_from(access, rule, None) for rule in rules)


def part_url(tier: Tier, part: str) -> str:
    """Return the address of a list of people of a tier, a key of `PARTS`."""
    return behind_url("family", f"tier={tier.pk}", part=part)


def _asked(parameters: QueryDict) -> tuple[Tier, str]:
    number, part = parameters.get("tier", ""), parameters.get("part", "")
    if part not in PARTS or not number.isdecimal() or len(number) > 18:
        raise ValueError(part)
    tier = Tier.objects.filter(pk=int(number), removed_at=None).select_related("family").first()
    if tier is None:
        raise ValueError(number)
    return tier, part


def _words(access: Access, parameters: QueryDict) -> str:
    tier, part = _asked(parameters)
    if not reached(access, MEMBERS_VIEW).filter(pk=tier.family_id).exists():
        # Tiers are numbered, so anybody can ask about one: what it and its family are called is not for everybody.
        return _("群家族：{part}").format(part=PARTS[part])
    return _("{family} · {tier}：{part}").format(family=tier.family.name, tier=tier.name, part=PARTS[part])


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    tier, part = _asked(parameters)
    if not may_look(ground.access, tiers_of(tier.family)):
        return ()
    looked = look_through(tier.family, at=clock.now())
    return tuple(next((_part(each, part) for each in looked.tiers if each.tier.pk == tier.pk), BitMap()))


def _part(standing: Standing, part: str) -> BitMap:
    found: BitMap = getattr(standing, part)
    return found


declare("family", Crowd(_words, lambda _parameters: (), _members))
