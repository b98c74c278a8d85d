"""Other connections to the test database, and many threads at the same moment, each on one of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import OperationalError, connection, connections


def connect() -> psycopg.Connection:
    """Open another connection to the test database, beside Django's."""
    params = connection.get_connection_params()
    keep = ("dbname", "user", "password", "host", "port")
    return psycopg.connect(**{key: value for key, value in params.items() if key in keep})


def _connect() -> None:
    """Open this thread's connection. A server that is asked by many at one moment turns some away for now."""
    until = time.monotonic() + 60
    while True:
        try:
            connection.ensure_connection()
        except OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def at_once() -> Callable[..., list]:
    """Run jobs at the same moment, each thread on a connection of its own; return what each gave or raised."""

    def run(jobs: list[Callable[[], object]], threads: int) -> list[object]:
        results: list[object] = [None] * len(jobs)
        gate = threading.Barrier(threads, timeout=90)

        def work(first: int) -> None:
            try:
                _connect()
                gate.wait()
                for number in range(first, len(jobs), threads):
                    try:
                        results[number] = jobs[number]()
                    except Exception as error:  # noqa: BLE001 - looked at by the test
                        results[number] = error
            finally:
                connections.close_all()

        running = [threading.Thread(target=work, args=[first]) for first in range(threads)]
        for each in running:
            each.start()
        for each in running:
            each.join()
        return results

    return run


def begin_and_wait(work: Callable[[], object]) -> Callable[[], object]:
    """Begin with ``work`` in another thread, wait until it waits for a lock of this one, and return what ends it.

    That gives what it gave, and raises what it raised, such as a deadlock.
    """

    def run() -> object:
        try:
            return work()
        finally:
            connections.close_all()

    threads = ThreadPoolExecutor(1)
    coming = threads.submit(run)
    threads.shutdown(wait=False)
    _wait_until_one_waits()
    return coming.result


def _wait_until_one_waits() -> None:
    """Return once somebody waits for a lock that another transaction holds."""
    until = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")
