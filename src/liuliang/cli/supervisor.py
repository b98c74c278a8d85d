"""`liuliang up`: start what is missing (PostgreSQL, web, worker, follower), watch it, and stop it in order.

Each child is the leader of a process group, so that whatever it started goes with it; and each holds the reading end of a
pipe whose writing end only the supervisor has: when the supervisor dies, however it dies, the pipe closes and they end.
PostgreSQL is nobody's child: it outlives the supervisor, and the next one finds it running.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

import psutil

from liuliang.kernel import environment, postgres
from liuliang.kernel.errors import Refused
from liuliang.kernel.logs import get_logger

logger = get_logger(__name__)

PIPE_VARIABLE = "LIULIANG_SUPERVISOR_PIPE"
MARK_VARIABLE = "LIULIANG_SUPERVISED"
"""Variable that every child and what it starts carry: the data folder they work on."""

GRACE = 20.0
"""Seconds that a child has to stop before it is killed."""

TICK = 0.5
"""Seconds between two looks at the parts; a signal takes effect at the next."""

STEADY = 30.0
"""Seconds after which a child that runs counts as healthy, and its next death is answered at once."""


@dataclass
class Child:
    """A process that must run: its name is also the command that starts it."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    not_before: float = 0.0
    environment: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Keeps PostgreSQL, web, worker and follower running until it is told to stop."""

    def __init__(
        self, host: str, port: int, *, on_ready: Callable[[], None] | None = None, parent: int | None = None
    ) -> None:
        """Prepare to run with the web server at this address.

        Args:
            host: where the web server listens.
            port: its port.
            on_ready: called once, when the web server takes connections: what it tells people to open can be opened.
            parent: the process that started this one, to stop when it is gone; None to run on without it.
        """
        self._is_stopping = False
        self._address = (host, port)
        self._on_ready = on_ready
        self._parent = parent
        listening = {"LIULIANG_HOST": host, "LIULIANG_PORT": str(port)}
        self._children = [Child("follower"), Child("worker"), Child("web", environment=listening)]
        self._lock: IO[str] | None = None
        self._pipe: tuple[int, int] = (-1, -1)

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, or until the terminal is closed or the parent is gone.

        Raises:
            Refused: ``up.running`` when another supervisor holds this data folder; ``up.port_taken`` when something else
                listens at the address.
        """
        self._take_lock()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # Whoever starts it under nohup wants it to go on without the terminal.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        end_leftovers()
        check_address(*self._address)
        self._pipe = os.pipe()
        os.set_inheritable(self._pipe[0], True)
        try:
            while not self._is_stopping and not self._is_orphan():
                self._tend()
                if self._on_ready and is_listening(*self._address):
                    self._on_ready()
                    self._on_ready = None
                time.sleep(TICK)
        finally:
            self._shut_down()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Not a `threading.Event`: it has a lock, and a handler that runs in the middle of its wait() would wait for ever.
        self._is_stopping = True

    def _take_lock(self) -> None:
        path = environment.home() / "run" / "up.lock"
        path.parent.mkdir(exist_ok=True)
        # Held open for the life of the process: the lock goes when the process does.
        self._lock = path.open("w", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused("up.running", home=str(environment.home())) from error

    def _is_orphan(self) -> bool:
        return self._parent is not None and os.getppid() != self._parent

    def _tend(self) -> None:
        if postgres.is_private():
            # A server that was killed is started again here and recovers by itself; its last backends may still be
            # ending, and then the next look tries again.
            try:
                postgres.keep_running()
            except Refused:
                logger.exception("PostgreSQL did not start, will be tried again")
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child)
            if child.process is None and time.monotonic() >= child.not_before:
                self._start(child)

    def _start(self, child: Child) -> None:
        reading = self._pipe[0]
        child.process = subprocess.Popen(
            [sys.executable, "-m", "liuliang", child.name],
            env={
                **os.environ,
                **child.environment,
                PIPE_VARIABLE: str(reading),
                MARK_VARIABLE: str(environment.home()),
            },
            pass_fds=[reading],
            start_new_session=True,
        )
        child.started = time.monotonic()
        self._record(child).write_text(str(child.process.pid), encoding="utf-8")
        logger.info("started", part=child.name, pid=child.process.pid)

    def _bury(self, child: Child) -> None:
        assert child.process is not None  # noqa: S101 - asked by the caller
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        lived = time.monotonic() - child.started
        child.failures = 0 if lived > STEADY else child.failures + 1
        child.not_before = time.monotonic() + min(2.0**child.failures - 1, 10.0)
        logger.warning("died, will be started again", part=child.name, status=child.process.returncode)
        child.process = None

    def _shut_down(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                logger.warning("did not stop in time, killed", pid=process.pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        for child in self._children:
            self._record(child).unlink(missing_ok=True)
        if postgres.is_private():
            postgres.stop()
        for end in self._pipe:
            os.close(end)
        logger.info("stopped")

    @staticmethod
    def _record(child: Child) -> Path:
        return environment.home() / "run" / f"{child.name}.pid"


def end_leftovers() -> None:
    """Kill what an earlier supervisor of this data folder started and could not stop, and wait until it is gone.

    They are known by what they carry in their environment: process ids are given out again, after a restart of the machine
    to others altogether.
    """
    mark = str(environment.home())
    left = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            # PostgreSQL, which a child may have started, is found and used.
            if process.environ().get(MARK_VARIABLE) == mark and not process.name().startswith("postgres"):
                process.kill()
                left.append(process)
    psutil.wait_procs(left, timeout=GRACE)


def check_address(host: str, port: int) -> None:
    """Make sure that the web server can listen.

    Granian would not notice: it shares a port with whoever shares it, and then each gets some of the requests.

    Raises:
        Refused: ``up.port_taken`` when somebody else listens there; ``up.address_unknown`` when it is none of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        code = "up.port_taken" if error.errno in {errno.EADDRINUSE, errno.EACCES} else "up.address_unknown"
        raise Refused(code, host=host, port=port) from error


def is_listening(host: str, port: int) -> bool:
    """Tell whether somebody takes connections there."""
    # Who listens everywhere is reached at this machine's own address.
    own = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "localhost"}  # noqa: S104
    try:
        socket.create_connection((own.get(host, host), port), timeout=1).close()
    except OSError:
        return False
    return True


def end_with_supervisor() -> None:
    """Make this process end when its supervisor does; nothing happens to a process that was started by hand."""
    end = os.environ.pop(PIPE_VARIABLE, "")
    if not end:
        return

    def wait() -> None:
        os.read(int(end), 1)
        end_this_process()

    threading.Thread(target=wait, name="supervisor", daemon=True).start()


def end_this_process() -> None:
    """Ask this process to stop, and end it when it does not; for a thread beside its work."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)
