"""Who asks for a price: what the log and the ledger know of a buyer, and what each variant costs them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import Max, Q

from liuliang.commerce.models import Offer, Variant
from liuliang.commerce.prices import Priced, Shopper, Terms, price_of
from liuliang.loyalty.models import MemberLevel


def shopper_of(person: int | None) -> Shopper:
    """Return what prices ask about a person (canonical record): where they are now, and their level. None is a stranger."""
    if person is None:
        return Shopper()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT unnest(c.path) FROM people_membership m JOIN people_community c ON c.id = m.community_id"
            " WHERE m.member_id = %s AND m.is_present AND c.archived_at IS NULL",
            [person],
        )
        communities = frozenset(row[0] for row in cursor.fetchall())
    # A merge leaves levels with the records that reached them; the highest is the person's.
    of_person = Q(member=person) | Q(member__canonical=person)
    level = MemberLevel.objects.filter(of_person).aggregate(highest=Max("level__threshold"))["highest"]
    return Shopper(communities, level)


def terms_of(variants: Collection[int]) -> dict[int, list[Terms]]:
    """Return the offers of variants, by variant."""
    found: dict[int, list[Terms]] = {variant: [] for variant in variants}
    for offer in Offer.objects.filter(variant__in=variants).select_related("level").order_by("id"):
        found[offer.variant_id].append(_terms(offer))
    return found


def _terms(offer: Offer) -> Terms:
    level = offer.level.threshold if offer.level else None
    return Terms(offer.amount, frozenset(offer.communities), level, offer.from_quantity, offer.pk)


def prices_for(shopper: Shopper, wanted: Iterable[tuple[Variant, int]]) -> list[Priced]:
    """Return what each of these variants, in these quantities, costs somebody."""
    wanted = list(wanted)
    terms = terms_of([variant.pk for variant, _quantity in wanted])
    return [price_of(variant.amount, terms[variant.pk], shopper, quantity) for variant, quantity in wanted]
