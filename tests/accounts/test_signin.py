"""Passwords, and the brake on guessing them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from liuliang.accounts import signin
from liuliang.accounts.models import SignInAttempt, Staff
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

PASSWORD = "a long enough pass phrase"
HERE = "203.0.113.7"


def code_of(email: str, password: str, address: str | None = HERE, device: str = "") -> str:
    try:
        signin.check_password(email, password, address, device)
    except Refused as refusal:
        return refusal.code
    return "in"


def test_the_right_password_lets_in_whatever_the_case_and_width_of_the_email(make_staff: Callable[..., Staff]) -> None:
    make_staff("wang@example.com")
    assert code_of(" Wang@Example.com ", PASSWORD) == "in"
    assert code_of("ｗang@example.com", PASSWORD) == "in"


def test_unknown_wrong_and_deactivated_are_told_apart_by_nobody(make_staff: Callable[..., Staff]) -> None:
    make_staff("wang@example.com")
    make_staff("gone@example.com", is_active=False)
    make_staff("invited@example.com", password=None)
    answers = {
        code_of("nobody@example.com", PASSWORD),
        code_of("wang@example.com", "wrong"),
        code_of("gone@example.com", PASSWORD),
        code_of("invited@example.com", PASSWORD),
    }
    assert answers == {"signin.wrong"}


def test_every_refusal_costs_one_argon2_hash(make_staff: Callable[..., Staff], monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.hashers import Argon2PasswordHasher

    make_staff("wang@example.com")
    make_staff("invited@example.com", password=None)
    work: list[str] = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify
    monkeypatch.setattr(
        Argon2PasswordHasher, "encode", lambda self, *a, **k: (work.append("hash"), encode(self, *a, **k))[1]
    )
    monkeypatch.setattr(
        Argon2PasswordHasher, "verify", lambda self, *a, **k: (work.append("hash"), verify(self, *a, **k))[1]
    )
    for email in ("wang@example.com", "nobody@example.com", "invited@example.com"):
        work.clear()
        assert code_of(email, "wrong") == "signin.wrong"
        assert work == ["hash"], email


@pytest.mark.parametrize("email", ["wang@example.com", "nobody@example.com"])
def test_after_too_many_wrong_passwords_even_the_right_one_waits(make_staff: Callable[..., Staff], email: str) -> None:
    make_staff("wang@example.com")
    for _attempt in range(signin.PER_EMAIL):
        assert code_of(email, "wrong") == "signin.wrong"
    assert code_of(email, PASSWORD) == "signin.slow_down"


def test_the_wait_ends_although_somebody_keeps_knocking(make_staff: Callable[..., Staff]) -> None:
    make_staff("wang@example.com")
    start = clock.now()
    with time_machine.travel(start, tick=False) as machine:
        for _attempt in range(signin.PER_EMAIL):
            code_of("wang@example.com", "wrong")
        for _minute in range(14):
            machine.shift(timedelta(minutes=1))
            assert code_of("wang@example.com", PASSWORD) == "signin.slow_down"
        machine.shift(timedelta(minutes=2))
        assert code_of("wang@example.com", PASSWORD) == "in"


def test_one_address_cannot_try_a_few_passwords_on_everybody(make_staff: Callable[..., Staff]) -> None:
    for number in range(signin.PER_ADDRESS):
        assert code_of(f"person{number}@example.com", "wrong") == "signin.wrong"
    assert code_of("another@example.com", "wrong") == "signin.slow_down"
    assert code_of("another@example.com", "wrong", address="203.0.113.8") == "signin.wrong"


def test_strangers_who_guess_do_not_lock_a_known_browser_out(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff("wang@example.com")
    cookie = signin.device_cookie(staff)
    for _attempt in range(signin.PER_EMAIL + 1):
        code_of("wang@example.com", "wrong", address="198.51.100.9")
    assert code_of("wang@example.com", PASSWORD) == "signin.slow_down"
    assert code_of("wang@example.com", PASSWORD, device=cookie) == "in"


def test_a_known_browser_is_braked_too_and_helps_with_no_other_account(make_staff: Callable[..., Staff]) -> None:
    cookie = signin.device_cookie(make_staff("wang@example.com"))
    make_staff("li@example.com")
    for _attempt in range(signin.PER_EMAIL):
        assert code_of("wang@example.com", "wrong", device=cookie) == "signin.wrong"
    assert code_of("wang@example.com", PASSWORD, device=cookie) == "signin.slow_down"
    for _attempt in range(signin.PER_EMAIL):
        assert code_of("li@example.com", "wrong", device=cookie) == "signin.wrong"
    assert code_of("li@example.com", PASSWORD, device=cookie) == "signin.slow_down"
    assert code_of("li@example.com", PASSWORD, device="not ours") == "signin.slow_down"


def test_signing_in_forgives_the_attempts_before_it(make_staff: Callable[..., Staff]) -> None:
    make_staff("wang@example.com")
    for _round in range(3):
        for _attempt in range(signin.PER_EMAIL - 1):
            assert code_of("wang@example.com", "wrong", address=None) == "signin.wrong"
        assert code_of("wang@example.com", PASSWORD, address=None) == "in"


def test_the_table_of_attempts_holds_neither_email_nor_address(make_staff: Callable[..., Staff]) -> None:
    code_of("wang@example.com", "wrong")
    kept = " ".join(SignInAttempt.objects.values_list("subject", flat=True))
    assert SignInAttempt.objects.count() == 2
    assert "wang" not in kept
    assert HERE not in kept


def test_guessing_the_password_of_an_open_session_is_braked_too(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff()
    for _attempt in range(signin.PER_EMAIL):
        with pytest.raises(Refused, match=r"password\.wrong"):
            signin.confirm_password(staff, "wrong")
    with pytest.raises(Refused, match=r"signin\.slow_down"):
        signin.confirm_password(staff, PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_no_more_than_the_limit_are_looked_at() -> None:
    answers: list[str] = []

    def guess() -> None:
        try:
            answers.append(code_of("wang@example.com", "wrong", address=None))
        finally:
            connection.close()

    threads = [threading.Thread(target=guess) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert answers.count("signin.wrong") <= signin.PER_EMAIL
