"""The line to the Kubernetes API: the vendor's client, made late and once, with patience and errors in our words."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import yaml

from bot.clients import kubernetes_vendor
from bot.clients.http import OUTAGES, Counter, no_hidden_retries, outage, pause, refusal, refused_status, was_cut
from bot.core.errors import Conflict, Denied, Missing, NeighbourError, Rejected, Unreachable
from bot.core.kinds import Object

NEIGHBOUR = "kubernetes"

_ATTEMPTS = 4
_LONGEST_WAIT = timedelta(seconds=30)
_OPENING = timedelta(seconds=30)
_LONGEST_ANSWER = 64 * 1024 * 1024
_CONNECT_SECONDS = 5.0
_HEARTBEAT_SECONDS = 10.0
_BACK_OFF_SECONDS = 0.2
# What the vendor lets through of a kubeconfig that is not one: it looks into the file without checking its shape.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
_UNAUTHORIZED, _TOO_MANY, _UNAVAILABLE = 401, 429, 503
_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")


class Expired(NeighbourError):
    """410: what a list was to be continued from is not kept any more."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the API."""

    path: str
    """With `{namespace}` and `{name}` where the names belong."""
    wish: str
    """What is asked for, in words: `list pods in ory`."""
    names: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: Any = None
    """What is sent, as JSON; None: nothing."""
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """One Configuration and one ApiClient of the vendor's for the process, made by the first question."""

    def __init__(self, *, kubeconfig: Path | None, context: str | None, limit: timedelta, count: Counter) -> None:
        self.limit = limit
        self._kubeconfig = kubeconfig
        self._context = context
        self._count = count
        self._lock = asyncio.Lock()
        self._configuration: Any = None
        self._client: Any = None
        self._credentials = 0
        """How often they were read."""

    async def open(self) -> Any:
        """Return the vendor's ApiClient; the first call imports it (in a thread) and reads credentials."""
        async with self._lock:
            if self._client is None:
                vendor = await asyncio.to_thread(kubernetes_vendor.load)
                self._configuration = vendor.client.Configuration()
                await self._read_credentials(vendor)
                self._client = _client(vendor, self._configuration)
            return self._client

    async def close(self) -> None:
        """Close its session; a later question opens it again."""
        async with self._lock:
            if self._client is not None:
                await self._client.close()
                self._client = None

    async def ask(self, question: Question) -> Object:
        """Ask and return a JSON object; raise Unreachable, Denied, Missing, Expired, Conflict, Rejected or RateLimited.

        What changes anything is sent again only after a definite "later": after a cut nobody knows whether it was done.
        """
        return _object(await self.read(question))

    async def read(self, question: Question) -> bytes:
        """Do the same for what is not JSON."""
        # Loading the vendor's package takes seconds on a busy machine, and is not the server's fault.
        async with self._within(_OPENING):
            await self.open()
        async with self._within(self.limit):
            reply = await self._authorized(question)
        self._count(NEIGHBOUR, str(reply.status))
        if problem := _refusal(reply.status, question.wish):
            raise problem
        return reply.body

    @asynccontextmanager
    async def stream(self, question: Question, idle: timedelta) -> AsyncIterator[AsyncIterator[bytes]]:
        """GET what goes on and on; it ends with the other side, or when that says nothing for `idle`.

        Raises as `ask` does, but Unreachable only for what never began.
        """
        async with self._within(_OPENING):
            await self.open()
        async with self._within(self.limit):
            response = await self._called(question, idle)
            if response.status == _UNAUTHORIZED:
                response.close()
                await self._renewed(self._credentials)
                response = await self._called(question, idle)
        async with response:
            self._count(NEIGHBOUR, str(response.status))
            if problem := _refusal(response.status, question.wish):
                raise problem
            yield _until_cut(response.content.iter_any())

    @asynccontextmanager
    async def socket(self, question: Question, limit: timedelta) -> AsyncIterator[Any]:
        """Open a WebSocket (aiohttp's) for the whole of a command; raises as `ask` does, also for the block inside."""
        async with self._within(limit):
            client = await self.open()
            headers: dict[str, str] = {}
            await client.update_params_for_auth(headers, [], ["BearerToken"])
            try:
                socket = await client.rest_client.pool_manager.ws_connect(
                    _url(self._configuration.host, question),
                    headers=headers,
                    protocols=_PROTOCOLS,
                    heartbeat=_HEARTBEAT_SECONDS,
                    proxy=client.rest_client.proxy,
                    server_hostname=client.rest_client.server_hostname,
                )
            except OUTAGES as error:
                problem = _refusal(refused_status(error), question.wish)
                raise problem or error from error
            async with socket:
                yield socket

    @asynccontextmanager
    async def _within(self, limit: timedelta) -> AsyncIterator[None]:
        """Give the block a time limit and our errors."""
        try:
            async with asyncio.timeout(limit.total_seconds()):
                yield
        except OUTAGES as error:
            self._count(NEIGHBOUR, "unreachable")
            raise Unreachable(NEIGHBOUR, outage(error, limit)) from error

    async def _authorized(self, question: Question) -> _Reply:
        """Ask; when the token is not known any more, read the credentials again, once."""
        await self.open()
        before = self._credentials
        reply = await self._patient(question)
        if reply.status != _UNAUTHORIZED:
            return reply
        await self._renewed(before)
        return await self._patient(question)

    async def _renewed(self, before: int) -> None:
        """Read the credentials anew, unless somebody has since they were read for the time `before`."""
        async with self._lock:
            # Several questions are refused together when a token ends; the first of them reads the new one for all.
            if self._credentials == before:
                await self._read_credentials(kubernetes_vendor.load())

    async def _patient(self, question: Question) -> _Reply:
        """Ask again when the API says "later" or the line is cut, as the vendor's client does not (K2)."""
        for attempt in range(1, _ATTEMPTS):
            try:
                reply = await self._once(question)
            except OUTAGES as error:
                if question.method != "GET" or not was_cut(error):
                    raise
                break
            wait = _wait(reply, attempt, self.limit) if question.method == "GET" else _told_to_wait(reply, self.limit)
            if wait is None:
                return reply
            await asyncio.sleep(wait)
        return await self._once(question)

    async def _once(self, question: Question) -> _Reply:
        response = await self._called(question, self.limit)
        async with response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > _LONGEST_ANSWER:
                    raise Rejected(NEIGHBOUR, f"{question.wish}: the answer is too long")
            return _Reply(response.status, response.headers.copy(), bytes(body))

    async def _called(self, question: Question, idle: timedelta) -> Any:
        """Return the vendor's open response (aiohttp's); `idle`: the longest silence within it."""
        return await self._client.call_api(
            question.path,
            question.method,
            path_params=dict(question.names),
            query_params=list(question.query),
            header_params={"Accept": "application/json, */*", "Content-Type": question.content_type},
            body=question.body,
            auth_settings=["BearerToken"],
            # Models cost far more than the JSON they are made from (K14), and preloaded bodies are logged (K3).
            _preload_content=False,
            _request_timeout=(_CONNECT_SECONDS, idle.total_seconds()),
        )

    async def _read_credentials(self, vendor: Any) -> None:
        """Read the kubeconfig, or the pod's own account, into the one Configuration (copies go stale, K12)."""
        try:
            if self._kubeconfig is None:
                vendor.config.load_incluster_config(client_configuration=self._configuration)
            else:
                await vendor.config.load_kube_config(
                    config_file=str(self._kubeconfig),
                    context=self._context,
                    client_configuration=self._configuration,
                    persist_config=False,
                )
        except (vendor.config.ConfigException, yaml.YAMLError, OSError, *_UNREADABLE) as error:
            where = "in this pod" if self._kubeconfig is None else "in the kubeconfig"
            raise Unreachable(NEIGHBOUR, f"no usable credentials {where}") from error
        self._credentials += 1


async def _until_cut(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    with suppress(*OUTAGES):
        async for chunk in chunks:
            yield chunk


def _client(vendor: Any, configuration: Any) -> Any:
    try:
        client = vendor.client.ApiClient(configuration)
    except OSError as error:
        raise Unreachable(NEIGHBOUR, "no usable certificates among the credentials") from error
    no_hidden_retries(client.rest_client.pool_manager)
    # The vendor takes proxies and .netrc from the environment and has no switch for it (K4). A kubeconfig's own
    # `proxy-url` still counts.
    client.rest_client.pool_manager._trust_env = False  # noqa: SLF001 - aiohttp offers it to the constructor only
    return client


def _wait(reply: _Reply, attempt: int, limit: timedelta) -> float | None:
    if reply.status == _UNAVAILABLE and "Retry-After" not in reply.headers:
        return _BACK_OFF_SECONDS * attempt
    return pause(reply.status, reply.headers, min(limit, _LONGEST_WAIT))


def _told_to_wait(reply: _Reply, limit: timedelta) -> float | None:
    """Return how long to wait before a change is sent again: only 429 says for certain that it was not taken."""
    return pause(reply.status, reply.headers, min(limit, _LONGEST_WAIT)) if reply.status == _TOO_MANY else None


def _url(host: str, question: Question) -> str:
    path = question.path.format_map({key: quote(name, safe="") for key, name in question.names.items()})
    return f"{host}{path}?{urlencode(question.query)}"


def _object(body: bytes) -> Object:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreachable(NEIGHBOUR, "unreadable answer") from error
    if not isinstance(found, dict):
        raise Unreachable(NEIGHBOUR, "unreadable answer")
    return found


_REFUSALS: Mapping[int, tuple[type[NeighbourError], str]] = {
    401: (Denied, "does not know our token (401)"),
    403: (Denied, "may not {wish} (403)"),
    404: (Missing, "cannot {wish}: no such thing (404)"),
    409: (Conflict, "cannot {wish}: it changed meanwhile, or is there already (409)"),
    410: (Expired, "cannot {wish}: the list changed meanwhile (410)"),
}


def _refusal(status: int | None, wish: str) -> NeighbourError | None:
    """Return the error a status stands for, in words of the wish; None for a 2xx and where there is no status."""
    if status is None:
        return None
    if known := _REFUSALS.get(status):
        sort, words = known
        return sort(NEIGHBOUR, words.format(wish=wish))
    problem = refusal(NEIGHBOUR, status)
    return Rejected(NEIGHBOUR, f"cannot {wish} ({status})") if isinstance(problem, Rejected) else problem
