"""Looks whether the Secret with OpenBao's keys holds any, and writes that where the bot may read it (COE-2026-001).

Run by a CronJob with an account of its own: it needs neither the bot's configuration nor its database nor a room.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.clients import keys
from bot.clients.kubernetes_connection import Connection
from bot.core.errors import NeighbourError, UsageError
from bot.core.keys import KeysState
from bot.core.names import Target, target

_LIMIT = timedelta(seconds=20)


def keys_check(secret: str, report: str, kubeconfig: Path | None) -> int:
    """Look, write, print the one word; return 1 with the reason when that could not be done."""
    try:
        places = _named(secret), _named(report)
        found = asyncio.run(_checked(*places, kubeconfig))
    except UsageError as error:
        return _refused(f"{error.problem}; {error.hint}")
    except NeighbourError as error:
        return _refused(str(error))
    print(f"{secret}: {found}")  # noqa: T201 - the job's log is for people
    return 0


def _named(text: str) -> Target:
    found = target(text)
    if found.name is None:
        raise UsageError(f"“{text}” is a namespace alone", hint="write namespace/name, like data/openbao-keys")
    return found


async def _checked(secret: Target, report: Target, kubeconfig: Path | None) -> KeysState:
    connection = Connection(kubeconfig=kubeconfig, context=None, limit=_LIMIT, count=lambda _neighbour, _result: None)
    try:
        found = await keys.state(connection, secret)
        await keys.write(connection, report, found, datetime.now(UTC))
    finally:
        await connection.close()
    return found


def _refused(why: str) -> int:
    print(why, file=sys.stderr)  # noqa: T201 - as above
    return 1
