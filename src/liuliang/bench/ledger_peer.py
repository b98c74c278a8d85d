"""gamification-engine beside the ledger: the same PostgreSQL, the same database, as many connections, a process of its own.

It credits a value to a person through the function its own service calls, with a commit for each, as an application would have
it done. It is given what suits it: no achievements to evaluate, nothing to look up that a cache can hold, no HTTP.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from django.db import connection

from liuliang.bench import ledger_peer_process
from liuliang.kernel import environment, postgres
from liuliang.kernel.errors import Refused

VARIABLE = "LIULIANG_BENCH_PEER"
"""Names the Python of an environment with what `gamification_engine.txt` lists."""


def is_given() -> bool:
    """Return whether this machine has the peer."""
    return bool(environment.variable(VARIABLE))


class Peer:
    """The peer's process. Use it as a context.

    Raises:
        Refused: ``bench.peer`` when it does not start or does not go on, with the last line it said.
    """

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._made = 0

    def __enter__(self) -> Self:
        self._said = tempfile.TemporaryFile()
        python = environment.variable(VARIABLE)
        script = str(Path(ledger_peer_process.__file__))
        try:
            self._process = subprocess.Popen(
                [python, script, postgres.database_url(), str(self._connections)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True,
            )  # fmt: skip
        except OSError as error:
            self._said.close()
            raise Refused("bench.peer", path=python, said=str(error)) from None
        self._hear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Without more to read it ends; one that failed has ended already.
        if self._process.returncode is None:
            self._process.communicate()
        self._said.close()

    def increase(self, connections: int, count: int) -> None:
        """Credit ``count`` values over so many connections."""
        if self._process.stdin is None:
            raise RuntimeError("the peer was started without a way to ask it")
        self._process.stdin.write(f"{connections} {count}\n")
        self._process.stdin.flush()
        self._made += count
        self._hear()

    def check(self) -> None:
        """See that every value was credited.

        Raises:
            RuntimeError: it was not.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), coalesce(sum(value), 0) FROM values")
            row = cursor.fetchone()
        if row != (self._made, self._made * ledger_peer_process.AMOUNT):
            raise RuntimeError(f"the peer credited {row}, not {self._made} values")

    def _hear(self) -> None:
        heard = self._process.stdout.readline() if self._process.stdout is not None else ""
        if heard.strip() == str(self._made):
            return
        self._process.communicate()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines() or [heard]
        self._said.close()
        raise Refused("bench.peer", path=environment.variable(VARIABLE), said=lines[-1])
