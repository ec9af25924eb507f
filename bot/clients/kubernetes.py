"""Kubernetes: what is there, as plain JSON objects, changes to it, and fixed commands inside containers."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.clients import kubernetes_logs as logs
from bot.clients.http import Counter
from bot.clients.kubernetes_connection import NEIGHBOUR, Connection, Expired, Question
from bot.clients.kubernetes_exec import Execution, read
from bot.core.containers import Container
from bot.core.errors import Denied, NeighbourError, Unreachable
from bot.core.kinds import Kind, Listing, Object
from bot.core.lines import LogLine

__all__ = ["Execution", "Kubernetes"]

_PAGE = "500"
_RESTARTS = 3
_AT_ONCE = 16
_MERGE_PATCH, _JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class Kubernetes:
    """One client for the process; it connects with the first question, or when told to `open`."""

    def __init__(
        self,
        *,
        kubeconfig: Path | None = None,
        context: str | None = None,
        limit: timedelta = timedelta(seconds=10),
        count: Counter | None = None,
    ) -> None:
        """`limit`: the longest one question may take; kubeconfig None: the pod's own service account."""
        self._connection = Connection(
            kubeconfig=kubeconfig, context=context, limit=limit, count=count or (lambda _neighbour, _result: None)
        )
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._piecewise: set[Kind] = set()
        """Kinds that may not be listed across the cluster."""

    async def open(self) -> None:
        """Load the vendor's package and the credentials now rather than with the first question."""
        await self._connection.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._connection.close()

    async def version(self) -> str:
        """Return the API server's version, like `v1.34.1`."""
        answer = await self._connection.ask(Question("/version", "read the version"))
        return str(answer.get("gitVersion", ""))

    async def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """Return one object (namespace "" for a namespace itself); raise Missing when there is none."""
        wish = f"get {kind.plural} {namespace}/{name}" if namespace else f"get {kind.plural} {name}"
        path = _path(kind, namespace) + "/{name}"
        return await self._connection.ask(Question(path, wish, {"namespace": namespace, "name": name}))

    async def list(
        self, kind: Kind, *, namespaces: tuple[str, ...] | None = None, labels: str = "", fields: str = ""
    ) -> tuple[Object, ...]:
        """Return the objects of these namespaces (None: of all), or raise why one of them could not be asked."""
        found = await self.survey(kind, namespaces=namespaces, labels=labels, fields=fields)
        for error in found.unasked.values():
            raise error
        return found.items

    async def survey(
        self, kind: Kind, *, namespaces: tuple[str, ...] | None = None, labels: str = "", fields: str = ""
    ) -> Listing:
        """Return what can be had of these namespaces (None: of all); raise only when nothing could be asked at all.

        Several namespaces are asked in one question across the cluster; where that is denied, one by one from then on,
        since roles may be given by namespace. A namespace that does not exist is empty, as the API has it.
        """
        if namespaces is None:
            return Listing(await self._pages(kind, "", labels, fields), {})
        if len(namespaces) > 1 and kind not in self._piecewise:
            try:
                found = await self._pages(kind, "", labels, fields)
            except Denied:
                self._piecewise.add(kind)
            else:
                return Listing(tuple(obj for obj in found if obj["metadata"].get("namespace") in namespaces), {})
        return await self._piece_by_piece(kind, namespaces, labels, fields)

    async def patch(
        self, kind: Kind, namespace: str, name: str, change: Any, *, part: str = "", dry_run: bool = False
    ) -> Object:
        """Change an object, or its `part` (`scale`, `status`), and return what it became.

        A dict is a merge patch, which replaces lists whole; a list is a JSON patch, whose `test` makes it conditional.
        Raises Conflict when a resourceVersion that it carries is an old one.
        """
        content_type = _JSON_PATCH if isinstance(change, list) else _MERGE_PATCH
        question = self._about(kind, namespace, name, "patch", part, dry_run=dry_run)
        return await self._connection.ask(replace(question, method="PATCH", body=change, content_type=content_type))

    async def replace(
        self, kind: Kind, namespace: str, name: str, whole: Object, *, part: str = "", dry_run: bool = False
    ) -> Object:
        """Put an object, or its `part`, in the place of what was read; raise Conflict when that changed meanwhile."""
        question = self._about(kind, namespace, name, "update", part, dry_run=dry_run)
        return await self._connection.ask(replace(question, method="PUT", body=whole))

    async def create(self, kind: Kind, namespace: str, whole: Object, *, dry_run: bool = False) -> Object:
        """Make an object and return it; raise Conflict when there is one of its name."""
        wish = f"create {kind.plural} in {namespace}"
        query = _dry(dry_run)
        question = Question(_path(kind, namespace), wish, {"namespace": namespace}, query, "POST", whole)
        return await self._connection.ask(question)

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str = "", dry_run: bool = False) -> None:
        """Delete an object; with `uid`, this one and none that came after it (Conflict). Raises Missing."""
        question = self._about(kind, namespace, name, "delete", "", dry_run=dry_run)
        options = {"preconditions": {"uid": uid}} if uid else None
        await self._connection.ask(replace(question, method="DELETE", body=options))

    async def may(self, verb: str, resource: str, namespace: str = "", *, group: str = "", name: str = "") -> bool:
        """Return whether our account may do this (SelfSubjectAccessReview); `resource` like `pods` or `pods/log`."""
        plural, _, part = resource.partition("/")
        wish = {"verb": verb, "resource": plural, "subresource": part, "namespace": namespace, "group": group}
        attributes = {key: text for key, text in {**wish, "name": name}.items() if text}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        question = Question(_REVIEWS, "ask what we may do", method="POST", body=review)
        answer = await self._connection.ask(question)
        return (answer.get("status") or {}).get("allowed") is True

    async def exec(
        self, namespace: str, pod: str, container: str, argv: tuple[str, ...], *, limit: timedelta
    ) -> Execution:
        """Run a command in a container, without a shell and without input; raise Rejected when it cannot be started."""
        wish = f"exec in pods {namespace}/{pod}"
        query = (("container", container), ("stdout", "true"), ("stderr", "true"), *(("command", arg) for arg in argv))
        path = _path(Kind.PODS, namespace) + "/{name}/exec"
        question = Question(path, wish, {"namespace": namespace, "name": pod}, query)
        async with self._connection.socket(question, limit) as socket:
            return await read(socket, wish)

    async def log(
        self, container: Container, *, lines: int, since: timedelta | None = None, previous: bool = False
    ) -> tuple[LogLine, ...]:
        """Return the last lines (500 at most) that a container wrote, or the run before this one; oldest first."""
        return await logs.tail(self._connection, container, lines=lines, since=since, previous=previous)

    def follow(self, container: Container, seen: Iterable[LogLine] = ()) -> AsyncIterator[LogLine]:
        """Yield what a container writes after the lines `seen`, none twice, as long as it is listened to.

        Raises Missing when the pod is gone, Denied, and after several attempts Unreachable or Rejected.
        """
        return logs.follow(self._connection, container, seen=seen)

    def _about(self, kind: Kind, namespace: str, name: str, verb: str, part: str, *, dry_run: bool) -> Question:
        what = f"{kind.plural}/{part}" if part else kind.plural
        path = _path(kind, namespace) + "/{name}" + (f"/{part}" if part else "")
        wish = f"{verb} {what} {namespace}/{name}" if namespace else f"{verb} {what} {name}"
        return Question(path, wish, {"namespace": namespace, "name": name}, _dry(dry_run))

    async def _piece_by_piece(self, kind: Kind, namespaces: tuple[str, ...], labels: str, fields: str) -> Listing:
        async def one(namespace: str) -> tuple[Object, ...] | NeighbourError:
            try:
                async with self._at_once:
                    return await self._pages(kind, namespace, labels, fields)
            except NeighbourError as error:
                return error

        answers = dict(zip(namespaces, await asyncio.gather(*map(one, namespaces)), strict=True))
        unasked = {where: answer for where, answer in answers.items() if isinstance(answer, NeighbourError)}
        if unasked and len(unasked) == len(answers):
            raise next(iter(unasked.values()))
        items = (obj for answer in answers.values() if not isinstance(answer, NeighbourError) for obj in answer)
        return Listing(tuple(items), unasked)

    async def _pages(self, kind: Kind, namespace: str, labels: str, fields: str) -> tuple[Object, ...]:
        for _ in range(_RESTARTS):
            try:
                return await self._all_pages(kind, namespace, labels, fields)
            except Expired:
                continue
        raise Unreachable(NEIGHBOUR, f"list {kind.plural}: it changes faster than it can be read")

    async def _all_pages(self, kind: Kind, namespace: str, labels: str, fields: str) -> tuple[Object, ...]:
        wish = f"list {kind.plural} in {namespace or 'all namespaces'}"
        selectors = tuple((key, text) for key, text in (("labelSelector", labels), ("fieldSelector", fields)) if text)
        found: list[Object] = []
        token = ""
        while True:
            more = (("continue", token),) if token else ()
            query = (("limit", _PAGE), *selectors, *more)
            answer = await self._connection.ask(Question(_path(kind, namespace), wish, {"namespace": namespace}, query))
            found += answer.get("items") or ()
            token = (answer.get("metadata") or {}).get("continue") or ""
            if not token:
                return tuple(found)


def _dry(dry_run: bool) -> tuple[tuple[str, str], ...]:
    return (("dryRun", "All"),) if dry_run else ()


def _path(kind: Kind, namespace: str) -> str:
    return f"{kind.root}/namespaces/{{namespace}}/{kind.plural}" if namespace else f"{kind.root}/{kind.plural}"
