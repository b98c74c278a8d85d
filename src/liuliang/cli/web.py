"""The web server: Granian with the WSGI application."""

from __future__ import annotations


from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

IDLE = 600
"""Seconds that a thread waits for work before it ends: the longest that the server takes."""


def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve until SIGTERM."""
    Granian(
        "liuliang.project.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        # A thread has its own connections and its own handle of the engine; it is not thrown away after every pause.
        blocking_threads_idle_timeout=IDLE,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=15,
        log_level=LogLevels.warning,
    ).serve()
