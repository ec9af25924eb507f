"""What makes wishes come true: small controllers that watch the store and act, as the real ones do.

Each stands in a file of its own; the list in `Controllers` is what runs. They write to the store and nowhere else.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from bot.demo.cluster.controllers.certificates import Certificates
from bot.demo.cluster.controllers.databases import Databases
from bot.demo.cluster.controllers.garbage import Garbage
from bot.demo.cluster.controllers.rollouts import Rollouts
from bot.demo.cluster.controllers.vault_secrets import VaultSecrets
from bot.demo.cluster.kinds import KINDS
from bot.demo.cluster.refusals import Refusal
from bot.demo.cluster.store import Change, Store

_LOOK_AGAIN_SECONDS = 0.05

Key = tuple[str, str, str]
"""Kind, namespace and name of what is to be looked at."""


class Controller(Protocol):
    """What a controller has to say and do."""

    def concerns(self, change: Change) -> Iterable[Key]:
        """Return what has to be looked at after a change; at once, without writing."""

    async def reconcile(self, key: Key) -> None:
        """Bring one thing to where it should be; called again when it changed meanwhile."""


class Controllers:
    """One task per controller and thing, as long as there is something to do."""

    def __init__(self, store: Store, interval: float) -> None:
        self.vault_secrets = VaultSecrets(store, interval)
        self.running: list[Controller] = [
            Rollouts(store, interval),
            Databases(store, interval),
            Certificates(store, interval),
            self.vault_secrets,
            Garbage(store),
        ]
        self._store = store
        self._tasks: dict[tuple[int, Key], asyncio.Task[None]] = {}
        self._again: set[tuple[int, Key]] = set()
        self._ends: Callable[[], None] | None = None

    def start(self) -> None:
        """Look at everything that is there, then at every change."""
        self._ends = self._store.listen(self._notice)
        for kind in KINDS:
            for obj in self._store.select(kind, "", []):
                self._notice(Change(0, "ADDED", kind, obj, None))

    async def stop(self) -> None:
        """Let everything lie as it is."""
        if self._ends is not None:
            self._ends()
            self._ends = None
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def settled(self, within: float = 5.0) -> None:
        """Wait until nothing is left to do; raise TimeoutError."""
        async with asyncio.timeout(within):
            while self._tasks:
                await asyncio.wait(list(self._tasks.values()))

    def _notice(self, change: Change) -> None:
        for index, controller in enumerate(self.running):
            for key in controller.concerns(change):
                self._wake(index, key)

    def _wake(self, index: int, key: Key) -> None:
        if (index, key) in self._tasks:
            self._again.add((index, key))
            return
        self._tasks[index, key] = asyncio.get_running_loop().create_task(self._work(index, key))

    async def _work(self, index: int, key: Key) -> None:
        try:
            again = True
            while again:
                self._again.discard((index, key))
                again = not await self._reconciled(index, key) or (index, key) in self._again
        finally:
            del self._tasks[index, key]

    async def _reconciled(self, index: int, key: Key) -> bool:
        """Do one round; a refusal means that something went away under the controller's hands: look again."""
        try:
            await self.running[index].reconcile(key)
        except Refusal:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            return False
        return True
