"""How bodies go over the wire: JSON, `Status` objects, typed lists."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.demo.cluster.kinds import Kind
from bot.demo.cluster.refusals import Refusal, bad_request


def reply(body: Any, status: int = 200) -> web.Response:
    """Return a JSON answer."""
    return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/json")


def refuse(refusal: Refusal, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a refusal as its `Status` object."""
    answer = reply(refusal.status(), refusal.code)
    answer.headers.update(headers or {})
    return answer


async def body_of(request: web.Request) -> Any:
    """Return the JSON a request carries; raise Refusal 400."""
    try:
        return json.loads(await request.read())
    except ValueError as error:
        raise bad_request(f"the object provided is unrecognized (must be of type JSON): {error}") from error


def item(kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object as it stands in a list: the real server leaves kind and apiVersion out for built-in kinds."""
    if not kind.built_in:
        return obj
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def listing(kind: Kind, objects: list[dict[str, Any]], metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the list object of a kind."""
    return {
        "kind": f"{kind.kind}List",
        "apiVersion": kind.api_version,
        "metadata": metadata,
        "items": [item(kind, obj) for obj in objects],
    }
