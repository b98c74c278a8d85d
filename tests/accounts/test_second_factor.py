"""Codes from the phone, and codes on paper."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from liuliang.accounts import second_factor
from liuliang.accounts.models import AuditEntry, Staff
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused


def code_now(staff: Staff) -> str:
    return f"{totp(TOTPDevice.objects.get(user=staff).bin_key):06d}"


def enabled(staff: Staff) -> list[str]:
    second_factor.prepare(staff)
    return second_factor.enable(staff, code_now(staff))


def test_it_is_on_only_after_a_code_from_the_phone(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff()
    device = second_factor.prepare(staff)
    assert second_factor.prepare(staff) == device
    assert second_factor.device_of(staff) is None
    with pytest.raises(Refused, match=r"second_factor\.wrong_code"):
        second_factor.enable(staff, "000000" if code_now(staff) != "000000" else "000001")
    assert second_factor.device_of(staff) is None
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert len(second_factor.enable(staff, code_now(staff))) == second_factor.RECOVERY_CODES
    assert second_factor.device_of(staff) == device
    assert AuditEntry.objects.get().action == "second_factor.enabled"


def test_the_qr_picture_is_an_image_that_the_policy_of_the_page_allows(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff("wang@example.com")
    device = second_factor.prepare(staff)
    picture = second_factor.qr_svg(device)
    assert picture.startswith("data:image/svg+xml")
    assert "style" not in picture
    assert len(second_factor.secret_of(device).replace(" ", "")) == 32


def test_a_code_counts_once(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff()
    start = clock.now()
    with time_machine.travel(start, tick=False) as machine:
        enabled(staff)
        machine.move_to(start + timedelta(seconds=60))
        code = code_now(staff)
        second_factor.check_code(staff, f"{code[:3]} {code[3:]}")
        with pytest.raises(Refused, match=r"second_factor\.wrong_code"):
            second_factor.check_code(staff, code)


def test_wrong_codes_make_the_next_try_wait(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff()
    start = clock.now()
    with time_machine.travel(start, tick=False) as machine:
        enabled(staff)
        machine.move_to(start + timedelta(seconds=90))
        for _attempt in range(3):
            with pytest.raises(Refused, match=r"second_factor\.wrong_code"):
                second_factor.check_code(staff, "abc")
        with pytest.raises(Refused, match=r"second_factor\.wrong_code"):
            second_factor.check_code(staff, code_now(staff))
        machine.move_to(start + timedelta(seconds=120))
        second_factor.check_code(staff, code_now(staff))


def test_a_recovery_code_works_once_and_is_not_kept_readable(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff()
    codes = enabled(staff)
    assert not set(StaticToken.objects.values_list("token", flat=True)) & {code.replace("-", "") for code in codes}
    second_factor.check_code(staff, codes[0].upper())
    assert second_factor.recovery_codes_left(staff) == second_factor.RECOVERY_CODES - 1
    with pytest.raises(Refused, match=r"second_factor\.wrong_code"):
        second_factor.check_code(staff, codes[0])
    assert AuditEntry.objects.latest("id").action == "second_factor.recovery_used"


def test_recovery_codes_of_others_and_replaced_ones_open_nothing(make_staff: Callable[..., Staff]) -> None:
    staff, other = make_staff(), make_staff("other@example.com")
    old, theirs = enabled(staff), enabled(other)
    second_factor.renew_recovery_codes(staff)
    for code in (old[0], theirs[0]):
        with pytest.raises(Refused, match=r"second_factor\.wrong_code"):
            second_factor.check_code(staff, code)


def test_switched_off_it_is_forgotten(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff()
    enabled(staff)
    second_factor.disable(staff)
    assert second_factor.device_of(staff) is None
    assert not StaticToken.objects.exists()
    with pytest.raises(Refused, match=r"second_factor\.is_off"):
        second_factor.disable(staff)


@pytest.mark.django_db(transaction=True)
def test_the_page_opened_many_times_at_once_sets_up_one_phone(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff()
    together = threading.Barrier(8)
    devices: list[int] = []

    def open_page() -> None:
        together.wait()
        devices.append(second_factor.prepare(staff).pk)
        connections.close_all()

    threads = [threading.Thread(target=open_page) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(devices) == 8
    assert len(set(devices)) == 1
    assert len(second_factor.enable(staff, code_now(staff))) == second_factor.RECOVERY_CODES
