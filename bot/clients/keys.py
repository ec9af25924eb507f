"""The one Secret that is looked at, by `opsbot keys-check` alone: no kind in the bot names Secrets."""

import base64
from datetime import datetime

from bot.clients.kubernetes_connection import NEIGHBOUR, Connection, Question
from bot.core import keys
from bot.core.errors import Missing, Unreachable
from bot.core.keys import KeysState
from bot.core.names import Target

_MERGE_PATCH = "application/merge-patch+json"


async def state(connection: Connection, secret: Target) -> KeysState:
    """Return what is in the Secret; its values go no further than here. Raises as `Connection.ask` does."""
    path = "/api/v1/namespaces/{namespace}/secrets/{name}"
    try:
        found = await connection.ask(Question(path, f"get secrets {secret}", _names(secret)))
        return keys.judge({name: base64.b64decode(value) for name, value in (found.get("data") or {}).items()})
    except Missing:
        return KeysState.EMPTY
    except (ValueError, TypeError, AttributeError):
        # Without its cause, whose text could hold a value.
        raise Unreachable(NEIGHBOUR, "unreadable answer") from None


async def write(connection: Connection, config_map: Target, found: KeysState, now: datetime) -> None:
    """Write it where the bot reads it; the ConfigMap must be there. Raises as `Connection.ask` does."""
    path = "/api/v1/namespaces/{namespace}/configmaps/{name}"
    question = Question(
        path,
        f"patch configmaps {config_map}",
        _names(config_map),
        method="PATCH",
        body={"data": keys.report(found, now)},
        content_type=_MERGE_PATCH,
    )
    await connection.ask(question)


def _names(target: Target) -> dict[str, str]:
    return {"namespace": target.namespace, "name": target.name or ""}
