"""Links that let a person set their password: an invitation, or help for one who forgot it.

Nothing sends e-mail yet, so whoever makes a link hands it over. A link is signed, lasts for a while, and works once: it holds
a fingerprint of the password it replaces, and an invited person's password is unusable but unique.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core import signing
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import Staff
from liuliang.accounts.services.account import checked_password, end_sessions
from liuliang.accounts.words import normal
from liuliang.kernel.errors import Refused

INVITATION_VALID: Final = timedelta(days=7)
RESET_VALID: Final = timedelta(days=1)
_SALT: Final = "liuliang.password-link"

JOINED = audit.action("staff.joined", _("接受邀请"))
PASSWORD_RESET = audit.action("staff.password_reset", _("通过链接重设密码"))


def link_token(staff: Staff) -> str:
    """Return the token of a link with which ``staff`` sets their password."""
    return signing.dumps([staff.pk, _fingerprint(staff)], salt=_SALT, compress=True)


def holder_of(token: str) -> Staff:
    """Return whose link this is.

    Raises:
        Refused: ``link.invalid`` when it is not ours, used, too old, replaced by a newer one, or its holder deactivated.
    """
    try:
        pk, fingerprint = signing.loads(token, salt=_SALT, max_age=INVITATION_VALID)
    except (signing.BadSignature, ValueError):
        raise Refused("link.invalid") from None
    staff = Staff.objects.filter(pk=pk, is_active=True).first()
    if staff is None or not constant_time_compare(_fingerprint(staff), fingerprint):
        raise Refused("link.invalid")
    if staff.has_usable_password():
        try:
            signing.loads(token, salt=_SALT, max_age=RESET_VALID)
        except signing.BadSignature:
            raise Refused("link.invalid") from None
    return staff


@transaction.atomic
def accept_link(token: str, *, name: str, password: str) -> Staff:
    """Set the password of the link's holder, end their sessions, and use the link up.

    Raises:
        Refused: ``link.invalid``, ``password.weak``.
    """
    Staff.objects.select_for_update().filter(pk=holder_of(token).pk).first()
    staff = holder_of(token)
    what = PASSWORD_RESET if staff.has_usable_password() else JOINED
    staff.name = normal(name)
    staff.set_password(checked_password(password, staff))
    staff.save(update_fields=["name", "password"])
    end_sessions(staff)
    with audit.acting(staff):
        audit.record(what, staff, name=staff.name, personal={"password"})
    return staff


def _fingerprint(staff: Staff) -> str:
    return salted_hmac(_SALT, f"{staff.pk}:{staff.email}:{staff.password}", algorithm="sha256").hexdigest()[:32]
