"""Import under kill -9 and compare with an undisturbed run.

Two installations take the same files. One imports them in peace. The other runs ``liuliang up`` and imports through its
worker, while worker, follower, web, PostgreSQL and the supervisor itself are killed at random moments. After every
round the log, the projections and the lake of both must say the same.

    python tests/chaos/trial.py --rounds 50 [--seed 1] [--keep]

With ``--keep`` the trial ends at the first difference or failure and leaves both installations to be looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import psutil

from liuliang import simulator

HERE = Path(__file__).resolve().parent
PARTS = ("worker", "follower", "web", "postgres", "up")
PATIENCE = 600.0
"""Seconds that a disturbed round may take before it counts as lost."""


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """One data folder, and the commands that are run on it."""

    def __init__(self, home: Path, port: int) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self.port = port
        self.environment = {**os.environ, "LIULIANG_HOME": str(home), "LIULIANG_LOG_JSON": "1"}
        self.environment.pop("DATABASE_URL", None)
        self.up: subprocess.Popen[bytes] | None = None
        self.log = (home / "output.log").open("ab")

    def run(self, *arguments: str) -> str:
        with subprocess.Popen(
            [sys.executable, *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=self.log
        ) as step:
            while True:
                try:
                    told, _ = step.communicate(timeout=0.5)
                    break
                except subprocess.TimeoutExpired:
                    # It was killed by nobody, and nobody would start it again.
                    if self.up is not None and self.up.poll() is not None:
                        step.kill()
                        raise self._fault(f"up ended by itself with {self.up.returncode}") from None
        if step.returncode != 0:
            raise self._fault(f"{arguments} ended with {step.returncode}")
        return told.decode()

    def _fault(self, what: str) -> RuntimeError:
        last = (self.home / "output.log").read_text(errors="replace").splitlines()[-40:]
        return RuntimeError("\n".join([f"{what}; its log:", *last]))

    def start(self) -> None:
        self.up = subprocess.Popen(
            [sys.executable, "-m", "liuliang", "up", "--port", str(self.port)],
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
        )

    def stop(self) -> None:
        if self.up is not None:
            self.up.terminate()
            self.up.wait(60)
            self.up = None

    def kill(self, part: str) -> bool:
        """Kill one part without warning; False when it is not there just now."""
        if part == "up":
            assert self.up is not None
            self.up.kill()
            self.up.wait()
            self.start()
            return True
        record = self.home / ("postgres/postmaster.pid" if part == "postgres" else f"run/{part}.pid")
        try:
            os.kill(int(record.read_text().split("\n", 1)[0]), signal.SIGKILL)
        except (OSError, ValueError):
            return False
        return True

    def clean_up(self) -> None:
        self.stop()
        for process in psutil.process_iter(["name", "cmdline"]):
            if process.info["name"] == "postgres" and any(
                str(self.home) in part for part in process.info["cmdline"] or ()
            ):
                process.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="end at the first fault and keep both")
    chosen = parser.parse_args()
    dice = random.Random(chosen.seed)
    folder = Path(tempfile.mkdtemp(prefix="liuliang-chaos-"))
    calm, wild = Installation(folder / "calm", free_port()), Installation(folder / "wild", free_port())
    failed = kills = 0
    sound = False
    try:
        calm.run(str(HERE / "steps.py"), "prepare")
        wild.run(str(HERE / "steps.py"), "prepare")
        wild.start()
        for number in range(1, chosen.rounds + 1):
            files = _files(folder / f"files-{number}", seed=chosen.seed * 1_000 + number)
            calm.run(str(HERE / "steps.py"), "import", *map(str, files))
            killed = _disturbed(wild, files, dice)
            kills += len(killed)
            expected, found = (json.loads(each.run(str(HERE / "steps.py"), "digest")) for each in (calm, wild))
            equal = expected == found
            failed += not equal
            verdict = "equal" if equal else f"DIFFERENT {_difference(expected, found)}"
            print(f"round {number}: {found['events']:,} events, killed {', '.join(killed)}: {verdict}", flush=True)
            if chosen.keep and not equal:
                break
            shutil.rmtree(folder / f"files-{number}")
        sound = failed == 0
    finally:
        calm.clean_up()
        wild.clean_up()
        if sound or not chosen.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"trial": "chaos", "rounds": chosen.rounds, "kills": kills, "different": failed}))
    return 1 if failed else 0


def _files(folder: Path, *, seed: int) -> list[Path]:
    """Write a small brand's exports: a few thousand messages over three weeks, members and orders."""
    world = simulator.simulate(seed=seed, ending=date(2026, 6, 1), days=21, people=90, communities=3)
    return simulator.write(world, folder)


def _disturbed(wild: Installation, files: list[Path], dice: random.Random) -> list[str]:
    """Queue the files and kill parts at random until all are imported and every reader has caught up."""
    wild.run(str(HERE / "steps.py"), "queue", *map(str, files))
    killed: list[str] = []
    until = time.monotonic() + dice.uniform(1, 6)
    while time.monotonic() < until:
        time.sleep(dice.uniform(0.05, 1.5))
        part = dice.choice(PARTS)
        if wild.kill(part):
            killed.append(part)
    wild.run(str(HERE / "steps.py"), "wait", str(PATIENCE))
    return killed


def _difference(expected: dict[str, object], found: dict[str, object]) -> str:
    return ", ".join(f"{key}: {expected[key]} ≠ {found[key]}" for key in expected if expected[key] != found.get(key))


if __name__ == "__main__":
    sys.exit(main())
