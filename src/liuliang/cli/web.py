"""The web server: Granian with the WSGI application, which gives out the built assets too (`liuliang.ui.assets`)."""

from __future__ import annotations

import faulthandler
import importlib
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from liuliang.kernel.garbage import spare_what_stays
from liuliang.kernel.logs import get_logger, tell_stacks_on_request

logger = get_logger(__name__)

IDLE = 600
"""Seconds that a thread waits for work before it ends: the longest that the server takes."""

MOST_MEMORY = 1536 * 1024**2
"""Bytes that a process may keep. It takes a third of that when it has opened every page, whatever it is asked; a large query
may take more for seconds."""

STUCK = 60.0
"""Seconds without a turn of the interpreter, or beyond a query's limit, after which a process counts as stuck."""


DRAIN = 60
"""Seconds that a process which is replaced has for the requests it has begun to answer."""

YOUNG = 5.0
"""Seconds of life before which a process that died is not started again at once, as it may not be able to live."""


class Server(MPServer):
    """Granian, whose processes take their connections from one queue, on every system, and are always started again.

    On Linux Granian gives each process a queue of its own and lets the kernel share connections out between them: with one
    process of two stuck, every second browser waits until that one is killed, and its queue is lost with it.
    When a process dies within seconds of its start Granian ends altogether; the others could have gone on answering.
    """

    def _init_shared_socket(self) -> None:
        super()._init_shared_socket()  # type: ignore[no-untyped-call]
        if self._sso is None:
            specified: Any = self._ssp
            holder = specified.build()
            self._shd, self._ssp = holder, None
            self._sfd = holder.get_fd()
            self._sso = socket.socket(fileno=self._sfd)
            self._sso.set_inheritable(True)

    def startup(self, *arguments: Any, **options: Any) -> None:
        """Start, and replace processes that keep more memory than they should.

        Set here and not with the other options, as Granian warns of connections that are lost with a queue.
        """
        self.workers_rss = MOST_MEMORY
        super().startup(*arguments, **options)  # type: ignore[no-untyped-call]

    def _respawn_workers(self, workers: Sequence[int], *arguments: Any, **options: Any) -> None:
        if any(time.monotonic() - self.wrks[each].birth < YOUNG for each in workers):
            time.sleep(1)
        super()._respawn_workers(workers, *arguments, **options)
        self.respawned_wrks.clear()


def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve until SIGTERM."""
    tell_stacks_on_request()
    os.register_at_fork(before=_hold_signals, after_in_parent=_take_signals, after_in_child=_begin_anew)
    Server(
        "liuliang.project.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        # A thread has its own connections and its own handle of the engine; it is not thrown away after every pause.
        blocking_threads_idle_timeout=IDLE,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=DRAIN,
        rss_sample_interval=30,
        rss_samples=3,
        log_level=LogLevels.warning,
    ).serve(target_loader=load_application)


_STOPPING = (signal.SIGTERM, signal.SIGINT)


def _hold_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)


def _take_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)


def _begin_anew() -> None:
    """Have a process that answers requests end at once when it is told to, from its first instant until it can answer.

    It is a fork of its server, and so are its handlers of signals: they would tell a copy of the server to stop, which
    nobody asks. A signal that comes amid the fork waits until they are gone.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _take_signals()


def load_application(target: str) -> Any:
    """Import the application in a process that answers requests, and watch over that process."""
    # Where processes are spawned, nothing was forked that would have seen to it.
    _begin_anew()
    module, _, name = target.partition(":")
    application = getattr(importlib.import_module(module), name)
    # Django imports the views when the first request comes; whoever sends it need not wait for that.
    importlib.import_module(settings.ROOT_URLCONF)
    spare_what_stays()
    tell_stacks_on_request()
    threading.Thread(target=watch, name="watch", daemon=True).start()
    return application


def watch() -> None:
    """End this process when its server is gone, or when it is stuck; the server starts another.

    Without its server it would go on listening, and take a share of its successors' requests. A stuck process holds the
    requests it has taken for ever; its stacks go to the log.
    """
    from liuliang.cli.supervisor import end_this_process
    from liuliang.lake import engine

    server = multiprocessing.parent_process()
    while server is not None and os.getppid() == server.pid:
        # Ends the process from outside the interpreter, should this line not be reached again in time.
        faulthandler.dump_traceback_later(STUCK, exit=True, file=2)
        if engine.overdue() > STUCK:
            logger.error("a query did not end, the process is given up")
            faulthandler.dump_traceback(file=2)
            os._exit(1)
        time.sleep(1)
    faulthandler.cancel_dump_traceback_later()
    end_this_process()
