"""OpenBao, asked pod by pod, since seal and shares live in one pod's memory."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from pydantic import ValidationError

from bot.clients.http import Http, host
from bot.core.errors import NeighbourError, Unreachable
from bot.core.facts import Unknown
from bot.core.seal import SealStatus

NEIGHBOUR = "openbao"


class OpenBao:
    """The pods under their own addresses."""

    def __init__(self, http: Http, pods: tuple[str, ...], *, limit: timedelta = timedelta(seconds=5)) -> None:
        self._http = http
        self.pods = pods
        self._limit = limit

    async def seal_status(self, pod_url: str, *, limit: timedelta | None = None) -> SealStatus:
        """Return how sealed one pod is; no login is needed. Raises Unreachable when it does not say."""
        answer = await self._http.get(f"{pod_url}/v1/sys/seal-status", neighbour=NEIGHBOUR, limit=limit or self._limit)
        try:
            return SealStatus.model_validate(answer.expect_ok().json())
        except ValidationError as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error

    async def all(self, *, limit: timedelta | None = None) -> Mapping[str, SealStatus | Unknown]:
        """Return every pod's answer, or why it has none, by the pod's short name."""
        answers = await asyncio.gather(*(self._said(url, limit) for url in self.pods))
        return dict(zip(pod_names(self.pods), answers, strict=True))

    async def _said(self, pod_url: str, limit: timedelta | None) -> SealStatus | Unknown:
        try:
            return await self.seal_status(pod_url, limit=limit)
        except NeighbourError as error:
            return Unknown(error.reason)


def pod_names(pods: tuple[str, ...]) -> tuple[str, ...]:
    """Return what to call the pods: the first label of each host, or all that tells them apart where it does not."""
    hosts = [host(url) for url in pods]
    short = [name if name.replace(".", "").isdigit() else name.partition(".")[0] for name in hosts]
    return tuple(short) if len(set(short)) == len(pods) else tuple(url.partition("://")[2] for url in pods)
