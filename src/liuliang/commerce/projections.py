"""Who bought, how much and when last: a fold of order events."""

from __future__ import annotations

from liuliang.people.folding import MemberTable

# An order that was first logged without a buyer counts when it is claimed.
_BOUGHT = "e.kind IN ('order.paid', 'order.claimed')"
_YUAN = "coalesce(e.data->>'currency', 'CNY') = 'CNY'"

_BUYER = f"""
INSERT INTO commerce_buyer AS known (member_id, orders, paid, refunded, first_order_at, last_order_at)
SELECT coalesce(m.canonical_id, m.id),
    count(*) FILTER (WHERE {_BOUGHT}),
    coalesce(sum((e.data->>'amount')::bigint) FILTER (WHERE {_BOUGHT} AND {_YUAN}), 0),
    coalesce(sum((e.data->>'amount')::bigint) FILTER (WHERE e.kind = 'order.refunded' AND {_YUAN}), 0)
        + coalesce(sum((e.data->>'refunded')::bigint) FILTER (WHERE e.kind = 'order.claimed' AND {_YUAN}), 0),
    min(e.occurred_at) FILTER (WHERE {_BOUGHT}),
    max(e.occurred_at) FILTER (WHERE {_BOUGHT})
FROM kernel_event e
JOIN people_member m ON m.id = e.member
WHERE %s
GROUP BY 1
ORDER BY 1
ON CONFLICT (member_id) DO UPDATE SET
    orders = known.orders + excluded.orders,
    paid = known.paid + excluded.paid,
    refunded = known.refunded + excluded.refunded,
    first_order_at = least(known.first_order_at, excluded.first_order_at),
    last_order_at = greatest(known.last_order_at, excluded.last_order_at)
"""


class BuyerProjection(MemberTable):
    """Fold payments and refunds into `Buyer`; orders in other currencies than CNY count as orders, not in the sums."""

    name = "commerce.buyer"
    kinds = ("order.paid", "order.refunded", "order.claimed")
    table = "commerce_buyer"
    folds = (_BUYER,)
