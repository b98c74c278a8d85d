"""gamification-engine at work, run by the Python of its own environment: nothing of Liuliang is imported here.

A line of two numbers on the standard input asks for that many increases over that many connections. The line that answers says
how many were made since the start.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

MEMBERS = 2_000
AMOUNT = 2


def main(url: str, connections: int) -> None:
    """Make its tables and people in the database at ``url``, and answer lines until there are no more."""
    increase = prepare(url, connections)
    threads: dict[int, ThreadPoolExecutor] = {}
    made = 0
    answer(made)
    for line in sys.stdin:
        size, count = map(int, line.split())
        if size not in threads:
            threads[size] = ThreadPoolExecutor(size)
        crowd = threads[size]
        for done in [crowd.submit(repeat, increase, range(first, count, size)) for first in range(size)]:
            done.result()
        made += count
        answer(made)
    for crowd in threads.values():
        crowd.shutdown()


def prepare(url: str, connections: int) -> Callable[[], None]:
    """Set it up by its own scripts as it is set up best for this: every cache in memory, a connection kept for each thread."""
    from gengine import main as application
    from gengine.maintenance.scripts.initializedb import initialize

    settings = {
        "sqlalchemy.url": url,
        "sqlalchemy.pool_size": str(connections),
        "dogpile_cache.backend": "dogpile.cache.memory",
        "urlcache_active": "false",
        "enable_user_authentication": "false",
        "fallback_language": "en",
    }
    initialize(settings, {})
    application({}, **settings)

    import transaction
    from gengine.app import model
    from gengine.base.util import dt_now
    from gengine.metadata import DBSession

    with transaction.manager:
        kind = model.SubjectType(name="User")
        DBSession.add(kind)
        DBSession.add(model.Variable(name="points", increase_permission="admin"))
        DBSession.flush()
        people = [model.Subject(subjecttype_id=kind.id, timezone="UTC") for _ in range(MEMBERS)]
        DBSession.add_all(people)
        DBSession.flush()
        ids = [each.id for each in people]
    numbers = itertools.count()

    def increase() -> None:
        member = ids[next(numbers) % MEMBERS]
        with transaction.manager:
            model.Value.increase_value("points", member, AMOUNT, "", dt_now())

    return increase


def repeat(work: Callable[[], None], numbers: range) -> None:
    """Do a piece of work once for each number."""
    for _ in numbers:
        work()


def answer(made: int) -> None:
    """Say how many increases there were so far."""
    sys.stdout.write(f"{made}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
