"""The web server: Granian with the WSGI application, and the built assets beside it."""

from __future__ import annotations

from pathlib import Path

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

import liuliang

ASSETS = Path(liuliang.__file__).parent / "ui" / "static" / "liuliang"
YEAR = 365 * 24 * 3600
IDLE = 600
"""Seconds that a thread waits for work before it ends: the longest that the server takes."""


def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve until SIGTERM. Asset names hold a hash of their content, so browsers may keep them for a year."""
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
        static_path_route=["/static/liuliang"],
        static_path_mount=[ASSETS],
        static_path_expires=YEAR,
    ).serve()
