"""Reading collections: selectors, pages with continue tokens."""

import base64
import json
from collections import OrderedDict

from aiohttp import web

from bot.demo.cluster import refusals, selectors
from bot.demo.cluster.answers import listing
from bot.demo.cluster.kinds import Kind
from bot.demo.cluster.store import Object, Objects, Store

_KEPT_PAGES = 200
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of "
    "the results."
)


def tests_of(request: web.Request, kind: Kind) -> list[selectors.Test]:
    """Return the selectors of a request; raise Refusal 400."""
    asked = request.query
    return [selectors.labels(asked.get("labelSelector", "")), selectors.fields(asked.get("fieldSelector", ""), kind)]


class Pages:
    """Lists in pages: what a token goes on with is kept as it was when the first page was asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rests: OrderedDict[str, tuple[int, Objects]] = OrderedDict()

    def forget(self) -> None:
        """Make every continue token too old."""
        self._rests.clear()

    def list(self, request: web.Request, kind: Kind, namespace: str) -> Object:
        """Return the list, or the page of it, that a request asks for; raise Refusal 400 or 410."""
        token = request.query.get("continue", "")
        if token:
            version, objects = self._rest(token)
        else:
            version, objects = self._store.version, self._store.select(kind, namespace, tests_of(request, kind))
        limit = int(request.query.get("limit", "0"))
        metadata: Object = {"resourceVersion": str(version)}
        if limit and len(objects) > limit:
            metadata |= {"continue": self._keep(version, objects, limit), "remainingItemCount": len(objects) - limit}
            objects = objects[:limit]
        return listing(kind, objects, metadata)

    def _rest(self, token: str) -> tuple[int, Objects]:
        try:
            json.loads(base64.urlsafe_b64decode(token))
        except ValueError as error:
            raise refusals.bad_request(f"continue key is not valid: {error}") from error
        if token not in self._rests:
            raise refusals.expired(_TOO_OLD)
        return self._rests[token]

    def _keep(self, version: int, objects: Objects, limit: int) -> str:
        metadata = objects[limit - 1]["metadata"]
        start = f"{metadata.get('namespace', '')}/{metadata['name']}\u0000".lstrip("/")
        mark = {"v": "meta.k8s.io/v1", "rv": version, "start": start, "rest": len(objects) - limit}
        token = base64.urlsafe_b64encode(json.dumps(mark).encode()).decode()
        self._rests[token] = (version, objects[limit:])
        if len(self._rests) > _KEPT_PAGES:
            self._rests.popitem(last=False)
        return token
