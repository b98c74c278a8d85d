"""Reads of the shop that a page can show at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q, QuerySet

from liuliang.commerce.models import CouponTemplate, Product
from liuliang.people.access import Access
from liuliang.people.models import Community


def sold_by(access: Access, permission: str) -> Q:
    """Return the condition on things with a branch: those one may see there, of the branches above, and everybody's."""
    allowed = access.community_ids(permission)
    if allowed is None:
        return Q()
    above: set[int] = set()
    for path in Community.objects.filter(id__in=allowed).values_list("path", flat=True):
        above.update(path)
    return Q(community__isnull=True) | Q(community__in=allowed | above)


def products(access: Access, permission: str) -> QuerySet[Product]:
    """Return the products that one may see."""
    return Product.objects.filter(sold_by(access, permission))


def templates(access: Access, permission: str) -> QuerySet[CouponTemplate]:
    """Return the coupons that one may see."""
    return CouponTemplate.objects.filter(sold_by(access, permission))


def own_templates(access: Access, permission: str) -> QuerySet[CouponTemplate]:
    """Return the coupons for which `owns` holds."""
    allowed = access.community_ids(permission)
    return CouponTemplate.objects.all() if allowed is None else CouponTemplate.objects.filter(community__in=allowed)


def owns(access: Access, permission: str, community: int | None) -> bool:
    """Tell whether ``permission`` holds for a thing of this branch; for everybody's, whether it holds everywhere."""
    return access.may_everywhere(permission) if community is None else access.may(permission, community)


@dataclass(frozen=True, slots=True)
class Sold:
    """What a product brought. ``orders``, ``buyers`` (persons) and ``items`` are of orders of which something was kept.

    ``paid`` is what was paid for it, ``refunded`` its share of what went back, ``discount`` what coupons took off (minor
    units); ``returned`` counts the orders that went back wholly.
    """

    orders: int = 0
    buyers: int = 0
    items: int = 0
    paid: int = 0
    refunded: int = 0
    discount: int = 0
    returned: int = 0

    @property
    def kept(self) -> int:
        """What was paid less what went back."""
        return self.paid - self.refunded


def sold(product: int) -> Sold:
    """Return what the paid orders made here brought of a product, by its own lines.

    Money goes back for an order, not for a line: each line bears as much of it as it has of the order.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT id) FILTER (WHERE kept), count(DISTINCT buyer) FILTER (WHERE kept),"
            " coalesce(sum(items) FILTER (WHERE kept), 0)::bigint, coalesce(sum(paid), 0)::bigint,"
            " coalesce(sum(round(paid::numeric * refunded / nullif(amount, 0))), 0)::bigint,"
            " coalesce(sum(discount) FILTER (WHERE kept), 0)::bigint, count(DISTINCT id) FILTER (WHERE NOT kept) FROM ("
            " SELECT o.id, coalesce(m.canonical_id, m.id) AS buyer, o.amount, o.refunded, o.status <> 'refunded' AND (o.refunded < o.amount"
            " OR o.amount = 0) AS kept, l.quantity - l.returned AS items, l.amount * l.quantity - l.discount AS paid,"
            " l.discount FROM commerce_variant v JOIN commerce_orderline l ON l.variant_id = v.id"
            " JOIN commerce_order o ON o.id = l.order_id LEFT JOIN people_member m ON m.id = o.member_id"
            " WHERE v.product_id = %s AND o.status IN ('paid', 'refunded')) sales",
            [product],
        )
        return Sold(*cursor.fetchone() or ())


@dataclass(frozen=True, slots=True)
class Brought:
    """What a coupon brought: how many were given and used, the orders it was used in and their persons, their sum less refunds, its cost."""

    given: int = 0
    used: int = 0
    orders: int = 0
    buyers: int = 0
    gmv: int = 0
    cost: int = 0


def brought(template: int) -> Brought:
    """Return what a coupon brought: orders paid with it, less what went back; its cost is what it took off them.

    Of an order that went back wholly the coupon came back too, perhaps to be used again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM commerce_coupon WHERE template_id = %s AND withdrawn_at IS NULL", [template]
        )
        (given,) = cursor.fetchone() or (0,)
        cursor.execute(
            "WITH used AS (SELECT u.order_id, sum(u.discount) AS discount, count(*) AS coupons FROM commerce_coupon c"
            " JOIN commerce_ordercoupon u ON u.coupon_id = c.id AND u.taken IS NOT NULL"
            " WHERE c.template_id = %s AND c.used_at IS NOT NULL GROUP BY u.order_id)"
            " SELECT coalesce(sum(used.coupons), 0)::bigint, count(*),"
            " count(DISTINCT coalesce(m.canonical_id, m.id)),"
            " coalesce(sum(o.amount - o.refunded), 0)::bigint, coalesce(sum(used.discount), 0)::bigint"
            " FROM used JOIN commerce_order o ON o.id = used.order_id LEFT JOIN people_member m ON m.id = o.member_id"
            " WHERE o.status = 'paid'",
            [template],
        )
        return Brought(int(given), *(cursor.fetchone() or ()))


def products_named(ids: Sequence[int]) -> dict[int, str]:
    """Return the names of products by id."""
    return dict(Product.objects.filter(id__in=ids).values_list("id", "name"))
