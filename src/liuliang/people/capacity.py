"""What one person can run: numbers for everybody, and others for a colleague who works less, or more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.permissions import STAFF_MANAGE
from liuliang.kernel.errors import Refused
from liuliang.people.models import Capacity
from liuliang.people.staffing import may_manage

if TYPE_CHECKING:
    from liuliang.accounts.models import Staff
    from liuliang.people.access import Access

CHANGED = audit.action("capacity.changed", _("改每人能带多少群"))
OWN_CHANGED = audit.action("capacity.own_changed", _("改某人能带多少群"))

MOST_GROUPS = 1_000
MOST_MEMBERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """So many running groups with so many members; a person in two of them counts twice."""

    groups: int = 0
    members: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(self.groups + other.groups, self.members + other.members)

    def exceeds(self, most: Load) -> bool:
        """Tell whether either is more than ``most``."""
        return self.groups > most.groups or self.members > most.members

    def times(self, most: Load) -> float:
        """Return how many times ``most`` it is, by groups or by members, whichever is more."""
        return max(self.groups / most.groups, self.members / most.members)

    def leaves_room_in(self, most: Load) -> bool:
        """Tell whether one more group, as yet without members, is within ``most``."""
        return self.groups < most.groups and self.members < most.members


READY = Load(groups=5, members=1_500)
"""What one person can run where nobody chose other numbers: about an hour and a half a day for each group (reading,
answering, posting) makes five in a working day, and groups of some three hundred."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What anybody can run, and what those can run who have numbers of their own, by staff id."""

    usual: Load
    own: Mapping[int, Load]

    def of(self, staff: int) -> Load:
        """Return what somebody can run."""
        return self.own.get(staff, self.usual)


def limits() -> Limits:
    """Return what is set."""
    rows: dict[int | None, Load] = {each.staff_id: Load(each.groups, each.members) for each in Capacity.objects.all()}
    usual = rows.pop(None, READY)
    return Limits(usual, {staff: most for staff, most in rows.items() if staff is not None})


@transaction.atomic
def set_capacity(by: Access, most: Load) -> None:
    """Set what one person can run, for everybody without numbers of their own.

    Raises:
        Refused: ``capacity.for_everybody`` for whoever does not manage all staff; ``capacity.groups`` or ``capacity.members``
            for numbers out of range.
    """
    if not by.may_everywhere(STAFF_MANAGE):
        raise Refused("capacity.for_everybody")
    _check(most)
    before = _held(None) or READY
    if before == most:
        return
    row, _is_new = Capacity.objects.update_or_create(
        staff=None, defaults={"groups": most.groups, "members": most.members}
    )
    audit.record(CHANGED, row, changes=_changes(before, most))


@transaction.atomic
def set_own_capacity(by: Access, staff: Staff, most: Load | None) -> None:
    """Set what one colleague can run; None gives them the numbers of everybody again.

    Raises:
        Refused: ``staff.beyond_you`` as for other changes of a colleague; ``capacity.groups``, ``capacity.members``.
    """
    if not may_manage(by, staff):
        raise Refused("staff.beyond_you", name=staff.name)
    before = _held(staff)
    if before == most:
        return
    if most is None:
        Capacity.objects.filter(staff=staff).delete()
    else:
        _check(most)
        Capacity.objects.update_or_create(staff=staff, defaults={"groups": most.groups, "members": most.members})
    audit.record(OWN_CHANGED, staff, name=staff.name, changes=_changes(before, most))


def _held(staff: Staff | None) -> Load | None:
    row = Capacity.objects.select_for_update().filter(staff=staff).first()
    return Load(row.groups, row.members) if row is not None else None


def _check(most: Load) -> None:
    if not 1 <= most.groups <= MOST_GROUPS:
        raise Refused("capacity.groups", most=MOST_GROUPS)
    if not 1 <= most.members <= MOST_MEMBERS:
        raise Refused("capacity.members", most=MOST_MEMBERS)


def _changes(before: Load | None, after: Load | None) -> dict[str, tuple[int | None, int | None]]:
    return {
        "able_groups": (before.groups if before else None, after.groups if after else None),
        "able_members": (before.members if before else None, after.members if after else None),
    }
