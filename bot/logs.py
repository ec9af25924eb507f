"""Structured logs: JSON for machines, pretty for a terminal; never a body, never a secret."""

import io
import logging
import sys
import traceback
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog

from bot.core.scrub import scrub

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
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Tracebacks without local variables: those may hold what must not be logged.
            structlog.processors.format_exc_info,
            _scrubbed,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=_Unfailing(sys.stderr)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Scrubber("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _last_words


class _Scrubber(logging.Formatter):
    """What vendors log, tracebacks included, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Format it, then scrub the whole."""
        return scrub(super().format(record))


def _scrubbed(_logger: Any, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Take secrets out of everything that is logged; a name beside a value tells of it too."""
    return {name: _without(name, value) for name, value in event.items()}


def _without(name: str, value: Any) -> Any:
    if isinstance(value, str):
        lead = f"{name}="
        return scrub(f"{lead}{value}").removeprefix(lead)
    if isinstance(value, dict):
        return {inner: _without(str(inner), each) for inner, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without(name, each) for each in value]
    # Numbers and the like hold nothing; whatever else is printed by its repr.
    return value if value is None or isinstance(value, bool | int | float) else scrub(repr(value))


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say what ended the process, without secrets."""
    sys.stderr.write(scrub("".join(traceback.format_exception(kind, error, trace))))
