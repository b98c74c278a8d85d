"""What staff decide: how long a product lasts, and what the lists go by."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.people.names import clean_name
from liuliang.winback.models import ListRules, ProductCycle
from liuliang.winback.queries import rules as rules_now
from liuliang.winback.rules import LONGEST, Rules

CYCLE_SET = audit.action("winback.cycle_set", _("设定复购周期"))
CYCLE_DROPPED = audit.action("winback.cycle_dropped", _("恢复学到的复购周期"))
RULES_CHANGED = audit.action("winback.rules_changed", _("修改复购与召回的规则"))
EXPORTED = audit.action("winback.exported", _("导出复购与召回名单"))


@transaction.atomic
def set_cycle(product: str, days: int | None, *, at: datetime) -> None:
    """Say how many days a product lasts; None goes back to what is learned.

    Raises:
        Refused: ``winback.product`` without a name, ``winback.cycle`` for an impossible number of days.
    """
    name = clean_name(product)[:300]
    if not name:
        raise Refused("winback.product")
    if days is not None and not 1 <= days <= LONGEST:
        raise Refused("winback.cycle", most=LONGEST)
    row = ProductCycle.objects.select_for_update().filter(pk=name).first()
    before = row.days if row else None
    if before == days:
        return
    if days is None:
        assert row is not None  # noqa: S101 - there was a number of days
        audit.record(CYCLE_DROPPED, row, name=name, changes={"days": (before, None)})
        row.delete()
        return
    made, _is_new = ProductCycle.objects.update_or_create(
        pk=name, defaults={"days": days, "changed_at": at, "changed_by": audit.actor().staff}
    )
    audit.record(CYCLE_SET, made, name=name, changes={"days": (before, days)})


@transaction.atomic
def change_rules(rules: Rules, *, at: datetime) -> None:
    """Set what the lists go by. Segments that were made of a list keep the rule they were made with.

    Raises:
        Refused: as `Rules.check`.
    """
    rules.check()
    before = asdict(rules_now())
    row, _is_new = ListRules.objects.update_or_create(
        pk=1, defaults={"config": asdict(rules), "changed_at": at, "changed_by": audit.actor().staff}
    )
    changes = {key: (before[key], value) for key, value in asdict(rules).items()}
    audit.record(RULES_CHANGED, row, name=str(_("复购与召回")), changes=changes)


@transaction.atomic
def note_export(title: str, people: int) -> None:
    """Put on record that the staff member at work takes a list of people away."""
    staff = audit.actor().staff
    if staff is not None:
        audit.record(EXPORTED, staff, name=title, changes={"people": (None, people)})
