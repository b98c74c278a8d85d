"""`liuliang up`: start what is missing (PostgreSQL, web, worker, follower), watch it, and stop it in order.

Each child is the leader of a process group, so that whatever it started goes with it; and each holds the reading end of a
pipe whose writing end only the supervisor has: when the supervisor dies, however it dies, the pipe closes and they end.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
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
GRACE = 20.0
"""Seconds that a child has to stop before it is killed."""

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

    def __init__(self, *, on_ready: Callable[[], None] | None = None, extra: Mapping[str, str] | None = None) -> None:
        self._stopping = threading.Event()
        self._on_ready = on_ready
        self._children = [Child("follower"), Child("worker"), Child("web", environment=extra or {})]
        self._lock: IO[str] | None = None
        self._pipe: tuple[int, int] = (-1, -1)

    def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        Raises:
            Refused: ``up.running`` when another supervisor holds this data folder.
        """
        self._take_lock()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._end_leftovers()
        self._pipe = os.pipe()
        os.set_inheritable(self._pipe[0], True)
        if self._on_ready:
            self._on_ready()
        try:
            while not self._stopping.is_set():
                self._tend()
                self._stopping.wait(0.5)
        finally:
            self._shut_down()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _take_lock(self) -> None:
        path = environment.home() / "run" / "up.lock"
        path.parent.mkdir(exist_ok=True)
        # Held open for the life of the process: the lock goes when the process does.
        self._lock = path.open("w", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused("up.running", home=str(environment.home())) from error

    def _end_leftovers(self) -> None:
        """End groups whose leader was killed in an earlier life before it could take its children along."""
        for child in self._children:
            record = self._record(child)
            if not record.exists():
                continue
            group = int(record.read_text(encoding="utf-8") or 0)
            for process in psutil.process_iter(["cmdline"]):
                with contextlib.suppress(ProcessLookupError, psutil.Error):
                    mine = any("liuliang" in part for part in process.info["cmdline"] or ())
                    if group and mine and os.getpgid(process.pid) == group:
                        process.kill()
            record.unlink()

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
            env={**os.environ, **child.environment, PIPE_VARIABLE: str(reading)},
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


def end_with_supervisor() -> None:
    """Make this process end when its supervisor does; nothing happens to a process that was started by hand."""
    end = os.environ.pop(PIPE_VARIABLE, "")
    if not end:
        return

    def wait() -> None:
        os.read(int(end), 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor", daemon=True).start()
