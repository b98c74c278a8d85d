"""Plans of paid membership: made, changed, and what they are good for on a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.people.names import clean_name
from liuliang.subscriptions.models import Plan
from liuliang.subscriptions.terms import DAY, MONTH

CREATED = audit.action("plan.created", _("新建会员方案"))
CHANGED = audit.action("plan.changed", _("修改会员方案"))

MONTHLY, WEEKLY = "month", "week"
"""On which day members' day is: a day of the month (the last, where a month has none such), or of the week (1 is Monday)."""

LONGEST = {MONTH: 120, DAY: 3_660}
_MOST_RIGHTS = 20


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What a plan is; see `Plan`. ``rights`` are lines of words."""

    name: str
    unit: str = MONTH
    length: int = 12
    description: str = ""
    rights: tuple[str, ...] = ()
    day_kind: str = ""
    day_number: int = 1
    day_off: int = 0
    day_points: int = 0
    is_active: bool = True


@transaction.atomic
def create_plan(told: PlanTerms, *, community: int | None, at: datetime) -> Plan:
    """Make a plan.

    Raises:
        Refused: ``plan.name``, ``plan.length``, ``plan.rights``, ``plan.day``.
    """
    plan = Plan.objects.create(community_id=community, created_at=at, **asdict(_checked(told)))
    audit.record(CREATED, plan, name=plan.name, community=community, changes={"name": (None, plan.name)})
    return plan


@transaction.atomic
def change_plan(plan: int, told: PlanTerms) -> Plan:
    """Change a plan. Who has it keeps their days; what was bought before is as long as it was.

    Raises:
        Refused: as `create_plan`.
    """
    row = Plan.objects.select_for_update(of=("self",)).get(pk=plan)
    values = asdict(_checked(told))
    changes = {name: (getattr(row, name), value) for name, value in values.items()}
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
    audit.record(CHANGED, row, name=row.name, community=row.community_id, changes=changes)
    return row


def _checked(told: PlanTerms) -> PlanTerms:
    name = clean_name(told.name)[:40]
    rights = tuple(dict.fromkeys(clean_name(each)[:120] for each in told.rights if clean_name(each)))
    if not name:
        raise Refused("plan.name")
    if told.unit not in LONGEST or not 1 <= told.length <= LONGEST[told.unit]:
        raise Refused("plan.length", months=LONGEST[MONTH], days=LONGEST[DAY])
    if len(rights) > _MOST_RIGHTS:
        raise Refused("plan.rights", most=_MOST_RIGHTS)
    highest = {MONTHLY: 31, WEEKLY: 7, "": 31}.get(told.day_kind, 0)
    if not 1 <= told.day_number <= highest or not 0 <= told.day_off <= 99 or not 0 <= told.day_points <= 1_000:
        raise Refused("plan.day")
    return PlanTerms(
        name, told.unit, told.length, told.description.strip()[:2_000], rights, told.day_kind, told.day_number,
        told.day_off, told.day_points, told.is_active,
    )  # fmt: skip


def is_member_day(plan: Plan, day: date) -> bool:
    """Tell whether a day is a plan's member day."""
    if plan.day_kind == WEEKLY:
        return day.isoweekday() == plan.day_number
    if plan.day_kind != MONTHLY:
        return False
    return day.day == plan.day_number or (day.day < plan.day_number and _is_last(day))


def _is_last(day: date) -> bool:
    return date.fromordinal(day.toordinal() + 1).day == 1


def best_off(plans: Iterable[Plan], day: date) -> int:
    """Return by how many percent prices are lower on a day for who has these plans: the best of them."""
    return max((plan.day_off for plan in plans if is_member_day(plan, day)), default=0)


def best_points(plans: Iterable[Plan], day: date) -> int:
    """Return by how many percent more points are earned on a day by who has these plans: the best of them."""
    return max((plan.day_points for plan in plans if is_member_day(plan, day)), default=0)
