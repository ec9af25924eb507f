"""Structured logs: JSON for machines, pretty for a terminal; never a body, never a secret."""

import logging
import sys
from typing import Literal

import structlog

_QUIET = ("nio", "peewee", "aiohttp", "aiosqlite", "asyncio", "kubernetes_asyncio", "hvac", "urllib3")
"""Vendors whose DEBUG prints message bodies, statements or Secrets: floored whatever the level (research N21, K3)."""


def set_up(form: Literal["json", "pretty", "auto"], *, debug: bool = False) -> None:
    """Send every log line to standard error in one form."""
    pretty = form == "pretty" or (form == "auto" and sys.stderr.isatty())
    last: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if pretty
        else structlog.processors.JSONRenderer()
    )
    # Tracebacks without local variables: those may hold what must not be logged.
    tracebacks = [] if pretty else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *tracebacks,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
