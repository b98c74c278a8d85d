"""Sign-in of staff: the password, the brake on guessing, and the second factor.

Whoever guesses learns nothing: an unknown e-mail, a wrong password and a deactivated account get the same answer after the
same work (one argon2 hash), and the brake counts for e-mails that do not exist as well. A session is signed in only after the
second factor, when there is one, so that no page has to ask whether it was given.
"""

from __future__ import annotations

import hmac
import math
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit, second_factor
from liuliang.accounts.addresses import client_address
from liuliang.accounts.models import SignInAttempt, Staff
from liuliang.accounts.sessions import CLIENT
from liuliang.accounts.words import normal_email
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

if TYPE_CHECKING:
    from django.http import HttpRequest

DEVICE_COOKIE: Final = "liuliang_device"
DEVICE_KNOWN_FOR: Final = timedelta(days=180)

WINDOW: Final = timedelta(minutes=15)
PER_EMAIL: Final = 8
PER_ADDRESS: Final = 40
"""An office behind one address has many people; one e-mail has one."""

PENDING: Final = "signin.pending"
PENDING_FOR: Final = timedelta(minutes=10)

BACKEND: Final = "liuliang.accounts.signin.StaffBackend"

SIGNED_IN = audit.action("staff.signed_in", _("登录"))
SIGNED_OUT = audit.action("staff.signed_out", _("退出登录"))


class StaffBackend(BaseBackend):
    """Load the staff member of a session; one who was deactivated is nobody. Passwords are checked by `check_password`."""

    def get_user(self, user_id: int) -> Staff | None:
        """Return the staff member, if active."""
        return Staff.objects.filter(pk=user_id, is_active=True).first()


def check_password(email: str, password: str, address: str | None, device: str = "") -> Staff:
    """Return the staff member whose e-mail and password these are.

    Args:
        email: as typed.
        password: as typed.
        address: where the attempt comes from, when known.
        device: the browser's `device_cookie`. A browser that was signed in to this account before is braked by itself, so
            that strangers who guess cannot lock the person out.

    Raises:
        Refused: ``signin.wrong``, or ``signin.slow_down`` with ``minutes`` when there were too many attempts for this
            e-mail or from this address; then the password is not looked at.
    """
    email = normal_email(email)
    whose = _subject("email", email)
    known = _known_device(device, whose)
    subjects = [(_subject("device", known) if known else whose, PER_EMAIL)]
    if address and not known:
        subjects.append((_subject("address", address), PER_ADDRESS))
    attempts = _brake(subjects)
    staff = Staff.objects.filter(email=email, is_active=True).first()
    if staff is None:
        make_password(password)  # as much work as checking one
        raise Refused("signin.wrong")
    if not staff.check_password(password):
        raise Refused("signin.wrong")
    SignInAttempt.objects.filter(Q(pk__in=attempts) | Q(subject=subjects[0][0])).delete()
    return staff


def confirm_password(staff: Staff, password: str) -> None:
    """Make sure that whoever is signed in knows the password, before something that matters. Guessing is braked here too.

    Raises:
        Refused: ``password.wrong``, ``signin.slow_down``.
    """
    subject = _subject("confirm", str(staff.pk))
    _brake([(subject, PER_EMAIL)])
    if not staff.check_password(password):
        raise Refused("password.wrong")
    SignInAttempt.objects.filter(subject=subject).delete()


def device_cookie(staff: Staff) -> str:
    """Return what a browser keeps to show that this person was signed in there before. It lets nobody in."""
    whose = _subject("email", staff.email)
    return signing.dumps([whose, secrets.token_urlsafe(9)], salt="liuliang.device")


def _known_device(cookie: str, whose: str) -> str:
    """Return the name of a browser that has been signed in to this account before, or nothing."""
    try:
        owner, name = signing.loads(cookie, salt="liuliang.device", max_age=DEVICE_KNOWN_FOR)
    except (signing.BadSignature, ValueError):
        return ""
    return str(name) if hmac.compare_digest(str(owner), whose) else ""


def begin(request: HttpRequest, staff: Staff) -> bool:
    """Sign in, or wait for the second factor. Returns whether the person is signed in."""
    if second_factor.device_of(staff) is None:
        complete(request, staff)
        return True
    # A fresh session: nothing that a stranger may have put into this browser survives.
    request.session.flush()
    request.session[PENDING] = {"staff": staff.pk, "at": clock.now().isoformat(), "hash": staff.get_session_auth_hash()}
    return False


def pending(request: HttpRequest) -> Staff | None:
    """Return who has given the password in this browser and not yet the second factor."""
    waiting = request.session.get(PENDING)
    if not waiting or clock.now() - datetime.fromisoformat(waiting["at"]) > PENDING_FOR:
        return None
    staff = Staff.objects.filter(pk=waiting["staff"], is_active=True).first()
    if staff is None or not hmac.compare_digest(staff.get_session_auth_hash(), waiting["hash"]):
        return None
    return staff


def complete(request: HttpRequest, staff: Staff) -> None:
    """Sign in for good: a new session key, and an entry in the audit log."""
    request.session.flush()
    with transaction.atomic(), audit.acting(staff, client_address(request)):
        auth.login(request, staff, backend=BACKEND)
        note_client(request)
        audit.record(SIGNED_IN, staff)


def note_client(request: HttpRequest) -> None:
    """Keep with the session where the person signed in, for their list of sessions."""
    request.session[CLIENT] = {
        "at": clock.now().isoformat(),
        "address": client_address(request),
        "agent": request.headers.get("User-Agent", "")[:300],
    }


def sign_out(request: HttpRequest, staff: Staff) -> None:
    """End this session."""
    with transaction.atomic():
        audit.record(SIGNED_OUT, staff)
        auth.logout(request)


def forget_attempts(before: datetime) -> int:
    """Delete attempts that no longer count, and return how many there were."""
    return SignInAttempt.objects.filter(at__lt=before).delete()[0]


def _brake(subjects: list[tuple[str, int]]) -> list[int]:
    """Count this attempt and return its rows, or refuse it when there were too many.

    The attempt is written and committed before it is judged, so of a hundred at once no more than the limit get to try. A
    refused attempt does not count: the wait ends although somebody keeps knocking.
    """
    now = clock.now()
    attempts = SignInAttempt.objects.bulk_create(
        [SignInAttempt(subject=subject, at=now) for subject, _limit in subjects]
    )
    mine = [attempt.pk for attempt in attempts]
    for subject, limit in subjects:
        recent = SignInAttempt.objects.filter(subject=subject, at__gt=now - WINDOW).order_by("-at", "-id")
        times = list(recent.values_list("at", flat=True)[: limit + 1])
        if len(times) > limit:
            SignInAttempt.objects.filter(pk__in=mine).delete()
            wait = times[limit] + WINDOW - now
            raise Refused("signin.slow_down", minutes=max(1, math.ceil(wait.total_seconds() / 60)))
    return mine


def _subject(kind: str, value: str) -> str:
    """Return the keyed hash under which attempts are counted: the table tells nobody who tried from where."""
    return salted_hmac(f"liuliang.signin.{kind}", value, secret=settings.SECRET_KEY, algorithm="sha256").hexdigest()
