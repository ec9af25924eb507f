"""The real OpenBao as the bot's account sees it: furnished, with a clock of our own that is stepped."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.clients.http import Http
from bot.clients.openbao import OpenBao
from bot.clients.openbao_account import Account
from bot.clients.openbao_kv import KeyValues
from bot.clients.openbao_threads import Threads
from bot.demo import openbao as demo
from bot.demo import vault
from bot.demo.cluster import SimulatedCluster


@dataclass
class Vault:
    """OpenBao with the box's secrets in it, the cluster that vouches for us, and our account."""

    bao: demo.OpenBao
    cluster: SimulatedCluster
    pods: OpenBao
    threads: Threads
    jwt: str
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.account = Account(
            self.pods, self.threads, role=vault.ROLE, credential=lambda: self.jwt, now=lambda: self.now
        )
        self.kv = KeyValues(self.account, vault.MOUNT)

    @property
    def logins(self) -> int:
        """How often the cluster was asked whose token that is."""
        return sum(path.endswith("/tokenreviews") for _, path in self.cluster.request_log)

    def root(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """Do something as root."""
        return self.bao.call(method, f"/v1/{path}", body, token=self.bao.keys.root_token)


@pytest.fixture
async def vaulted(openbao: demo.OpenBao) -> AsyncIterator[Vault]:
    cluster = SimulatedCluster(token="obviously-a-test-token-0123456789")
    await cluster.start()
    jwt = await asyncio.to_thread(vault.furnish, openbao, cluster)
    threads = Threads(limit=timedelta(seconds=5))
    async with Http() as http:
        yield Vault(openbao, cluster, OpenBao(http, (openbao.url,)), threads, jwt)
    threads.close()
    await cluster.stop()
