"""What accounts tidy up by themselves."""

from __future__ import annotations

from liuliang.accounts import signin
from liuliang.accounts.models import StaffSession
from liuliang.kernel import clock
from liuliang.kernel.jobs import job


@job("accounts.tidy", every="17 3 * * *", lock="accounts.tidy")
def tidy(timestamp: int) -> None:
    """Delete sessions that have ended and sign-in attempts that no longer count."""
    del timestamp
    now = clock.now()
    StaffSession.objects.filter(expire_date__lt=now).delete()
    signin.forget_attempts(before=now - signin.WINDOW)
