"""`liuliang up` with real processes: what is left when parts are killed, and that the next start always works."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from liuliang.cli import supervisor
from liuliang.kernel import postgres
from liuliang.kernel.errors import Refused

UP = ("-m", "liuliang", "up")
PARTS = ("follower", "worker", "web")
PATIENCE = 200.0
"""Seconds after which something counts as hanging: a start takes four, on a busy machine a minute and a half."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """A data folder with a PostgreSQL of its own, and the product on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "LIULIANG_HOME"}},
            "LIULIANG_HOME": str(home),
        }

    def command(self, *more: str) -> list[str]:
        return [sys.executable, *UP, "--port", str(self.port), *more]

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start the product, or a command that starts it, and wait until it answers: it, and nothing that was left."""
        with (self.home / "output.log").open("ab") as log:
            started = subprocess.Popen(
                command or self.command(), env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and started.poll() is None:
            with contextlib.suppress(OSError, psutil.Error):
                parts = psutil.Process(started.pid).children(recursive=True)
                if self.part("web") in parts and self.answers():
                    return started
            time.sleep(0.1)
        raise AssertionError(f"exit status {started.poll()}\n{(self.home / 'output.log').read_text()}")

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def processes(self) -> list[psutil.Process]:
        """Return the parts and what they started, by what they carry."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(supervisor.MARK_VARIABLE) == str(self.home.resolve()):
                    found.append(process)
        return found

    def part(self, name: str) -> psutil.Process:
        return psutil.Process(int((self.home / "run" / f"{name}.pid").read_text()))

    def all_end(self) -> bool:
        _, left = psutil.wait_procs(self.processes(), timeout=PATIENCE)
        return not left and not self.processes()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    # The schema takes twenty seconds of work, once: no part of the starts that are waited for.
    subprocess.run([sys.executable, "-m", "liuliang", "migrate"], check=True, env=Installation(folder).environment)
    yield folder
    postgres.stop(folder / "postgres")


@pytest.fixture
def installation(home):
    made = Installation(home)
    yield made
    for process in [*made.processes(), *psutil.Process().children()]:
        with contextlib.suppress(psutil.Error):
            if process in made.processes() or UP[2] in process.cmdline():
                process.kill()
                process.wait(PATIENCE)


def test_an_address_is_told_once_it_can_be_opened(installation):
    with subprocess.Popen(
        installation.command(), env=installation.environment, stdout=subprocess.PIPE, text=True
    ) as up:
        try:
            assert up.stdout is not None
            assert any(f":{installation.port}" in line for line in up.stdout), "ended without a word"
            assert installation.answers()
        finally:
            up.terminate()
            up.stdout.read()
    assert installation.all_end()


def test_every_part_stops_when_it_is_asked_to_and_nobody_else_is_touched(installation):
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    run = installation.home / "run"
    run.mkdir(exist_ok=True)
    for name in PARTS:
        # As after a restart of the machine: others have the ids now.
        (run / f"{name}.pid").write_text(str(stranger.pid))
    up = installation.start()
    assert len(installation.processes()) >= len(PARTS) + 1
    up.terminate()
    assert up.wait(PATIENCE) == 0
    assert installation.processes() == []
    assert not list(run.glob("*.pid"))
    assert stranger.poll() is None
    stranger.communicate(b"\n")


def test_whatever_is_killed_nothing_stays_and_the_next_start_works(installation):
    up = installation.start()
    up.kill()
    up.wait()
    assert installation.all_end(), "parts end with their supervisor"

    up = installation.start()
    for each in (up, *(installation.part(name) for name in PARTS)):
        each.kill()
    up.wait()
    before = {process.pid for process in installation.processes()}

    up = installation.start()
    assert before.isdisjoint(process.pid for process in installation.processes()), "what is left is not waited for"
    for each in (up, installation.part("web")):
        each.kill()
    up.wait()
    assert installation.all_end(), "what answers requests ends with its server"


def test_what_runs_is_left_alone_by_a_second_start_and_a_killed_part_is_started_again(installation):
    up = installation.start()
    second = subprocess.run(
        installation.command(), check=False, env=installation.environment, capture_output=True, timeout=PATIENCE
    )
    assert second.returncode == 1
    assert b"already runs" in second.stderr
    killed = installation.part("web")
    killed.kill()
    psutil.wait_procs([killed], timeout=PATIENCE)
    until = time.monotonic() + PATIENCE
    while not installation.answers() and time.monotonic() < until:
        time.sleep(0.1)
    assert installation.part("web").pid != killed.pid
    up.terminate()
    assert up.wait(PATIENCE) == 0


INTERRUPTED = '''
import os, signal, sys
from liuliang.cli import supervisor

supervisor.TICK = 0.001
supervisor.end_leftovers = lambda: None

class Watching(supervisor.Supervisor):
    def __init__(self, line):
        super().__init__("127.0.0.1", 0)
        self._children, self.left = [], line

    def _take_lock(self):
        """The one before it still has it."""

    def _tend(self):
        sys.settrace(self.count)

    def count(self, frame, event, told):
        self.left -= event == "line"
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return self.count

for line in range(1, 61):
    Watching(line).run()
    sys.settrace(None)
'''


def test_at_whatever_line_it_is_told_to_stop_it_stops():
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}
    subprocess.run(
        [sys.executable, "-c", INTERRUPTED], check=True, env=environment, timeout=PATIENCE, capture_output=True
    )


def test_the_product_can_be_made_to_end_with_the_process_that_started_it(installation):
    wrapper = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    parent = installation.start(sys.executable, "-c", wrapper, *installation.command("--with-parent"))
    (up,) = psutil.Process(parent.pid).children()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    psutil.wait_procs([up], timeout=PATIENCE)
    assert not up.is_running()
    assert installation.all_end()


def test_a_port_that_others_listen_on_is_refused():
    with socket.socket() as other:
        # As a web server does that lets processes share its port.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refused, match=r"up\.port_taken"):
            supervisor.check_address("127.0.0.1", port)
    supervisor.check_address("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(Refused, match=r"up\.address_unknown"):
        supervisor.check_address("192.0.2.1", 8765)
