"""The web server with real processes: one that hangs must not keep anybody waiting."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import psutil
import pytest

from liuliang.lake import engine

PATIENCE = 60.0


@pytest.fixture
def server():
    """Start `liuliang web` with two processes; give its process and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "liuliang", "web", "--port", str(port), "--workers", "2"]
    started = psutil.Popen(command, stderr=subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE
    while not (len(started.children()) == 2 and is_alive(port)) and time.monotonic() < until:
        time.sleep(0.1)
    yield started, port
    if started.poll() is not None:
        return
    for process in started.children():
        process.resume()
        # A signal in the instant in which a process goes on again is seen only when its main thread wakes up for another.
        turned, until = process.cpu_times(), time.monotonic() + PATIENCE
        while process.cpu_times() == turned and time.monotonic() < until:
            time.sleep(0.05)
    started.terminate()
    started.wait(PATIENCE)


def is_alive(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def is_alive_for_a_proxy(port: int) -> bool:
    """Ask as a reverse proxy does: once more, on a new connection, where one was closed before anything was answered.

    Granian closes a connection that it has taken, but not read from, in the instant in which it is told to stop.
    """
    for _ in range(2):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with closing(connection), suppress(http.client.RemoteDisconnected, ConnectionResetError):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
    return False


def test_a_process_that_hangs_keeps_nobody_waiting(server):
    started, port = server
    started.children()[0].suspend()
    # The other one may be starting still: it was this one that answered so far.
    until = time.monotonic() + PATIENCE
    while not is_alive(port) and time.monotonic() < until:
        time.sleep(0.1)
    with ThreadPoolExecutor(30) as pool:
        assert all(pool.map(lambda _: is_alive(port), range(30)))


def test_processes_are_replaced_without_losing_a_request(server):
    started, port = server
    before = {process.pid for process in started.children()}
    started.send_signal(signal.SIGHUP)
    answered = []
    until = time.monotonic() + PATIENCE
    with ThreadPoolExecutor(8) as pool:
        while before & {process.pid for process in started.children()} and time.monotonic() < until:
            answered += pool.map(lambda _: is_alive_for_a_proxy(port), range(8))
    assert before.isdisjoint(process.pid for process in started.children())
    assert answered
    assert all(answered)


def test_a_process_that_is_still_starting_ends_when_it_is_told_to(server):
    started, _ = server
    before = {process.pid for process in started.children()}
    started.children()[0].kill()
    until = time.monotonic() + PATIENCE
    while not {process.pid for process in started.children()} - before and time.monotonic() < until:
        time.sleep(0.01)
    started.terminate()
    assert started.wait(PATIENCE / 6) == 0


# A library that is called as `PyDLL` keeps the interpreter's lock, as one does that waits for another thread of Python.
HANGS = {
    "the interpreter": "import ctypes; ctypes.PyDLL(None).sleep(60)",
    "a query": "from liuliang.lake import engine; engine._due[1] = time.monotonic() - 2; time.sleep(60)",
}
WATCHED = """
import faulthandler, multiprocessing, sys, threading, time
from liuliang.cli import web

armed = threading.Event()
arm = faulthandler.dump_traceback_later

def tell(*arguments, **options):
    arm(*arguments, **options)
    armed.set()

def work():
    web.STUCK = 1.0
    faulthandler.dump_traceback_later = tell
    threading.Thread(target=web.watch, daemon=True).start()
    armed.wait()
    {hang}

process = multiprocessing.get_context("fork").Process(target=work)
process.start()
process.join()
sys.exit(process.exitcode)
"""


@pytest.mark.parametrize("hang", HANGS)
def test_a_process_in_which_something_hangs_ends_so_that_another_takes_its_place(hang):
    script = WATCHED.format(hang=HANGS[hang])
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert b"in work" in done.stderr, "the stacks are in the log"


def test_a_process_starts_to_answer_without_what_few_requests_need():
    script = "import sys, liuliang.project.wsgi, liuliang.project.urls; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=PATIENCE)
    loaded = {name.decode() for name in done.stdout.split()}
    assert "liuliang.console.urls" in loaded
    # SciPy half a second and 40 MB; the engine and its driver as much again; the dictionary of words.
    assert loaded.isdisjoint(
        {"scipy.special", "scipy.stats", "scipy.optimize", "networkx", "chdb", "clickhouse_connect", "rjieba"}
    )


def test_a_query_is_overdue_from_its_own_limit_on():
    assert engine.overdue() == 0.0
    with engine._in_time({"max_execution_time": 20}):
        assert engine.overdue() == 0.0
    with engine._in_time({"max_execution_time": -5}):
        assert engine.overdue() >= 5.0
    assert engine.overdue() == 0.0
