"""What the log makes the shop do, never on a replay: coupons for what members do, and forgetting where the erased live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db import connection

from liuliang.commerce.coupons import hold_takers
from liuliang.commerce.giving import KINDS, give_by_rule
from liuliang.commerce.models import CouponRule, CouponTemplate, OrderRefund, Redemption
from liuliang.kernel import clock
from liuliang.kernel.reactions import Reaction
from liuliang.kernel.readers import Window
from liuliang.loyalty.behaviours import behaviour
from liuliang.people.forgetting import ForgettingReaction


class CouponReaction(Reaction):
    """Give by the coupon rules. A rule speaks only of what happens from its start on, so importing old chats gives nothing."""

    name = "commerce.coupons"
    kinds = KINDS
    shards = 1
    batch = 50

    def rests(self) -> bool:
        """Tell whether no rule is in force."""
        return not CouponRule.objects.filter(is_active=True).exists()

    def apply(self, window: Window) -> None:
        """Give for the window's events."""
        rules = list(CouponRule.objects.filter(is_active=True).select_related("template", "community").order_by("pk"))
        at = clock.now()
        found = []
        takers: defaultdict[CouponTemplate, set[int]] = defaultdict(set)
        for rule in rules:
            told = behaviour(rule.behaviour)
            for event, member in self._seen(window, rule, told.kinds, told.earner):
                found.append((rule, event, member))
                takers[rule.template].add(member)
        for template, members in takers.items():
            hold_takers(template, members)
        for rule, event, member in found:
            give_by_rule(rule, member, event, at=at)

    @staticmethod
    def _seen(window: Window, rule: CouponRule, kinds: tuple[str, ...], earner: str) -> list[tuple[str, int]]:
        condition, params = window.where()
        # Nobody earns by inviting themselves, and bots have no use for coupons.
        who = "nullif((e.data->>%s)::int, e.member)" if earner else "e.member"
        place = "" if rule.community_id is None else (
            " AND e.community IN (SELECT id FROM people_community WHERE path @> ARRAY[%s]::int[])"
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT e.id::text, {who} FROM kernel_event e WHERE {condition} AND e.kind = ANY(%s)"
                f" AND e.occurred_at >= %s AND {who} IN (SELECT id FROM people_member WHERE NOT is_bot){place}"
                " ORDER BY e.xid, e.position",
                [
                    *([earner] if earner else []), *params, list(kinds), rule.starts_at, *([earner] if earner else []),
                    *([] if rule.community_id is None else [rule.community_id]),
                ],
            )  # fmt: skip
            return [(event, member) for event, member in cursor.fetchall()]


class ForgetAddresses(ForgettingReaction):
    """Empty the addresses of members who are erased, and why they were refunded; what they redeemed stays as a number."""

    name = "commerce.forgetting"

    def forget(self, members: Sequence[int]) -> None:
        """Empty theirs."""
        Redemption.objects.filter(member__in=members).exclude(address={}).update(address={})
        OrderRefund.objects.filter(order__member__in=members).exclude(reason="").update(reason="")
