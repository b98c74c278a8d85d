"""Use the console from many browsers at once while files are imported and web processes are killed, and look for pauses.

Threads ask for the pages that cost most, with periods and filters that change, as fast as they are answered. Meanwhile a
file is imported again and again, and web processes get SIGTERM or ``kill -9`` now and then. The trial says what was
answered and how long that took, and how the web processes' memory grew. When a request waits for longer than `PAUSE`, the
stacks of every web process are written to the server's log (its signal USR1 does that).

A request may be cut off only when a process dies under it. Exit status 1 for a pause in which nobody was answered, an error
of the server, or more that was cut off.

    python tests/chaos/load.py --seconds 300 --clients 12 [--home FOLDER] [--calm] [--seed 1]
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import re
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
from trial import HERE, Installation

from liuliang.simulator.bulk import write_bulk

PORT = 8873
PAUSE = 10.0
"""Seconds without an answer to anybody that count as a pause, and without one to a single request that are told."""

PATIENCE = 60.0
"""Seconds after which a client gives a request up."""

MEGABYTE = 1024 * 1024
CARDS = ("speakers", "silence", "newcomers", "hours", "conversation", "words", "links", "orders")
WORDS = ("咖啡", "小", "a", "阿", "13", "群")


@dataclass
class Record:
    """What was answered, and what is being waited for."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    slowest: Counter[str] = field(default_factory=Counter)
    cut_off: int = 0
    late: list[str] = field(default_factory=list)
    answered: float = field(default_factory=time.monotonic)
    pause: float = 0.0
    waiting: dict[int, tuple[float, str]] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    imports: int = 0
    memory: dict[int, list[float]] = field(default_factory=dict)


class Browser:
    """One connection, kept as long as the server keeps it, and the cookies of somebody."""

    def __init__(self, cookies: dict[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=PATIENCE)
        self.cookies = dict(cookies or {})

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Return status and text of a page.

        Raises:
            OSError, http.client.HTTPException: the connection was cut off, or nothing came in time.
        """
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request("GET" if form is None else "POST", path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for line in answer.headers.get_all("Set-Cookie") or ():
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer.status, text


class Browsers:
    """Clients that are signed in as the owner of the sample brand, and the addresses they choose from."""

    def __init__(self, home: Path, record: Record, stop: threading.Event) -> None:
        self.record = record
        self.stop = stop
        known = json.loads((home / "demo.json").read_text(encoding="utf-8"))
        browser = Browser()
        _, page = browser.ask("/sign-in/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None, "the sign-in page has no form"
        form = {"csrfmiddlewaretoken": token[1], "email": known["email"], "password": known["password"]}
        status, _ = browser.ask("/sign-in/", form)
        assert status == 302, "could not sign in"
        self.cookies = browser.cookies
        self.communities = self._ids(browser, "/communities/", r"/communities/(\w{12,})/")
        self.members = self._ids(browser, "/members/", r"/members/(\w{12,})/")

    @staticmethod
    def _ids(browser: Browser, path: str, pattern: str) -> list[str]:
        found = sorted(set(re.findall(pattern, browser.ask(path)[1])))
        assert found, f"{path} leads nowhere"
        return found

    def run(self, number: int, dice: random.Random) -> None:
        """Ask for one page after another until told to stop. A browser keeps its connection for some of them."""
        while not self.stop.is_set():
            browser = Browser(self.cookies)
            for _ in range(dice.randrange(1, 30)):
                if self.stop.is_set() or not self._ask(browser, number, self._choose(dice)):
                    break
            browser.connection.close()

    def _ask(self, browser: Browser, number: int, path: str) -> bool:
        kind = re.sub(r"\w{12,}", "…", path.partition("?")[0]) + (" export" if "export=" in path else "")
        started = time.monotonic()
        self.record.waiting[number] = (started, path)
        try:
            status = str(browser.ask(path)[0])
        except (OSError, http.client.HTTPException) as error:
            status = type(error).__name__
            self.record.cut_off += 1
            self.stop.wait(0.2)
        finally:
            del self.record.waiting[number]
        now = time.monotonic()
        seconds = now - started
        self.record.seconds.append(seconds)
        if status.isdigit():
            self.record.pause = max(self.record.pause, now - self.record.answered)
            self.record.answered = now
        self.record.statuses[status] += 1
        self.record.slowest[kind] = max(self.record.slowest[kind], seconds)
        if seconds > PAUSE:
            self.record.late.append(f"{path} {status} after {seconds:.1f} s")
        return status.isdigit()

    def _choose(self, dice: random.Random) -> str:
        period = dice.choice(("days=7", "days=30", "days=90", _days(dice), _days(dice)))
        community = dice.choice(self.communities)
        return dice.choice(
            (
                f"/overview/?{period}",
                f"/overview/attention/?{period}",
                f"/communities/{community}/?{period}",
                f"/communities/{community}/{dice.choice(CARDS)}/?{period}",
                f"/communities/{community}/{dice.choice(CARDS)}/?{period}",
                f"/members/?q={quote(dice.choice(WORDS))}&sort={dice.choice(('-seen', 'messages', '-paid', 'name'))}",
                f"/members/search/?q={quote(dice.choice(WORDS))}",
                f"/members/{dice.choice(self.members)}/",
                "/imports/",
                dice.choice(("/members/?export=", "/overview/?export=")) + dice.choice(("xlsx", "csv")),
            )
        )


def _days(dice: random.Random) -> str:
    """Return a period that nobody asked for before, so that nothing kept can answer for it."""
    first, length = dice.randrange(1, 20), dice.randrange(0, 9)
    month = dice.randrange(1, 13)
    return f"from=2026-{month:02}-{first:02}&to=2026-{month:02}-{first + length:02}"


class Disturbance:
    """Imports, kills and looks at the memory, beside the browsers."""

    def __init__(self, installation: Installation, folder: Path, record: Record, stop: threading.Event) -> None:
        self.installation = installation
        self.folder = folder
        self.record = record
        self.stop = stop

    def web(self) -> list[psutil.Process]:
        """Return the processes that answer requests."""
        try:
            main = psutil.Process(int((self.installation.home / "run" / "web.pid").read_text()))
            return [each for each in main.children() if each.status() != psutil.STATUS_ZOMBIE]
        except (OSError, ValueError, psutil.Error):
            return []

    def import_files(self) -> None:
        """Import a history of its own each time, one after the other."""
        while not self.stop.is_set():
            self.record.imports += 1
            name = f"load-{time.time_ns()}.txt"
            path = write_bulk(self.folder / name, "qq_txt", 60_000, 300, seed=self.record.imports)
            self.installation.run(str(HERE / "steps.py"), "queue", str(path))
            path.unlink()
            self.stop.wait(30)

    def kill(self, dice: random.Random) -> None:
        """Kill a web process now and then: without warning, or as somebody who tidies up would."""
        while not self.stop.wait(dice.uniform(5, 25)):
            processes = self.web()
            if processes:
                number = dice.choice((signal.SIGKILL, signal.SIGTERM))
                dice.choice(processes).send_signal(number)
                self.record.kills[number.name] += 1

    def watch(self) -> None:
        """Note memory, and ask for the stacks when somebody waits too long."""
        shown: set[float] = set()
        while not self.stop.wait(1.0):
            for process in self.web():
                try:
                    self.record.memory.setdefault(process.pid, []).append(process.memory_info().rss / MEGABYTE)
                except psutil.Error:
                    continue
            now = time.monotonic()
            late = [(since, path) for since, path in list(self.record.waiting.values()) if now - since > PAUSE]
            for since, path in late:
                if since in shown:
                    continue
                shown.add(since)
                print(f"waiting {now - since:.0f} s for {path}", flush=True)
                for process in self.web():
                    process.send_signal(signal.SIGUSR1)


def main() -> int:
    """Run the trial and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="a folder with a sample brand, made if missing; kept afterwards")
    parser.add_argument("--calm", action="store_true", help="kill nothing and import nothing")
    chosen = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="liuliang-load-"))
    installation = Installation(chosen.home or scratch / "home", PORT)
    record, stop = Record(), threading.Event()
    try:
        installation.run("-m", "liuliang", "demo", "--no-serve")
        installation.start()
        _wait_until_ready()
        _put_under_load(chosen, installation, scratch, record, stop)
    finally:
        stop.set()
        installation.clean_up()
        shutil.rmtree(scratch, ignore_errors=True)
    told = _tell(record, chosen.clients)
    print(json.dumps(told, ensure_ascii=False))
    return 0 if told["sound"] else 1


def _put_under_load(
    chosen: argparse.Namespace, installation: Installation, folder: Path, record: Record, stop: threading.Event
) -> None:
    browsers = Browsers(installation.home, record, stop)
    beside = Disturbance(installation, folder, record, stop)
    threads = [
        threading.Thread(target=browsers.run, args=(number, random.Random(f"{chosen.seed}:{number}")))
        for number in range(chosen.clients)
    ]
    threads.append(threading.Thread(target=beside.watch))
    if not chosen.calm:
        threads.append(threading.Thread(target=beside.import_files))
        threads.append(threading.Thread(target=beside.kill, args=(random.Random(chosen.seed),)))
    for thread in threads:
        thread.start()
    record.answered = time.monotonic()
    stop.wait(chosen.seconds)
    stop.set()
    for thread in threads:
        thread.join()


def _wait_until_ready() -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if Browser().ask("/readyz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise TimeoutError("the product did not start")


def _tell(record: Record, clients: int) -> dict[str, object]:
    times = sorted(record.seconds)
    errors = sum(count for status, count in record.statuses.items() if status.startswith("5"))
    allowed = clients * sum(record.kills.values())
    return {
        "trial": "load",
        "answers": len(times),
        "statuses": dict(record.statuses),
        "median s": round(statistics.median(times), 3),
        "p95 s": round(times[int(len(times) * 0.95)], 3),
        "p99 s": round(times[int(len(times) * 0.99)], 3),
        "slowest s": {kind: round(seconds, 2) for kind, seconds in record.slowest.most_common(8)},
        "kills": dict(record.kills),
        "imports": record.imports,
        "memory MB": {pid: [round(each[0]), round(max(each)), len(each)] for pid, each in record.memory.items()},
        "longest pause s": round(record.pause, 2),
        "late": record.late,
        "sound": record.pause < PAUSE and not errors and record.cut_off <= allowed,
    }


if __name__ == "__main__":
    sys.exit(main())
