"""The worker process: it does the jobs."""

from __future__ import annotations

import asyncio
import contextlib
import signal

from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from liuliang.kernel import jobs
from liuliang.kernel.garbage import spare_what_stays
from liuliang.kernel.logs import get_logger, tell_stacks_on_request

logger = get_logger(__name__)

HEARTBEAT = 3.0
"""Seconds between signs of life."""

STALLED = 12.0
"""Seconds without a sign of life after which a worker counts as dead and its jobs are started again."""


def run(concurrency: int = 2) -> None:
    """Work until SIGTERM or SIGINT; jobs under way stop at their next safe point and are taken up again later."""
    jobs.stopping.clear()
    spare_what_stays()
    tell_stacks_on_request()
    asyncio.run(_work(concurrency))
    logger.info("worker stopped")


async def _work(concurrency: int) -> None:
    connector = app.connector
    assert isinstance(connector, DjangoConnector)  # noqa: S101 - what the Django integration always gives
    with app.replace_connector(connector.get_worker_connector()):
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=2.0,
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=STALLED,
                )
            )
            reviving = asyncio.create_task(_revive_jobs())
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, _stop, working)
            logger.info("worker started")
            try:
                with contextlib.suppress(asyncio.CancelledError):
                    await working
            finally:
                reviving.cancel()


def _stop(working: asyncio.Task[None]) -> None:
    jobs.stopping.set()
    working.cancel()


async def _revive_jobs() -> None:
    """Start again, every few seconds, the jobs whose worker died."""
    while True:
        for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
            logger.warning("job taken up again after its worker died", job=stalled.id, task=stalled.task_name)
            await app.job_manager.retry_job(stalled)
        await asyncio.sleep(HEARTBEAT)
