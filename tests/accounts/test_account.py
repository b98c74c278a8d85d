"""One's own account, and links that set a password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from liuliang.accounts import audit
from liuliang.accounts.models import AuditEntry, Staff, StaffSession
from liuliang.accounts.services import account, links
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

PASSWORD = "a long enough pass phrase"
NEWER = "another long pass phrase"


def session(staff: Staff, key: str) -> StaffSession:
    now = clock.now()
    return StaffSession.objects.create(
        session_key=key, session_data="", expire_date=now + timedelta(days=1), seen_at=now, staff=staff
    )


def test_a_new_password_ends_every_other_session_and_is_not_in_the_log(make_staff: Callable[..., Staff]) -> None:
    staff, other = make_staff(), make_staff("other@example.com")
    for key in ("here", "phone", "office"):
        session(staff, key)
    session(other, "theirs")
    account.change_password(staff, current=PASSWORD, new=NEWER, keep="here")
    assert staff.check_password(NEWER)
    assert set(StaffSession.objects.values_list("session_key", flat=True)) == {"here", "theirs"}
    assert AuditEntry.objects.get().changes == {"password": None}


def test_a_new_password_needs_the_old_one_and_strength(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff("wang@example.com", name="Wang Xiaoming")
    with pytest.raises(Refused, match=r"password\.wrong"):
        account.change_password(staff, current="wrong", new=NEWER)
    for weak in ("short", "password12", "83749502938475", "wang xiaoming"):
        with pytest.raises(Refused, match=r"password\.weak"):
            account.change_password(staff, current=PASSWORD, new=weak)
    assert Staff.objects.get().check_password(PASSWORD)


def test_sessions_can_be_ended_one_by_one_or_all_but_this(make_staff: Callable[..., Staff]) -> None:
    staff, other = make_staff(), make_staff("other@example.com")
    phone = session(staff, "phone")
    theirs = session(other, "theirs")
    session(staff, "here")
    session(staff, "office")
    account.end_session(staff, account.session_name(phone))
    account.end_session(staff, account.session_name(theirs))
    assert set(StaffSession.objects.values_list("session_key", flat=True)) == {"here", "office", "theirs"}
    assert account.sign_out_elsewhere(staff, keep="here") == 1
    assert set(StaffSession.objects.values_list("session_key", flat=True)) == {"here", "theirs"}


def test_a_changed_profile_is_recorded_and_an_unchanged_one_is_not(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff(name="王")
    with audit.acting(staff, "203.0.113.7"):
        account.change_profile(staff, name="王", language="")
        account.change_profile(staff, name=" 王\u0000 明 ", language="en")
    entry = AuditEntry.objects.get()
    assert entry.changes == {"name": ["王", "王 明"], "language": ["", "en"]}
    assert (entry.staff, entry.address) == (staff, "203.0.113.7")


def test_an_invitation_sets_the_password_once(make_staff: Callable[..., Staff]) -> None:
    token = links.link_token(make_staff(password=None))
    joined = links.accept_link(token, name="小王", password=PASSWORD)
    assert joined.check_password(PASSWORD)
    assert AuditEntry.objects.get().action == "staff.joined"
    with pytest.raises(Refused, match=r"link\.invalid"):
        links.accept_link(token, name="小王", password=NEWER)
    assert Staff.objects.get().check_password(PASSWORD)


def test_an_invitation_lasts_a_week_and_a_reset_a_day(make_staff: Callable[..., Staff]) -> None:
    invited, forgetful = make_staff("a@example.com", password=None), make_staff("b@example.com")
    start = clock.now()
    with time_machine.travel(start, tick=False) as machine:
        invitation, reset = links.link_token(invited), links.link_token(forgetful)
        machine.move_to(start + timedelta(hours=23))
        assert links.holder_of(reset) == forgetful
        machine.move_to(start + timedelta(hours=25))
        with pytest.raises(Refused, match=r"link\.invalid"):
            links.holder_of(reset)
        assert links.holder_of(invitation) == invited
        machine.move_to(start + timedelta(days=8))
        with pytest.raises(Refused, match=r"link\.invalid"):
            links.holder_of(invitation)


def test_links_of_deactivated_people_and_made_up_links_open_nothing(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff(password=None)
    token = links.link_token(staff)
    Staff.objects.update(is_active=False)
    for bad in (token, token[:-1], "x", ""):
        with pytest.raises(Refused, match=r"link\.invalid"):
            links.holder_of(bad)


def test_a_reset_ends_the_sessions_of_whoever_had_the_old_password(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff()
    session(staff, "thief")
    links.accept_link(links.link_token(staff), name="wang", password=NEWER)
    assert not StaffSession.objects.exists()
    assert AuditEntry.objects.get().action == "staff.password_reset"
