"""Many connections at once: what the benchmarks of the ledger and of stock share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import psycopg
from django.db import connection, connections


def raw_connection() -> psycopg.Connection:
    """Open a connection of the driver's own to the benchmark's database, without Django: what a bare statement costs."""
    connection.ensure_connection()
    known = connection.get_connection_params()
    keep = ("dbname", "user", "password", "host", "port")
    return psycopg.connect(**{key: value for key, value in known.items() if key in keep}, autocommit=True)


class Crowd:
    """Some threads with a connection each, that do a piece of work together. Use it as a context."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._threads = ThreadPoolExecutor(size)
        self._local = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gate = threading.Barrier(self.size)

        def leave() -> None:
            # Every thread comes by once, because none is free again before all have come.
            gate.wait()
            connections.close_all()
            if hasattr(self._local, "raw"):
                self._local.raw.close()

        for done in [self._threads.submit(leave) for _ in range(self.size)]:
            done.result()
        self._threads.shutdown()

    @property
    def raw(self) -> psycopg.Connection:
        """The bare connection of the thread at work."""
        if not hasattr(self._local, "raw"):
            self._local.raw = raw_connection()
        connected: psycopg.Connection = self._local.raw
        return connected

    def share(self, each: Callable[[int], object], count: int) -> None:
        """Call ``each`` with every number below ``count``, split over the threads; wait for all."""

        def work(first: int) -> None:
            for number in range(first, count, self.size):
                each(number)

        for done in [self._threads.submit(work, first) for first in range(self.size)]:
            done.result()
