"""Plans: what partners are paid, and what the law does not allow them to be paid for.

The regulation on prohibiting pyramid selling (禁止传销条例, State Council Decree 444), article 7, names three things: (1) pay
by the number of people recruited, (2) a fee for the right to join, (3) pay by the sales of one's down-line. A plan that
asks for the first two, or for more than two levels, cannot be made. A second level is the least of (3): it is made only when
somebody confirms by name that it was looked at, and it is never higher than the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.partners.models import Plan
from liuliang.people.names import clean_name

CREATED = audit.action("partner.plan_created", _("新建佣金方案"))
STOPPED = audit.action("partner.plan_stopped", _("停用佣金方案"))

LEVELS = 2
"""The most levels that are paid."""

WHOLE = 10_000
"""A rate of everything, in hundredths of a percent."""

HIGHEST = 5_000
"""The highest sum of the rates: who pays more than half of the price lives from new partners, not from buyers."""

LONGEST = 3_650


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan as staff ask for it.

    ``rates`` are hundredths of a percent by level, the first for who brought the buyer. ``entry_fee`` and ``per_head`` (minor
    units) are there to be refused. ``window_days`` is how long after an order its commission is held, ``binding_days`` how
    long a member stays bound to who brought them; ``binds_invited`` binds those whom a partner invites into a group.
    ``is_confirmed`` says that the second level was looked at.
    """

    name: str
    rates: tuple[int, ...]
    window_days: int = 15
    binding_days: int = 180
    binds_invited: bool = True
    entry_fee: int = 0
    per_head: int = 0
    is_confirmed: bool = False


def check_plan(plan: NewPlan) -> None:
    """Refuse what the law forbids, and what makes no sense.

    Raises:
        Refused: ``partner.per_head`` (article 7 (1)), ``partner.entry_fee`` (article 7 (2)), ``partner.levels`` (article 7 (3)),
            ``partner.second_level`` for one that nobody confirmed, ``partner.rates``, ``partner.days``.
    """
    if plan.per_head:
        raise Refused("partner.per_head")
    if plan.entry_fee:
        raise Refused("partner.entry_fee")
    if len(plan.rates) > LEVELS:
        raise Refused("partner.levels", most=LEVELS)
    first, second = (*plan.rates, 0, 0)[:LEVELS]
    if not first >= 1 or not 0 <= second <= first or first + second > HIGHEST:
        raise Refused("partner.rates", most=HIGHEST // 100)
    if second and not plan.is_confirmed:
        raise Refused("partner.second_level")
    if not 0 <= plan.window_days <= LONGEST or not 1 <= plan.binding_days <= LONGEST:
        raise Refused("partner.days", most=LONGEST)


@transaction.atomic
def create_plan(plan: NewPlan, *, at: datetime) -> Plan:
    """Make a plan. It does not change afterwards: what was earned by it was earned by what it says.

    Raises:
        Refused: as `check_plan`; ``partner.plan_name``, ``partner.plan_taken``.
    """
    check_plan(plan)
    name = clean_name(plan.name)[:60]
    if not name:
        raise Refused("partner.plan_name")
    if Plan.objects.filter(name=name).exists():
        raise Refused("partner.plan_taken", name=name)
    first, second = (*plan.rates, 0)[:LEVELS]
    made = Plan.objects.create(
        name=name, first_rate=first, second_rate=second, window_days=plan.window_days, binding_days=plan.binding_days,
        binds_invited=plan.binds_invited, created_at=at, confirmed_by=audit.actor().staff if second else None,
    )  # fmt: skip
    audit.record(
        CREATED, made, name=name,
        changes={"first_rate": (None, first), "second_rate": (None, second), "window_days": (None, plan.window_days)},
    )  # fmt: skip
    return made


@transaction.atomic
def stop_plan(plan: Plan) -> None:
    """Offer a plan to nobody new; whoever has it keeps it."""
    row = Plan.objects.select_for_update().get(pk=plan.pk)
    if not row.is_active:
        return
    row.is_active = False
    row.save(update_fields=["is_active"])
    audit.record(STOPPED, row, name=row.name, changes={"is_active": (True, False)})


def commission_on(amount: int, rate: int) -> int:
    """Return the commission on so much money, rounded down to the minor unit."""
    return amount * rate // WHOLE
