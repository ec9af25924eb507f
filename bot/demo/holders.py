"""Key holders of the demo: each finds their page in their direct chat with the bot, and gives a share there."""

import asyncio
import re
from urllib.parse import quote_plus, urlsplit

from bot.core.names import RoomId, UserId
from bot.demo.homeserver import Homeserver, Session
from bot.demo.loopback import page

_PAGE = re.compile(r"https?://\S+/once/[0-9a-z]+")
_SECONDS = 10.0
_WRONG = "00" * 33
"""A share that is well formed, and of no key."""


async def page_of(homeserver: Homeserver, session: Session, bot: UserId) -> str:
    """Return the address in the bot's newest letter to somebody; raise TimeoutError when none comes."""
    async with asyncio.timeout(_SECONDS):
        while not (address := await asyncio.to_thread(_newest, homeserver, session, bot)):  # noqa: ASYNC110 - on the wire
            await asyncio.sleep(0.1)
    return address


def give(address: str, share: str, *, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Fill in a page as a browser does, without its script; return the status and what the page says then."""
    parts = urlsplit(address)
    form = f"value={quote_plus(share)}".encode()
    sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
    status, text = page(parts.port or 80, "POST", parts.path, form, sent)
    return page(parts.port or 80, "GET", parts.path) if status == 303 else (status, text)  # noqa: PLR2004


def share_of(shares: tuple[str, ...], word: str) -> str:
    """Return the share that a script means: a number, or one that fits nothing."""
    return _WRONG if word == "wrong" else shares[int(word)]


def _newest(homeserver: Homeserver, session: Session, bot: UserId) -> str:
    sync = homeserver.call("GET", "/_matrix/client/v3/sync?timeout=0", by=session)
    for room in sync.get("rooms", {}).get("invite", {}):
        homeserver.join(session, RoomId(room))
    found: list[tuple[int, str]] = []
    for room in sync.get("rooms", {}).get("join", {}).values():
        for event in room.get("timeline", {}).get("events", []):
            match = _PAGE.search(str(event.get("content", {}).get("body", "")))
            if event.get("sender") == bot and match:
                found.append((int(event["origin_server_ts"]), match[0]))
    return max(found)[1] if found else ""
