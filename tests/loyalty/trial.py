"""Earn, spend, refund, take back and expire under kill -9, and compare with a model in plain Python.

Two workers do what their seeds say, each for people and a budget of its own; the accounts of the house they share. They
and PostgreSQL are killed at random moments; a worker that comes back does its last step again, as it cannot know whether it
was done. After every round the ledger must hold in itself and say what the model says.

    python tests/loyalty/trial.py --rounds 100 [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from wallets import No, Wallet, World

START = datetime(2026, 3, 1, 4, tzinfo=UTC)
WORKERS = 2
PEOPLE = 4
BUDGET = 5_000
STEPS = 100
"""Steps of a worker in a round."""


def step_at(worker: int, number: int, seed: int) -> dict[str, Any]:
    """Return what a worker does at a step: the same for ever."""
    dice = random.Random(f"{seed}:{worker}:{number}")
    return {
        "what": dice.choice(["earn", "earn", "earn", "spend", "spend", "refund", "reverse", "expire"]),
        "who": dice.randrange(PEOPLE),
        "amount": dice.randint(1, 60),
        "days": dice.choice([None, 0, 1, 2, 5]),
        "paid": dice.random() < 0.5,
        "forgiving": dice.random() < 0.3,
        "earlier": dice.randrange(max(1, number - 60), number + 1) if number else 0,
        "at": START + timedelta(hours=3 * number),
        "cause": f"w{worker}:{number}",
    }


def day_of(at: datetime) -> Any:
    return (at + timedelta(hours=8)).date()


class Model:
    """One worker's part of the world."""

    def __init__(self) -> None:
        self.world = World([Wallet() for _ in range(PEOPLE)], BUDGET)
        self.rewards: dict[str, tuple[int, Any]] = {}

    def do(self, step: dict[str, Any], worker: int) -> None:
        earlier = f"w{worker}:{step['earlier']}"
        day = day_of(step["at"])
        try:
            match step["what"]:
                case "earn":
                    ends_on = None if step["days"] is None else day + timedelta(days=step["days"])
                    parcel = self.world.earn(step["who"], step["amount"], ends_on, paid=step["paid"])
                    self.rewards[step["cause"]] = (step["who"], parcel)
                case "spend":
                    self.world.spend(step["who"], step["amount"], step["cause"], day)
                case "refund":
                    self.world.refund(earlier, step["amount"])
                case "reverse" if earlier in self.rewards:
                    who, parcel = self.rewards[earlier]
                    self.world.reverse(who, parcel, step["amount"], forgiving=step["forgiving"])
                case "expire":
                    self.world.wallets[step["who"]].expire(day)
        except No:
            pass

    def told(self) -> list[list[int]]:
        told = [[wallet.available, wallet.debt] for wallet in self.world.wallets]
        return [*told, [self.world.budget, 0]]


def do(step: dict[str, Any], worker: int, members: list[int]) -> None:
    """Do a step in the real ledger; refusals are part of it."""
    from django.db import transaction

    from liuliang.kernel.errors import Refused
    from liuliang.loyalty import expiry, points, purses, refunds, reversals

    earlier, at, member = f"w{worker}:{step['earlier']}", step["at"], members[step["who"]]
    try:
        match step["what"]:
            case "earn":
                ends_on = None if step["days"] is None else day_of(at) + timedelta(days=step["days"])
                budget = f"b{worker}" if step["paid"] else ""
                points.earn([points.Reward(member, step["amount"], step["cause"], ends_on, budget=budget)], at=at)
            case "spend":
                points.spend(member, step["amount"], cause=step["cause"], at=at)
            case "refund":
                refunds.refund(earlier, cause=step["cause"], at=at, amount=step["amount"])
            case "reverse":
                for reward in purses.transfers_of(earlier):
                    reversals.reverse_reward(
                        reward, cause=step["cause"], at=at, amount=step["amount"], is_forgiving=step["forgiving"]
                    )
            case "expire":
                with transaction.atomic():
                    expiry.expire_purses(purses.lock_purses(member), at=at)
    except Refused:
        pass


def prepare() -> None:
    from liuliang.cli.main import ready

    ready(migrate=True)
    from liuliang.loyalty.stock import open_budget
    from liuliang.people.models import Member

    for worker in range(WORKERS):
        open_budget(f"b{worker}", BUDGET, cause=f"b{worker}", at=START)
        for number in range(PEOPLE):
            Member.objects.create(name=f"w{worker}:{number}", created_at=START)


def work(worker: int, upto: int, seed: int, progress: Path) -> None:
    from liuliang.cli.main import ready

    ready()
    from django.db import DatabaseError, connection

    from liuliang.people.models import Member

    def ids() -> list[int]:
        return list(Member.objects.filter(name__startswith=f"w{worker}:").order_by("id").values_list("id", flat=True))

    number = int(progress.read_text()) if progress.exists() else 0
    members: list[int] = []
    while number < upto:
        try:
            members = members or ids()
            do(step_at(worker, number, seed), worker, members)
        except DatabaseError:
            # PostgreSQL was killed; the step is done again when it is back.
            connection.close()
            time.sleep(0.2)
            continue
        number += 1
        # A kill must find the old number or the new one: who reads nothing begins all over, with other refusals than the first time.
        fresh = progress.with_suffix(".new")
        fresh.write_text(str(number))
        fresh.replace(progress)


def check() -> None:
    from liuliang.cli.main import ready

    ready()
    from liuliang.loyalty.accounts import POINTS, Address, find_accounts, standing
    from liuliang.loyalty.ledger import faults
    from liuliang.loyalty.queries import balance_of
    from liuliang.people.models import Member

    told: dict[str, Any] = {"faults": [str(fault) for fault in faults()]}
    for worker in range(WORKERS):
        found = []
        for member in Member.objects.filter(name__startswith=f"w{worker}:").order_by("id"):
            stands = balance_of(member.id)
            found.append([stands.available, stands.owed])
        address = Address(POINTS, "budget", f"b{worker}")
        found.append([standing(find_accounts([address])[address]).available, 0])
        told[str(worker)] = found
    sys.stdout.write(json.dumps(told))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    dice = random.Random(chosen.seed)
    folder = Path(tempfile.mkdtemp(prefix="liuliang-ledger-"))
    environment = {**os.environ, "LIULIANG_HOME": str(folder), "LIULIANG_LOG_JSON": "1"}
    for name in ("DATABASE_URL", "LIULIANG_STARTED_DATABASE_URL"):
        environment.pop(name, None)
    os.environ.update(LIULIANG_HOME=str(folder))
    log = (folder / "output.log").open("ab")

    def call(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, __file__, *arguments], env=environment, stdout=subprocess.PIPE, stderr=log
        )

    def told_by(*arguments: str) -> str:
        process = call(*arguments)
        out, _ = process.communicate()
        if process.returncode:
            raise RuntimeError((folder / "output.log").read_text()[-3_000:])
        return out.decode()

    models = [Model() for _ in range(WORKERS)]
    failed = kills = 0
    try:
        told_by("prepare")
        for number in range(1, chosen.rounds + 1):
            upto = number * STEPS
            killed = _disturbed(call, folder, upto, chosen.seed, dice)
            kills += len(killed)
            for worker, model in enumerate(models):
                for step in range(upto - STEPS, upto):
                    model.do(step_at(worker, step, chosen.seed), worker)
            found = json.loads(told_by("check"))
            expected = {"faults": [], **{str(worker): model.told() for worker, model in enumerate(models)}}
            failed += found != expected
            verdict = "equal" if found == expected else f"DIFFERENT {expected} {found}"
            print(f"round {number}: killed {', '.join(killed) or 'nobody'}: {verdict}", flush=True)
    finally:
        from liuliang.kernel import postgres

        postgres.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"trial": "ledger", "rounds": chosen.rounds, "kills": kills, "different": failed}))
    return 1 if failed else 0


def _disturbed(call: Any, folder: Path, upto: int, seed: int, dice: random.Random) -> list[str]:
    """Let the workers do the last `STEPS` up to ``upto`` while they and PostgreSQL are killed at random."""
    reached = [folder / f"progress-{worker}" for worker in range(WORKERS)]

    def start(worker: int) -> subprocess.Popen[bytes]:
        return call("work", str(worker), str(upto), str(seed), str(reached[worker]))

    def is_at_work() -> bool:
        return any(file.exists() and upto - STEPS < int(file.read_text()) < upto for file in reached)

    from liuliang.kernel import postgres

    running = {worker: start(worker) for worker in range(WORKERS)}
    killed: list[str] = []
    plan = [
        dice.choice(["worker 0", "worker 1", "worker 0", "worker 1", "postgres"]) for _ in range(dice.randint(1, 4))
    ]
    moment = 0.0
    while running:
        time.sleep(0.02)
        if plan and time.monotonic() > moment and is_at_work():
            victim = plan.pop()
            moment = time.monotonic() + dice.uniform(0.1, 1)
            killed.append(victim)
            if victim == "postgres":
                pid = int((folder / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
                os.kill(pid, signal.SIGKILL)
                postgres.ensure_running(folder / "postgres")
            elif (process := running.get(int(victim[-1]))) is not None:
                process.kill()
        for worker, process in list(running.items()):
            code = process.poll()
            if code == 0:
                del running[worker]
            elif code is not None:
                running[worker] = start(worker)
    return killed


if __name__ == "__main__":
    if sys.argv[1:2] == ["prepare"]:
        prepare()
    elif sys.argv[1:2] == ["work"]:
        work(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
    elif sys.argv[1:2] == ["check"]:
        check()
    else:
        sys.exit(main())
