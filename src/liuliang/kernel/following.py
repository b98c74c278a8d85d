"""The follower process: every reader of the log in a thread of its own, until told to stop, and upkeep beside them.

It is a process beside the worker because both are busy at the same time: while a job parses a file, what it has appended
is folded and sealed on the other core.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from functools import partial

from django.db import close_old_connections, connection

from liuliang.kernel import postgres, readers
from liuliang.kernel.garbage import spare_what_stays
from liuliang.kernel.logs import get_logger, tell_stacks_on_request
from liuliang.kernel.readers import Mark, Reader

logger = get_logger(__name__)

IDLE = 0.7
"""Seconds that a reader which is up to date waits, so that it does not act on every few events by themselves; with the
sealer's own work this keeps the lake within two seconds."""

BEHIND = 0.2
"""Seconds that a reader waits which builds on another's work: what is new has waited once already. As long, readers go by
what one of them has looked up."""

UPKEEP = 60.0
"""Seconds between two rounds of upkeep."""

BACKOFF = (1.0, 5.0, 30.0)
"""Seconds to wait after a reader failed once, twice, and from then on."""


_upkeep: dict[str, Callable[[], None]] = {}


def register_upkeep(name: str, work: Callable[[], None]) -> None:
    """Have ``work`` done every minute beside the readers, in one thread; called from an app's ``ready``.

    For upkeep of what readers write, with what they have loaded: the lake's engine takes more memory than all of a worker.
    Every follower does it, so it keeps others out where it must.
    """
    _upkeep[name] = work


def keep_up(stopping: threading.Event) -> None:
    """Do the registered upkeep until ``stopping`` is set. A failure is logged, and the next round tries again."""
    while not stopping.wait(UPKEEP):
        for name, work in _upkeep.items():
            try:
                work()
            except Exception:
                logger.exception("upkeep failed", upkeep=name)
                connection.close()
        close_old_connections()
    connection.close()


class Lookout:
    """What there is to read: looked up once for all readers of a process, since most find nothing new most of the time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._settled = Mark()
        self._standing: dict[str, Mark] = {}

    def ahead(self, reader: Reader) -> Mark | None:
        """Return how far ``reader`` may go; None when it is there."""
        with self._lock:
            if time.monotonic() - self._looked > BEHIND:
                self._settled, self._standing = readers.horizon(), readers.standing()
                self._looked = time.monotonic()
            return self._settled if self._standing.get(reader.name, Mark()) < self._settled else None


def follow(reader: Reader, lookout: Lookout, stopping: threading.Event, *, alone: bool) -> None:
    """Advance one reader until ``stopping`` is set. A failure is logged and tried again: nothing was moved by it.

    ``alone`` says that no other follower shares the shards.
    """
    failures = 0
    while not stopping.is_set():
        try:
            readers.ensure_cursors(reader)
            usual = pause = IDLE if reader.limit() is None else BEHIND
            while not stopping.wait(pause):
                began = time.monotonic()
                settled = lookout.ahead(reader)
                while settled and readers.advance(reader, together=alone, settled=settled) and not stopping.is_set():
                    failures = 0
                close_old_connections()
                # From beginning to beginning: what came during a long step has waited already.
                pause = max(BEHIND, usual - (time.monotonic() - began))
        except Exception:
            logger.exception("reader failed", reader=reader.name)
            connection.close()
            stopping.wait(BACKOFF[min(failures, len(BACKOFF) - 1)])
            failures += 1
    connection.close()


def run(*, only: bool = False) -> None:
    """Follow the log until SIGTERM or SIGINT. Several followers on several machines share the shards between them.

    ``only`` says that this is the only one; with the private database it always is.
    """
    stopping = threading.Event()
    only = only or postgres.is_private()
    lookout = Lookout()
    spare_what_stays()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    tell_stacks_on_request()
    threads = [
        threading.Thread(target=partial(follow, reader, lookout, stopping, alone=only), name=f"follow:{reader.name}")
        for reader in readers.readers()
    ]
    threads.append(threading.Thread(target=keep_up, args=(stopping,), name="upkeep"))
    for thread in threads:
        thread.start()
    logger.info("following", readers=[reader.name for reader in readers.readers()])
    for thread in threads:
        thread.join()
    logger.info("follower stopped")
