"""The bot's own account at OpenBao: logged in when first needed, renewed in time, never shown."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.clients.openbao import NEIGHBOUR, OpenBao
from bot.clients.openbao_threads import Question, Threads
from bot.core.errors import Denied, Rejected, Unreachable
from bot.core.identity import Identity

_DEFAULT_POLICY = "default"


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    renew_at: datetime | None
    """None: it is nobody's to renew."""
    ends_at: datetime | None

    def needs_renewal(self, now: datetime) -> bool:
        return self.renew_at is not None and now >= self.renew_at

    def is_over(self, now: datetime) -> bool:
        return self.ends_at is not None and now >= self.ends_at


class Account:
    """Asks the pod that serves, as ourselves."""

    def __init__(
        self,
        pods: OpenBao,
        threads: Threads,
        *,
        role: str | None,
        credential: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        """`credential` is read at each login: the pod's service account token, or without a role our token itself."""
        self._pods = pods
        self._threads = threads
        self._role = role
        self._credential = credential
        self._now = now
        self._held: _Token | None = None
        self._lock = asyncio.Lock()

    async def ask(self, wish: str, question: Question) -> dict[str, Any]:
        """Return what a question's answer says; raises as `Threads.ask` does.

        A refusal may mean that our token is gone, revoked or lost with the pod's storage: then we log in again, once.
        """
        url = await self._pods.active()
        before = self._held
        token = await self._token(url)
        try:
            return await self._threads.ask(url, token.value, wish, question)
        except Denied:
            if token is not before:
                raise
        token = await self._token(url, instead_of=token)
        return await self._threads.ask(url, token.value, wish, question)

    async def identity(self) -> Identity:
        """Return who OpenBao says we are."""
        answer = await self.ask("look our token up", lambda client: client.auth.token.lookup_self())
        found = answer.get("data") or {}
        try:
            ends_at = datetime.fromisoformat(found["expire_time"]) if found["expire_time"] else None
            lives = timedelta(seconds=int(found["creation_ttl"]))
            policies = tuple(name for name in found["policies"] if name != _DEFAULT_POLICY)
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error
        return Identity(self._role, policies, lives, ends_at)

    async def capabilities(self, paths: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """Return what OpenBao lets our token do at each path; the `default` policy lets everybody ask."""
        answer = await self.ask(
            "ask what we may do",
            lambda client: client.adapter.post("/v1/sys/capabilities-self", json={"paths": list(paths)}),
        )
        found = answer.get("data") or {}
        try:
            return {path: tuple(map(str, found[path])) for path in paths}
        except (KeyError, TypeError) as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error

    async def seal(self) -> None:
        """Seal the pod that serves; where there are several, another one takes its place. Raises as `ask` does."""
        await self.ask("seal OpenBao", lambda client: client.sys.seal())

    async def _token(self, url: str, *, instead_of: _Token | None = None) -> _Token:
        """Return a token that is good for now: the one we hold, renewed after two thirds of its life, or a new one."""
        async with self._lock:
            held, now = self._held, self._now()
            if held is None or held is instead_of or held.is_over(now):
                held = await self._log_in(url)
            elif held.needs_renewal(now):
                held = await self._renewed(url, held)
            self._held = held
            return held

    async def _log_in(self, url: str) -> _Token:
        credential, role = self._credential(), self._role
        if role is None:
            return _Token(credential, None, None)
        answer = await self._threads.ask(
            url,
            "",
            f"log in with the role {role}",
            lambda client: client.auth.kubernetes.login(role, credential, use_token=False),
        )
        return _token(answer, self._now())

    async def _renewed(self, url: str, held: _Token) -> _Token:
        try:
            answer = await self._threads.ask(
                url, held.value, "renew our token", lambda client: client.auth.token.renew_self()
            )
        except (Denied, Rejected):
            # Not ours to renew, or no longer: it may have reached the longest life that its role allows.
            return await self._log_in(url)
        return _token(answer, self._now())


def _token(answer: dict[str, Any], now: datetime) -> _Token:
    auth = answer.get("auth") or {}
    try:
        value, life = str(auth["client_token"]), timedelta(seconds=int(auth["lease_duration"]))
    except (KeyError, TypeError, ValueError):
        # Without its cause, whose text could hold what was read.
        raise Unreachable(NEIGHBOUR, "unreadable answer") from None
    if not life:
        return _Token(value, None, None)
    return _Token(value, now + life * 2 / 3, now + life)
