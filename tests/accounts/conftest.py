"""Staff to test with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from liuliang.accounts.models import Staff
from liuliang.kernel import clock

PASSWORD = "a long enough pass phrase"


@pytest.fixture
def make_staff(db: None) -> Callable[..., Staff]:
    """Return a function that makes a staff member with the usual password."""

    def make(email: str = "wang@example.com", *, password: str | None = PASSWORD, **fields: object) -> Staff:
        staff = Staff(
            email=email, name=str(fields.pop("name", email.partition("@")[0])), created_at=clock.now(), **fields
        )
        if password is None:
            staff.set_unusable_password()
        else:
            staff.set_password(password)
        staff.save()
        return staff

    return make
