"""Budgets of points as staff keep them: opened with an amount, filled up, and what is free taken out again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.loyalty.accounts import POINTS
from liuliang.loyalty.ledger import MOST
from liuliang.loyalty.models import Account
from liuliang.loyalty.purses import find_budgets
from liuliang.loyalty.stock import add, open_budget, withdraw

BUDGET_MOVED = audit.action("points.budget_changed", _("调整积分预算"))

LONGEST = 40


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget: its account, its name, what may still be given, and what was put into it less what was taken out."""

    account: int
    key: str
    free: int
    filled: int

    @property
    def given(self) -> int:
        """Return what went to members and did not come back."""
        return self.filled - self.free


def points_budgets() -> list[Budget]:
    """Return the budgets of points by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.id, a.key,"
            " (SELECT sum(b.balance - b.held) FROM loyalty_account b WHERE b.id = a.id OR b.head_id = a.id)::bigint,"
            # Entries of a hot account stand at its buckets.
            " coalesce((SELECT sum(t.amount) FROM loyalty_account b JOIN loyalty_transfer t"
            "  ON t.target_id = b.id AND t.kind = 'filled' WHERE b.id = a.id OR b.head_id = a.id), 0)::bigint"
            " - coalesce((SELECT sum(t.amount) FROM loyalty_account b JOIN loyalty_transfer t"
            "  ON t.source_id = b.id AND t.kind = 'withdrawn' WHERE b.id = a.id OR b.head_id = a.id), 0)::bigint"
            " FROM loyalty_account a WHERE a.unit = %s AND a.kind = 'budget' AND a.bucket = 0 AND a.member_id IS NULL"
            " ORDER BY a.key",
            [POINTS],
        )
        return [Budget(*row) for row in cursor.fetchall()]


@transaction.atomic
def change_budget(key: str, amount: int, *, attempt: str, at: datetime) -> None:
    """Put ``amount`` points into a budget, opening it if it is new, or (negative) take free ones out.

    Args:
        key: its name: letters, digits, hyphens, Chinese characters.
        amount: how many points come or go.
        attempt: names this one change, so that a form sent twice moves nothing twice.
        at: when.

    Raises:
        Refused: ``budget.key``, ``budget.amount``, ``stock.not_enough``.
    """
    key = slugify(key.strip(), allow_unicode=True)
    if not key or len(key) > LONGEST:
        raise Refused("budget.key", longest=LONGEST)
    if not amount or abs(amount) > MOST:
        raise Refused("budget.amount")
    cause = f"budget:{key}:{attempt}"
    known = bool(find_budgets([key]))
    if amount < 0 and not known:
        raise Refused("stock.not_enough", free=0)
    account = open_budget(key, 0, cause=cause, at=at)
    move = add if amount > 0 else withdraw
    if move(account, abs(amount), cause=cause, at=at).is_new:
        audit.record(BUDGET_MOVED, Account.objects.get(pk=account), name=key, changes={"amount": (None, amount)})
