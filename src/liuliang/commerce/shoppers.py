"""Who asks for a price: what the log and the ledger know of a buyer, and what each variant costs them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import connection
from django.db.models import Max, Q

from liuliang.commerce.models import Offer, Variant
from liuliang.commerce.prices import Priced, Shopper, Terms, price_of
from liuliang.loyalty.models import MemberLevel
from liuliang.loyalty.validity import today
from liuliang.subscriptions.plans import best_off
from liuliang.subscriptions.queries import plans_on


def shopper_of(person: int | None, *, at: datetime) -> Shopper:
    """Return what prices ask about a person (canonical record) now: where they are, their level and paid memberships.

    None is a stranger.
    """
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
    day = today(at)
    plans = plans_on(person, day)
    return Shopper(communities, level, frozenset(plan.pk for plan in plans), best_off(plans, day))


def terms_of(variants: Collection[int]) -> dict[int, list[Terms]]:
    """Return the offers of variants, by variant."""
    found: dict[int, list[Terms]] = {variant: [] for variant in variants}
    for offer in Offer.objects.filter(variant__in=variants).select_related("level").order_by("id"):
        found[offer.variant_id].append(_terms(offer))
    return found


def _terms(offer: Offer) -> Terms:
    level = offer.level.threshold if offer.level else None
    return Terms(
        offer.amount, frozenset(offer.communities), level, plan=offer.plan_id, from_quantity=offer.from_quantity,
        key=offer.pk,
    )  # fmt: skip


def _of_day(shopper: Shopper, variant: Variant) -> list[Terms]:
    """Return what a member day makes of a price. A membership itself does not cost less for having one."""
    if not shopper.day_off or variant.plan_id is not None:
        return []
    return [Terms(variant.amount - variant.amount * shopper.day_off // 100, is_of_day=True)]


def prices_for(shopper: Shopper, wanted: Iterable[tuple[Variant, int]]) -> list[Priced]:
    """Return what each of these variants, in these quantities, costs somebody."""
    wanted = list(wanted)
    terms = terms_of([variant.pk for variant, _quantity in wanted])
    return [
        price_of(variant.amount, terms[variant.pk] + _of_day(shopper, variant), shopper, quantity)
        for variant, quantity in wanted
    ]
