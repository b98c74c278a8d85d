from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection

from liuliang.cli import starting
from liuliang.cli.starting import patiently
from liuliang.kernel import postgres
from liuliang.kernel.errors import Refused

pytestmark = pytest.mark.django_db(transaction=True)


def fail_once(times: list[int]) -> int:
    """Lose the connection the first time, as when the server is killed in the middle of a migration."""
    times.append(len(times))
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1" if len(times) > 1 else "SELECT pg_terminate_backend(pg_backend_pid())")
    return len(times)


@pytest.fixture
def starts(monkeypatch) -> Iterator[list[str]]:
    """Note how often the private server is started, instead of starting another beside that of the tests."""
    made: list[str] = []
    monkeypatch.setattr(postgres, "start_if_private", lambda: made.append("started"))
    yield made
    connection.close()


def test_what_the_death_of_the_private_server_broke_off_is_begun_again(monkeypatch, starts):
    monkeypatch.setattr(postgres, "is_private", lambda: True)
    assert patiently(lambda times=[]: fail_once(times)) == 2
    assert starts == ["started"]


def test_a_server_that_stays_away_is_told_of_in_one_line(monkeypatch, starts):
    monkeypatch.setattr(postgres, "is_private", lambda: True)
    monkeypatch.setattr(starting, "TRIES", 0)
    with pytest.raises(Refused, match=r"postgres\.unreachable") as refused:
        patiently(lambda: fail_once([]))
    assert "\n" not in refused.value.data["reason"]
    assert starts == []


def test_a_server_of_somebody_elses_is_not_waited_for(monkeypatch, starts):
    monkeypatch.setattr(postgres, "is_private", lambda: False)
    with pytest.raises(Refused, match=r"postgres\.unreachable"):
        patiently(lambda times=[]: fail_once(times))
    assert starts == []


def test_what_a_server_that_is_well_refuses_is_not_tried_again(monkeypatch, starts):
    monkeypatch.setattr(postgres, "is_private", lambda: True)

    def ask_too_much() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'too much' USING ERRCODE = '53400'; END $$")

    with pytest.raises(OperationalError):
        patiently(ask_too_much)
    assert starts == []
