"""Shows a saved webhook body as the room would see it, in the terminal."""

import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.alerts import AlertCard, merge
from bot.core.errors import UsageError
from bot.core.names import RoomId
from bot.core.webhook import parse
from formatters import FORMATTERS
from formatters.render import render


def replay(body: bytes, zone: str) -> int:
    """Print the card; return 1 with what is wrong when the body is no webhook."""
    try:
        ZoneInfo(zone)
        webhook = parse(body)
    except UsageError as error:
        return _refused(f"{error.problem}; {error.hint}")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _refused(f"{zone} is no time zone; write one like Europe/Lisbon")
    if not webhook.alerts:
        return _refused("there is no alert in it; nothing would be posted")
    now = datetime.now(UTC)
    card, _ = merge(None, webhook, RoomId("!terminal"), now)
    print(render(AlertCard(card, zone, now), formatters=FORMATTERS).body)  # noqa: T201 - the terminal is the room here
    return 0


def _refused(why: str) -> int:
    print(why, file=sys.stderr)  # noqa: T201 - as above
    return 1
