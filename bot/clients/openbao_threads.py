"""hvac made safe: in threads of its own, with patience, without redirects, without a word from the environment."""

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from bot.clients.http import Counter, outage, refusal
from bot.clients.openbao import NEIGHBOUR
from bot.core.errors import Denied, Missing, NeighbourError, Rejected, Sealed, Unreachable

Question = Callable[[Any], Any]
"""Takes hvac's Client and returns what its call returned."""
_AT_ONCE = 4
_STATUSES = {
    "InvalidRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "InvalidPath": 404,
    "RateLimitExceeded": 429,
    "InternalServerError": 500,
    "VaultNotInitialized": 501,
    "BadGateway": 502,
    "VaultDown": 503,
}
"""What hvac calls a status; the number itself it forgets."""
_NO_CONTENT = 204
_REDIRECTS = range(300, 400)
_CAS = "check-and-set"
_NO_ROLE = "no static role"


class Threads:
    """Asks hvac's questions, each with a client of its own: its session is not made for several threads."""

    def __init__(self, *, limit: timedelta, count: Counter | None = None) -> None:
        """`limit`: the longest one question may take."""
        self._limit = limit
        self._count = count or (lambda _neighbour, _result: None)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="openbao")

    def close(self) -> None:
        """Take no more questions; one that is under way ends by its own limit."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def ask(self, url: str, token: str, wish: str, question: Question) -> dict[str, Any]:
        """Return the JSON of a question's answer, {} where there is none; `wish` says in words what is asked for.

        Raises Sealed, Denied, Missing, Rejected, RateLimited or Unreachable, in our words.
        """
        try:
            async with asyncio.timeout(self._limit.total_seconds()):
                work = partial(self._once, url, token, wish, question)
                answer = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except NeighbourError:
            self._count(NEIGHBOUR, "refused")
            raise
        except (TimeoutError, OSError) as error:
            self._count(NEIGHBOUR, "unreachable")
            raise Unreachable(NEIGHBOUR, outage(error, self._limit)) from error
        self._count(NEIGHBOUR, "200")
        return answer

    def _once(self, url: str, token: str, wish: str, question: Question) -> dict[str, Any]:
        import hvac  # noqa: PLC0415 - 0.3 s and 30 MB, and only those who look into secrets need it

        client = hvac.Client(
            url=url,
            # Never None: hvac would look for a token, a certificate and a proxy in environment and home directory.
            token=token,
            cert=(),
            verify=_trusted(),
            timeout=self._limit.total_seconds(),
            # It would send the token, and what is written, wherever a pod points to (research §4.2).
            allow_redirects=False,
            # LIST is no word of HTTP's, and proxies may not take it.
            strict_http=True,
        )
        client.session.trust_env = False
        try:
            return _read(question(client))
        except hvac.exceptions.VaultError as error:
            raise _problem(error, wish) from error
        finally:
            client.adapter.close()


def _trusted() -> str | bool:
    """Return the machine's own list of authorities, as our other client uses it; hvac would bring one along."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True


def _read(answer: Any) -> dict[str, Any]:
    """Return the JSON; hvac hands on whatever is not a 200 as the response itself."""
    if isinstance(answer, dict):
        return answer
    status = getattr(answer, "status_code", None)
    if status == _NO_CONTENT:
        return {}
    if status in _REDIRECTS:
        raise Rejected(NEIGHBOUR, f"sends us elsewhere (HTTP {status}), which we never follow")
    raise Unreachable(NEIGHBOUR, "unreadable answer")


def _problem(error: Any, wish: str) -> NeighbourError:  # noqa: PLR0911 - one per sort
    """Return the error in our words; the server's own are read for what they mean, and never handed on."""
    said = " ".join(map(str, error.errors or ()))
    match _STATUSES.get(type(error).__name__):
        case 400 if _CAS in said:
            return Rejected(NEIGHBOUR, f"cannot {wish}: somebody wrote it meanwhile")
        case 400 if _NO_ROLE in said:
            return Missing(NEIGHBOUR, f"cannot {wish}: no such static role")
        case 401 | 403:
            return Denied(NEIGHBOUR, f"may not {wish}")
        case 404 if isinstance(error.json, dict) and error.json.get("data"):
            # The version's metadata come along where its values are gone.
            return Missing(NEIGHBOUR, f"cannot {wish}: that version is deleted")
        case 404:
            return Missing(NEIGHBOUR, f"cannot {wish}: nothing there")
        case 503 if "sealed" in said:
            return Sealed()
        case int(status) if status >= 429:  # noqa: PLR2004 - too often, or a fault of the server's
            return refusal(NEIGHBOUR, status) or Unreachable(NEIGHBOUR, "unreadable answer")
    return Rejected(NEIGHBOUR, f"does not {wish}")
