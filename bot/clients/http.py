"""The one way out over HTTP: a time limit always, no redirects, a cap on what is read, and errors in our own words."""

import asyncio
import errno
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from bot.core.errors import Denied, Missing, NeighbourError, RateLimited, Rejected, Unreachable

MEBIBYTE = 1024 * 1024
OUTAGES = (aiohttp.ClientError, TimeoutError, OSError)
"""What an aiohttp client raises when there is no answer; also the one inside the Kubernetes client."""

_USER_AGENT = "sunbeam-opsbot"
_RETRIED_STATUSES = frozenset({429, 503})
_ATTEMPTS = 3
_LONGEST_WAIT = timedelta(seconds=5)
_OUTAGE_WORDS = (
    (aiohttp.ClientConnectorDNSError, "name not found"),
    (aiohttp.ClientConnectorCertificateError, "certificate not trusted"),
    (aiohttp.ClientSSLError, "no TLS"),
    (aiohttp.InvalidURL, "not an address"),
    (aiohttp.ServerDisconnectedError, "connection cut"),
    (aiohttp.ClientPayloadError, "connection cut"),
)
_ERRNO_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection cut",
    errno.EPIPE: "connection cut",
    errno.EHOSTUNREACH: "no route",
    errno.ENETUNREACH: "no route",
}

Counter = Callable[[str, str], None]
"""Told neighbour and result (`200`, `unreachable`, `rejected`) of every question, for the metric."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a neighbour said, whatever the status; redirects are answers too."""

    neighbour: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def expect_ok(self) -> Self:
        """Return the answer itself when it is a 2xx; raise what its status means otherwise."""
        if problem := refusal(self.neighbour, self.status, retry_after=retry_after(self.headers)):
            raise problem
        return self

    def json(self) -> Any:
        """Return the body as JSON; raise Unreachable when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Unreachable(self.neighbour, "unreadable answer") from error


class Http:
    """One session for the process; `open` it inside the event loop, `close` it at the end."""

    def __init__(self, *, count: Counter | None = None) -> None:
        self._count = count or (lambda _neighbour, _result: None)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the session; nothing is connected yet."""
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            # Unpacked sizes are unknown before they are there: let nobody send us packed ones.
            headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
            trust_env=False,
        )
        no_hidden_retries(self._session)

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def get(
        self,
        url: str,
        *,
        neighbour: str,
        limit: timedelta,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        max_bytes: int = MEBIBYTE,
    ) -> Answer:
        """Ask and return the answer of any status; `limit` is for all attempts together.

        A cut connection is tried once more, a 429 or 503 that says "again in a few seconds" twice.
        Raises Unreachable (no answer) and Rejected (longer than `max_bytes`).
        """
        return await self.request(
            "GET", url, neighbour=neighbour, limit=limit, headers=headers, params=params, max_bytes=max_bytes
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        neighbour: str,
        limit: timedelta,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        body: bytearray | None = None,
        max_bytes: int = MEBIBYTE,
    ) -> Answer:
        """Send any request, with `json` or a `body` that is JSON; only GET is tried again. Raises as `get` does."""
        question = _Question(method, url, neighbour, dict(headers or {}), dict(params or {}), json, body, max_bytes)
        try:
            async with asyncio.timeout(limit.total_seconds()):
                answer = await self._ask(question)
        except NeighbourError:
            self._count(neighbour, "rejected")
            raise
        except OUTAGES as error:
            self._count(neighbour, "unreachable")
            raise Unreachable(neighbour, outage(error, limit)) from error
        self._count(neighbour, str(answer.status))
        return answer

    async def _ask(self, question: "_Question") -> Answer:
        attempts = _ATTEMPTS if question.method == "GET" else 1
        for _ in range(attempts - 1):
            try:
                answer = await self._once(question)
            except OUTAGES as error:
                if not was_cut(error):
                    raise
                break
            wait = pause(answer.status, answer.headers, _LONGEST_WAIT)
            if wait is None:
                return answer
            await asyncio.sleep(wait)
        return await self._once(question)

    async def _once(self, question: "_Question") -> Answer:
        if self._session is None:
            raise RuntimeError("open() comes first")
        async with self._session.request(
            question.method,
            question.url,
            headers=question.headers,
            params=question.params or None,
            json=question.json,
            data=question.body,
            allow_redirects=False,
            # The limit around all attempts is the one that counts; aiohttp's own would be five minutes.
            timeout=aiohttp.ClientTimeout(total=None),
        ) as response:
            body = await _read(response, question)
            return Answer(question.neighbour, response.status, response.headers.copy(), body)


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    url: str
    neighbour: str
    headers: dict[str, str]
    params: dict[str, str]
    json: Any
    body: bytearray | None = field(repr=False)
    max_bytes: int


async def _read(response: aiohttp.ClientResponse, question: _Question) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > question.max_bytes:
            raise Rejected(question.neighbour, f"answered more than {question.max_bytes // 1024} KiB")
    return bytes(body)


def pause(status: int, headers: Mapping[str, str], longest: timedelta) -> float | None:
    """Return the seconds to wait before asking again, None when the answer stands."""
    wait = retry_after(headers)
    if status in _RETRIED_STATUSES and wait is not None and wait <= longest.total_seconds():
        return wait
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header; None without one, or when it is a date."""
    text = headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None


def said_at(headers: Mapping[str, str]) -> datetime | None:
    """Return what time it was by a neighbour's own clock when it answered, to the second; None when it did not tell."""
    try:
        found = parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)


def refusal(neighbour: str, status: int, *, retry_after: float | None = None) -> NeighbourError | None:
    """Return the error a status stands for, None for a 2xx; its words are the status, never the server's text."""
    words = f"HTTP {status}"
    match status:
        case _ if 200 <= status < 300:  # noqa: PLR2004 - the 2xx
            return None
        case 401 | 403:
            return Denied(neighbour, words)
        case 404:
            return Missing(neighbour, words)
        case 429:
            return RateLimited(neighbour, min(retry_after or 1.0, 30.0))
        case _ if status >= 500:  # noqa: PLR2004 - the 5xx
            return Unreachable(neighbour, words)
    return Rejected(neighbour, words)


def outage(error: BaseException, limit: timedelta) -> str:
    """Return why there was no answer, in a few words of ours: no address, no text of the server."""
    if isinstance(error, TimeoutError):
        return f"no answer in {limit.total_seconds():g} s"
    for kind, words in _OUTAGE_WORDS:
        if isinstance(error, kind):
            return words
    return _ERRNO_WORDS.get(error.errno or 0, "no connection") if isinstance(error, OSError) else "unreadable answer"


def no_hidden_retries(session: aiohttp.ClientSession) -> None:
    """Stop a session from sending a request again by itself after a cut: it does so for PUT and DELETE too."""
    session._retry_connection = False  # noqa: SLF001 - aiohttp has no public switch for it


def was_cut(error: BaseException) -> bool:
    """Say whether a standing connection was dropped: worth asking once more, since servers close idle ones at will."""
    if isinstance(error, OSError):
        return error.errno in (errno.ECONNRESET, errno.EPIPE) or isinstance(error, ConnectionResetError)
    return isinstance(error, aiohttp.ServerDisconnectedError)


def refused_status(error: BaseException) -> int | None:
    """Return the status with which a WebSocket was refused, None when it was something else."""
    return error.status if isinstance(error, aiohttp.WSServerHandshakeError) else None


def host(url: str) -> str:
    """Return the host of an address, for words: no user, no path, no query."""
    return urlsplit(url).hostname or ""
