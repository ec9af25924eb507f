"""The second channel: how a page reaches somebody when Matrix does not, over whatever Apprise speaks."""

import asyncio
import logging
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot.clients.http import Counter
from bot.core.errors import NeighbourError, Unreachable

NEIGHBOUR = "second channel"
_MARGIN = timedelta(seconds=5)


class SecondChannel:
    """Sends a text to every address of the configuration; the addresses hold secrets, so no word of them is told.

    `addresses` is asked when needed, so that they stay in their file.
    """

    def __init__(
        self,
        addresses: Callable[[], tuple[str, ...]] | None,
        *,
        limit: timedelta = timedelta(seconds=20),
        count: Counter | None = None,
    ) -> None:
        self._addresses = addresses
        self._limit = limit
        self._count = count or (lambda _neighbour, _result: None)

    @property
    def configured(self) -> bool:
        """Whether there is one."""
        return self._addresses is not None

    async def usable(self) -> tuple[int, int]:
        """Return how many of its addresses can be read, and how many there are; nothing is sent."""
        addresses = self._addresses() if self._addresses else ()
        return await asyncio.to_thread(_usable, addresses, self._limit), len(addresses)

    async def tell(self, title: str, body: str) -> int:
        """Send a text, and return to how many addresses it went; raise Unreachable when it went to none."""
        try:
            addresses = self._addresses() if self._addresses else ()
            # Apprise keeps the limit for each address by itself, so that one that hangs hides no other's success.
            async with asyncio.timeout((self._limit + _MARGIN).total_seconds()):
                sent = await asyncio.to_thread(_send, addresses, title, body, self._limit)
        except NeighbourError:
            self._count(NEIGHBOUR, "unreachable")
            raise
        except TimeoutError as error:
            self._count(NEIGHBOUR, "unreachable")
            raise Unreachable(NEIGHBOUR, f"no answer in {self._limit.total_seconds():g} s") from error
        except Exception as error:  # noqa: BLE001 - a hundred vendors stand behind it, each with errors of its own
            self._count(NEIGHBOUR, "unreachable")
            # Not chained: what goes wrong inside may quote an address.
            raise Unreachable(NEIGHBOUR, type(error).__name__) from None
        self._count(NEIGHBOUR, "sent" if sent else "unreachable")
        if not sent:
            raise Unreachable(NEIGHBOUR, f"none of {len(addresses)} took it")
        return sent


def _usable(addresses: tuple[str, ...], limit: timedelta) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        sender = _sender(limit)
        return sum(bool(sender.add(address)) for address in addresses)


def _send(addresses: tuple[str, ...], title: str, body: str, limit: timedelta) -> int:
    """Send to all addresses, in a thread; return how many took it."""
    with warnings.catch_warnings():
        # Parts of Apprise that are not used here import what Python is about to drop.
        warnings.simplefilter("ignore", DeprecationWarning)
        sender = _sender(limit)
        for address in addresses:
            # An address that cannot be read is one that takes nothing; the others are asked all the same.
            sender.add(address)
    results = sender.notify(body=body, title=title, body_format="text", notify_type="failure") if len(sender) else ()
    return sum(bool(result) for result in results)


def _sender(limit: timedelta) -> Any:
    import apprise  # noqa: PLC0415 - half a second to load, and most bots never need it

    # It logs addresses, and who wants its tracebacks can run it by hand.
    logging.getLogger("apprise").disabled = True
    asset = apprise.AppriseAsset(
        storage_mode="memory",
        secure_logging=True,
        service_timeout=limit.total_seconds(),
        allow_templates=False,
        app_id="Sunbeam Ops",
        app_desc="Sunbeam Ops",
    )
    # A redirect would carry the token in an address to wherever it leads.
    asset.http_redirects = False
    return apprise.Apprise(asset=asset)
