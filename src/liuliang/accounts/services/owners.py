"""Owners: the first one, further ones, and handing over.

The first owner is made on a page whose link only `liuliang up` prints. The link is signed with the installation's secret and
works while there is no staff at all; a request from this machine is not enough, because behind a proxy every request is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core import signing
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import Staff
from liuliang.accounts.services.account import checked_password
from liuliang.accounts.words import normal, normal_email
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

SETUP_VALID: Final = timedelta(days=3)
_SALT: Final = "liuliang.setup"
_LOCK: Final = 0x6C6C_6F77
"""The advisory lock under which ownership changes: two changes at once could leave no owner, or make two first ones."""

FIRST_OWNER = audit.action("owner.first", _("创建首位所有者"))
OWNER_ADDED = audit.action("owner.added", _("设为所有者"))
OWNER_REMOVED = audit.action("owner.removed", _("取消所有者"))


def needs_owner() -> bool:
    """Tell whether nobody has an account yet."""
    return not Staff.objects.exists()


def setup_token() -> str:
    """Return the token of the page that makes the first owner. It is for the console of the machine, nowhere else."""
    return signing.dumps("first-owner", salt=_SALT)


def check_setup_token(token: str) -> None:
    """Let the holder of a valid link go on.

    Raises:
        Refused: ``setup.done`` when there is staff already, ``setup.link_invalid`` when the link is wrong or too old.
    """
    if not needs_owner():
        raise Refused("setup.done")
    try:
        signing.loads(token, salt=_SALT, max_age=SETUP_VALID)
    except signing.BadSignature:
        raise Refused("setup.link_invalid") from None


@transaction.atomic
def create_first_owner(token: str, *, email: str, name: str, password: str) -> Staff:
    """Make the first owner. Of two who try at once, one is refused (``setup.done``)."""
    _lock()
    check_setup_token(token)
    staff = Staff(email=normal_email(email), name=normal(name), is_owner=True, created_at=clock.now())
    staff.set_password(checked_password(password, staff))
    staff.save()
    with audit.acting(staff):
        audit.record(FIRST_OWNER, staff, name=staff.name)
    return staff


@transaction.atomic
def add_owner(by: Staff, staff: Staff) -> None:
    """Let another staff member own the installation as well.

    Raises:
        Refused: ``owner.only_owners``, ``staff.not_active``, ``staff.not_joined`` (their invitation is still open).
    """
    _lock()
    _demand_owner(by)
    staff = Staff.objects.select_for_update().get(pk=staff.pk)
    if not staff.is_active:
        raise Refused("staff.not_active", name=staff.name)
    if not staff.has_usable_password():
        raise Refused("staff.not_joined", name=staff.name)
    if staff.is_owner:
        return
    staff.is_owner = True
    staff.save(update_fields=["is_owner"])
    audit.record(OWNER_ADDED, staff, name=staff.name, changes={"is_owner": (False, True)})


@transaction.atomic
def remove_owner(by: Staff, staff: Staff) -> None:
    """Take ownership away from another owner, or give up one's own; grants stay. Hand over by adding first.

    Raises:
        Refused: ``owner.only_owners``, ``owner.last``.
    """
    _lock()
    _demand_owner(by)
    owners = set(Staff.objects.filter(is_owner=True, is_active=True).values_list("pk", flat=True))
    if staff.pk not in owners:
        return
    if owners == {staff.pk}:
        raise Refused("owner.last")
    Staff.objects.filter(pk=staff.pk).update(is_owner=False)
    staff.is_owner = False
    audit.record(OWNER_REMOVED, staff, name=staff.name, changes={"is_owner": (True, False)})


def _demand_owner(by: Staff) -> None:
    if not Staff.objects.filter(pk=by.pk, is_owner=True, is_active=True).exists():
        raise Refused("owner.only_owners")


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
