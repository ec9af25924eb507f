"""Structured logs: JSON for machines, pretty for a terminal; never a body, never a secret."""

import io
import logging
import sys
from contextlib import suppress
from typing import Literal, TextIO

import structlog

_QUIET = ("nio", "peewee", "aiohttp", "aiosqlite", "asyncio", "kubernetes_asyncio", "hvac", "urllib3")
"""Vendors whose DEBUG prints message bodies, statements or Secrets: floored whatever the level (research N21, K3)."""


class _Unfailing(io.StringIO):
    """A stream that loses what cannot be written: a full disk under the log must not fail what was logged about."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError, ValueError):
            self._stream.flush()


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
        logger_factory=structlog.WriteLoggerFactory(file=_Unfailing(sys.stderr)),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
