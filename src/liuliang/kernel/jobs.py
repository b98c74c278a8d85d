"""Background jobs on procrastinate: declared in an app's ``jobs.py``, deferred in the caller's transaction, retried."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.tasks import Task

P = ParamSpec("P")
R = TypeVar("R")

stopping = threading.Event()
"""Set when this process is asked to stop: a long job ends at its next safe point and defers itself again."""


def job(
    name: str, *, every: str = "", attempts: int = 5, lock: str = "", turn: str = ""
) -> Callable[[Callable[P, R]], Task[P, R, P]]:
    """Declare a function as a job.

    Args:
        name: stable name; it stands in the database while jobs wait.
        every: a cron expression (UTC) that makes the job periodic. A periodic job takes ``timestamp`` (seconds).
        attempts: how often it is tried; waits grow by powers of three seconds.
        lock: jobs with one lock run one after another, and only one of them waits.
        turn: jobs that take turns run one after another in the order in which they were deferred; one that is tried again
            keeps its place.
    """
    retry = RetryStrategy(max_attempts=attempts, exponential_wait=3)
    options: dict[str, Any] = {"name": name, "retry": retry}
    if turn:
        options["lock"] = turn
    if lock:
        options |= {"lock": lock, "queueing_lock": lock}

    def declare(function: Callable[P, R]) -> Task[P, R, P]:
        task: Any = app.task(**options)(function)
        if every:
            app.periodic(cron=every)(task)
        return task  # type: ignore[no-any-return]

    return declare
