"""Alertmanager's messenger: tells a webhook about groups that changed, and again until it was heard."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

import aiohttp

from bot.demo.monitoring.alertmanager import Alertmanager
from bot.demo.monitoring.payloads import Alert, group_key, webhook_body

_RETRY_SECONDS = 0.5
_ANSWER_SECONDS = 10.0
_OK = 200
_SERVER_ERROR = 500


class Notifier:
    """Delivers to one URL: 5xx and silence are tried again, after a 4xx the group waits for its next change."""

    def __init__(
        self,
        alertmanager: Alertmanager,
        url: str,
        *,
        token: str = "",
        group_wait: float = 0.2,
        taken: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`group_wait`: seconds between a change and the message about it; `taken` gets the number that was taken."""
        self._alertmanager = alertmanager
        self._url = url
        self._headers = {"User-Agent": "Alertmanager/0.31.1"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._group_wait = group_wait
        self._taken = taken
        self._changed: dict[str, dict[str, Alert]] = defaultdict(dict)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None
        self.statuses: list[int] = []
        """What the webhook answered, oldest first; 0 for no answer."""

    async def start(self) -> None:
        """Tell about every change from now on."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS))
        self._alertmanager.listeners.append(self._note)

    async def stop(self) -> None:
        """Tell nothing more; what was not heard is forgotten."""
        self._alertmanager.listeners.remove(self._note)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _note(self, alert: Alert) -> None:
        if self._alertmanager.silenced_by(alert.labels):
            return
        key = group_key(alert.group)
        self._changed[key][alert.fingerprint] = alert
        if key not in self._tasks:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._deliver(key))

    async def _deliver(self, key: str) -> None:
        try:
            await asyncio.sleep(self._group_wait)
            while changed := self._changed.pop(key, None):
                while (status := await self._post(self._group(key, changed))) == 0 or status >= _SERVER_ERROR:
                    await asyncio.sleep(_RETRY_SECONDS)
                    changed |= self._changed.pop(key, {})
        finally:
            del self._tasks[key]

    def _group(self, key: str, changed: dict[str, Alert]) -> list[Alert]:
        """Return the alerts to tell: everything of the group that fires, and what has just ended."""
        firing = [alert for alert in self._alertmanager.firing() if group_key(alert.group) == key]
        told = {alert.fingerprint: alert for alert in firing}
        return list((told | {mark: alert for mark, alert in changed.items() if alert.ends_at}).values())

    async def _post(self, alerts: list[Alert]) -> int:
        assert self._session is not None
        status = 0
        try:
            async with self._session.post(self._url, json=webhook_body(alerts), headers=self._headers) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            pass
        self.statuses.append(status)
        self._taken(self.statuses.count(_OK))
        return status
