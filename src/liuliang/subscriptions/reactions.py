"""What the log makes paid membership do, never on a replay: more points on member days, and forgetting why gifts were given."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from liuliang.kernel import clock
from liuliang.kernel.reactions import Reaction
from liuliang.kernel.readers import Window
from liuliang.loyalty.models import Lot, Transfer
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.purses import transfers_of
from liuliang.loyalty.reversals import reverse_reward
from liuliang.loyalty.validity import today
from liuliang.people.forgetting import ForgettingReaction
from liuliang.subscriptions.models import Plan, Term
from liuliang.subscriptions.plans import best_points
from liuliang.subscriptions.queries import plans_on


class MemberDayReaction(Reaction):
    """Add to what members earn by rules on their day, and take it back with what it was added to."""

    name = "subscriptions.member_day"
    kinds = ("points.earned", "points.reversed")
    shards = 1
    batch = 100

    def rests(self) -> bool:
        """Tell whether no plan gives more points on a day."""
        return not Plan.objects.filter(day_points__gt=0).exclude(day_kind="").exists()

    def apply(self, window: Window) -> None:
        """Look at the window's points."""
        condition, params = window.where()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT e.kind, e.id::text, coalesce(m.canonical_id, m.id), e.community, e.occurred_at,"
                " (e.data->>'transfer')::bigint, (e.data->>'amount')::bigint + coalesce((e.data->>'owed')::bigint, 0)"
                " + coalesce((e.data->>'forgiven')::bigint, 0)"
                f" FROM kernel_event e JOIN people_member m ON m.id = e.member WHERE {condition}"
                " AND e.kind = ANY(%s) AND coalesce((e.data->>'rule')::bigint, 0) > 0 ORDER BY e.xid, e.position",
                [*params, list(self.kinds)],
            )
            rows = cursor.fetchall()
        for kind, event, person, community, at, transfer, amount in rows:
            if kind == "points.reversed":
                _take_back(transfer, amount, event)
                continue
            percent = best_points(plans_on(person, today(at)), today(at))
            if percent and amount * percent >= 100:
                ends_on = Lot.objects.filter(transfer=transfer).values_list("ends_on", flat=True).first()
                more = Reward(person, amount * percent // 100, _cause(transfer), ends_on=ends_on, community=community)
                earn([more], at=clock.now())


def _take_back(transfer: int, undone: int, event: str) -> None:
    given = transfers_of(_cause(transfer))
    if not given:
        return
    more, earned = (Transfer.objects.get(pk=each).amount for each in (given[0], transfer))
    share = -(-more * undone // earned)
    reverse_reward(given[0], cause=f"{_cause(transfer)}:{event}", at=clock.now(), amount=share)


def _cause(transfer: int) -> str:
    return f"member_day:{transfer}"


class ForgetGifts(ForgettingReaction):
    """Empty the reasons for which members who are erased were given a plan."""

    name = "subscriptions.forgetting"

    def forget(self, members: Sequence[int]) -> None:
        """Empty theirs."""
        Term.objects.filter(subscription__member__in=members).exclude(reason="").update(reason="")
