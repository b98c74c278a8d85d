"""Getting ready while the database may be killed or restarted at any moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from liuliang.kernel import postgres
from liuliang.kernel.errors import Refused

T = TypeVar("T")

TRIES = 10
"""How often it is begun again. Each time the server was found running, so each is another death of it."""


def patiently(work: Callable[[], T]) -> T:
    """Do ``work``, and again from its beginning whenever the private PostgreSQL died in the middle of it.

    ``work`` must be safe to begin again. A server of somebody else's is theirs to start: there the first failure counts.

    Raises:
        Refused: ``postgres.unreachable`` with the server's ``reason``; ``postgres.not_started``.
    """
    left = TRIES
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError) as error:
            if connection.connection is not None and connection.is_usable():
                # The server is well and has refused something.
                raise
            if not postgres.is_private() or not left:
                raise Refused("postgres.unreachable", reason=str(error).strip().partition("\n")[0]) from error
        left -= 1
        connection.close()
        postgres.start_if_private()
