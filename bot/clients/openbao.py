"""OpenBao, asked pod by pod, since seal and shares live in one pod's memory."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bot.clients.http import Http, host
from bot.core.errors import NeighbourError, Sealed, Unreachable
from bot.core.facts import Unknown
from bot.core.seal import HaRole, Health, Pod, SealStatus

NEIGHBOUR = "openbao"

# A status of its own for each state would be an error to every other client of ours: let the JSON say it.
_ALWAYS_200 = {"standbyok": "true", "sealedcode": "200", "uninitcode": "200"}
Said = TypeVar("Said")
Shape = TypeVar("Shape", bound=BaseModel)


class OpenBao:
    """The pods under their own addresses; no login is needed for what is asked here."""

    def __init__(self, http: Http, pods: tuple[str, ...], *, limit: timedelta = timedelta(seconds=5)) -> None:
        self._http = http
        self.pods = pods
        self._limit = limit

    async def seal_status(self, pod_url: str, *, limit: timedelta | None = None) -> SealStatus:
        """Return how sealed one pod is. Raises Unreachable when it does not say."""
        return await self._ask(SealStatus, f"{pod_url}/v1/sys/seal-status", {}, limit)

    async def all(self, *, limit: timedelta | None = None) -> Mapping[str, SealStatus | Unknown]:
        """Return how sealed every pod is, or why it does not say, by the pod's short name."""
        return await self._of_each(lambda url: self.seal_status(url, limit=limit))

    async def states(self, *, limit: timedelta | None = None) -> Mapping[str, Pod | Unknown]:
        """Return how sealed every pod is and what it does, or why it does not say, by the pod's short name."""
        return await self._of_each(lambda url: self._state(url, limit))

    async def active(self) -> str:
        """Return the address of the pod that serves: a standby may pass a question on, or send us elsewhere with it.

        Raises Sealed when all pods are, Unreachable when none is known to serve.
        """
        answers = await self._of_each(lambda url: self._health(url, None))
        for url, answer in zip(self.pods, answers.values(), strict=True):
            if not isinstance(answer, Unknown) and answer.role is HaRole.ACTIVE:
                return url
        silent = next((answer for answer in answers.values() if isinstance(answer, Unknown)), None)
        if silent:
            raise Unreachable(NEIGHBOUR, silent.reason)
        if any(isinstance(answer, Health) and answer.role for answer in answers.values()):
            raise Unreachable(NEIGHBOUR, "no pod is active")
        raise Sealed

    async def _state(self, pod_url: str, limit: timedelta | None) -> Pod:
        seal, health = await asyncio.gather(self.seal_status(pod_url, limit=limit), _said(self._health(pod_url, limit)))
        return Pod(seal, health if isinstance(health, Unknown) else health.role)

    async def _health(self, pod_url: str, limit: timedelta | None) -> Health:
        return await self._ask(Health, f"{pod_url}/v1/sys/health", _ALWAYS_200, limit)

    async def _ask(self, shape: type[Shape], url: str, params: Mapping[str, str], limit: timedelta | None) -> Shape:
        answer = await self._http.get(url, neighbour=NEIGHBOUR, limit=limit or self._limit, params=params)
        try:
            return shape.model_validate(answer.expect_ok().json())
        except ValidationError as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error

    async def _of_each(self, question: Callable[[str], Awaitable[Said]]) -> Mapping[str, Said | Unknown]:
        answers = await asyncio.gather(*(_said(question(url)) for url in self.pods))
        return dict(zip(pod_names(self.pods), answers, strict=True))


async def _said(question: Awaitable[Said]) -> Said | Unknown:
    try:
        return await question
    except NeighbourError as error:
        return Unknown(error.reason)


def pod_names(pods: tuple[str, ...]) -> tuple[str, ...]:
    """Return what to call the pods: the first label of each host, or all that tells them apart where it does not."""
    hosts = [host(url) for url in pods]
    short = [name if name.replace(".", "").isdigit() else name.partition(".")[0] for name in hosts]
    return tuple(short) if len(set(short)) == len(pods) else tuple(url.partition("://")[2] for url in pods)


def namespaces(pods: tuple[str, ...]) -> Mapping[str, str]:
    """Return where each pod runs, by its name, where its address tells: `POD.SERVICE.NAMESPACE.svc`."""
    found = {name: host(url).split(".") for name, url in zip(pod_names(pods), pods, strict=True)}
    return {name: labels[labels.index("svc") - 1] for name, labels in found.items() if "svc" in labels[1:]}
