"""One's own account: name, language, password, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit, signin
from liuliang.accounts.models import Staff, StaffSession
from liuliang.accounts.words import normal
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

if TYPE_CHECKING:
    from django.db.models import QuerySet

PROFILE_CHANGED = audit.action("staff.profile_changed", _("修改自己的资料"))
PASSWORD_CHANGED = audit.action("staff.password_changed", _("修改密码"))
SESSIONS_ENDED = audit.action("staff.sessions_ended", _("退出其他设备"))


def checked_password(password: str, staff: Staff) -> str:
    """Return a password that is good enough for ``staff``.

    Raises:
        Refused: ``password.weak`` with ``reasons``, sentences in the person's language.
    """
    try:
        password_validation.validate_password(password, staff)
    except ValidationError as error:
        raise Refused("password.weak", reasons=" ".join(error.messages)) from None
    return password


@transaction.atomic
def change_profile(staff: Staff, *, name: str, language: str) -> None:
    """Change how the person is called and which language they read."""
    before = {"name": staff.name, "language": staff.language}
    staff.name, staff.language = normal(name), language
    changes = {key: (value, getattr(staff, key)) for key, value in before.items() if value != getattr(staff, key)}
    if not changes:
        return
    staff.save(update_fields=["name", "language"])
    audit.record(PROFILE_CHANGED, staff, name=staff.name, changes=changes)


def change_password(staff: Staff, *, current: str, new: str, keep: str = "") -> None:
    """Change one's password, and end every other session.

    Args:
        staff: who it is.
        current: the password until now.
        new: the password from now on.
        keep: the key of the session that goes on.

    Raises:
        Refused: ``password.wrong``, ``password.weak``, ``signin.slow_down``.
    """
    # Before the transaction: what is refused is rolled back, but a wrong guess must stay counted.
    signin.confirm_password(staff, current)
    with transaction.atomic():
        staff.set_password(checked_password(new, staff))
        staff.save(update_fields=["password"])
        end_sessions(staff, keep=keep)
        audit.record(PASSWORD_CHANGED, staff, personal={"password"})


@transaction.atomic
def sign_out_elsewhere(staff: Staff, *, keep: str) -> int:
    """End every session of this person but the one whose key is ``keep``; return how many ended."""
    ended = end_sessions(staff, keep=keep)
    if ended:
        audit.record(SESSIONS_ENDED, staff, changes={"sessions": (ended, 0)})
    return ended


@transaction.atomic
def end_session(staff: Staff, name: str) -> None:
    """End the session of this person that `session_name` calls ``name``."""
    for session in sessions_of(staff):
        if constant_time_compare(session_name(session), name):
            session.delete()
            audit.record(SESSIONS_ENDED, staff, changes={"sessions": (1, 0)})


def sessions_of(staff: Staff) -> QuerySet[StaffSession]:
    """Return where this person is signed in, the latest used first."""
    return StaffSession.objects.filter(staff=staff, expire_date__gt=clock.now()).order_by("-seen_at")


def session_name(session: StaffSession) -> str:
    """Return what a page calls a session: its key would let anyone in who reads it."""
    return salted_hmac("liuliang.session", session.session_key, algorithm="sha256").hexdigest()[:32]


def end_sessions(staff: Staff, *, keep: str = "") -> int:
    """Delete this person's sessions; part of a change that is recorded by its own name."""
    return StaffSession.objects.filter(staff=staff).exclude(session_key=keep).delete()[0]
