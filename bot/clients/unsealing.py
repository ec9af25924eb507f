"""Gives shares of the unseal key to OpenBao's pods, each under its own address, and keeps nothing of them."""

from datetime import timedelta

from pydantic import ValidationError

from bot.clients.http import Answer, Http
from bot.clients.openbao import NEIGHBOUR
from bot.core.errors import Rejected, Unreachable
from bot.core.seal import SealStatus

_BAD_REQUEST = 400


class Unsealing:
    """`sys/unseal` needs no login: whoever reaches a pod may give a share, or have the attempt begun anew."""

    def __init__(self, http: Http, *, limit: timedelta = timedelta(seconds=10)) -> None:
        self._http = http
        self._limit = limit

    async def give(self, pod_url: str, share: bytearray) -> SealStatus | None:
        """Give a pod a share (hex or base64) and return how sealed it is then; None when it did not take it.

        Redirects are never followed: a share goes to the address of the configuration or nowhere. The server's own
        words are never passed on: since 2.6 they may quote what it could not read. Raises Unreachable and Rejected.
        """
        body = bytearray(b'{"key":"') + share + b'"}'
        try:
            answer = await self._send(pod_url, body)
        finally:
            wipe(body)
        return None if answer.status == _BAD_REQUEST else _status(answer)

    async def reset(self, pod_url: str) -> SealStatus:
        """Discard the shares that a pod was given so far."""
        return _status(await self._send(pod_url, bytearray(b'{"reset":true}')))

    async def _send(self, pod_url: str, body: bytearray) -> Answer:
        answer = await self._http.request(
            "PUT", f"{pod_url}/v1/sys/unseal", neighbour=NEIGHBOUR, limit=self._limit, body=body
        )
        if 300 <= answer.status < 400:  # noqa: PLR2004 - the redirects
            raise Rejected(NEIGHBOUR, "it points elsewhere, and a share goes nowhere else")
        return answer


def wipe(value: bytearray) -> None:
    """Overwrite what is not needed any more; copies that the interpreter made are beyond reach."""
    value[:] = bytes(len(value))


def _status(answer: Answer) -> SealStatus:
    try:
        return SealStatus.model_validate(answer.expect_ok().json())
    except ValidationError:
        raise Unreachable(NEIGHBOUR, "unreadable answer") from None
