"""What the log makes of partners, never on a replay: who was invited is bound, and orders earn and give back commission."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.kernel.reactions import Reaction
from liuliang.kernel.readers import Window
from liuliang.partners.commissions import hold_orders, settle_orders
from liuliang.partners.models import Binding, Partner
from liuliang.partners.services import bind_member
from liuliang.people.forgetting import ForgettingReaction


class CommissionReaction(Reaction):
    """Bind whom partners invite, then settle the orders of the window.

    One reader for both: whoever joined and bought is bound before the order is looked at. Who was invited before the
    partner began stays unbound, so that importing old chats binds nobody.
    """

    name = "partners.commission"
    kinds = ("member.joined", "order.paid", "order.claimed", "order.refunded")
    shards = 1
    batch = 50

    def rests(self) -> bool:
        """Tell whether there are no partners."""
        return not Partner.objects.exists()

    def apply(self, window: Window) -> None:
        """Bind and settle."""
        inviting = {
            partner.member.canonical_id or partner.member.pk: partner
            for partner in Partner.objects.filter(is_active=True).select_related("plan", "member")
            if partner.member is not None and partner.plan.binds_invited
        }
        orders = self._orders(window)
        # Before the members whom binding holds: giving back the money of an order holds it first, too.
        hold_orders(orders)
        if inviting:
            self._bind(window, inviting)
        settle_orders(orders, at=clock.now())

    @staticmethod
    def _bind(window: Window, inviting: dict[int, Partner]) -> None:
        condition, params = window.where()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT e.member, coalesce(i.canonical_id, i.id), e.occurred_at FROM kernel_event e"
                " JOIN people_member i ON i.id = (e.data->>'inviter')::int"
                f" WHERE {condition} AND e.kind = 'member.joined' AND e.member IS NOT NULL"
                " AND coalesce(i.canonical_id, i.id) = ANY(%s) ORDER BY e.xid, e.position",
                [*params, list(inviting)],
            )
            found: list[tuple[int, int, datetime]] = cursor.fetchall()
        for member, inviter, at in found:
            partner = inviting[inviter]
            if at < partner.joined_at:
                continue
            try:
                bind_member(member, partner, how="invite", at=at)
            except Refused:
                # Bound to somebody already, or the partner's own other account.
                continue

    @staticmethod
    def _orders(window: Window) -> list[int]:
        condition, params = window.where()
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT DISTINCT (e.data->>'order')::bigint FROM kernel_event e WHERE {condition}"
                " AND e.kind LIKE 'order.%%' ORDER BY 1",
                params,
            )
            return [row[0] for row in cursor.fetchall()]


class ForgetPartners(ForgettingReaction):
    """Take the name and the link off a partner who is erased, and forget whom an erased member belonged to; the sums stay."""

    name = "partners.forgetting"

    def forget(self, members: Sequence[int]) -> None:
        """Unbind them, and name them by their code."""
        Binding.objects.filter(member__in=members).delete()
        for partner in Partner.objects.filter(member__in=members):
            partner.name, partner.link, partner.is_active = partner.code, "", False
            partner.save(update_fields=["name", "link", "is_active"])
