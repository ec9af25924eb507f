"""Creating, replacing, patching and deleting objects by the API server's rules."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.demo.cluster import patches, refusals
from bot.demo.cluster.access import Write
from bot.demo.cluster.answers import body_of, reply
from bot.demo.cluster.kinds import Kind
from bot.demo.cluster.store import Object, Place, Store, stamp, suffix

# Set by the server: whatever a client writes there is ignored.
_SERVER_FIELDS = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "selfLink")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_RFC_1123 = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, taken apart."""

    request: web.Request
    kind: Kind
    namespace: str = ""
    name: str = ""
    sub: str = ""
    user: str = ""
    admit: Callable[[Write], None] = lambda _write: None

    def check(self, operation: str, new: Object | None, old: Object | None) -> None:
        """Raise Refusal when the admission policies do not let it through."""
        resource = f"{self.kind.plural}/{self.sub}" if self.sub else self.kind.plural
        self.admit(Write(self.user, operation, self.kind.group, resource, new, old, self.dry()))

    @property
    def place(self) -> Place:
        """Where the object stands in the store."""
        return (self.namespace if self.kind.namespaced else "", self.name)

    def dry(self, options: Object | None = None) -> bool:
        """Say whether nothing is to be kept."""
        return "All" in self.request.query.getall("dryRun", []) + list((options or {}).get("dryRun") or [])


async def create(store: Store, ask: Ask) -> web.Response:
    """Answer POST on a collection: 201, or 400, 404 (namespace), 409 (exists), 422 (name)."""
    obj = await _object(ask)
    metadata = obj["metadata"]
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + suffix()
    _check_name(ask.kind, str(metadata.get("name", "")))
    if ask.kind.namespaced:
        store.get("namespaces", "", ask.namespace)
    place = (ask.namespace if ask.kind.namespaced else "", metadata["name"])
    for name in (*_SERVER_FIELDS, "resourceVersion"):
        metadata.pop(name, None)
    if "status" in ask.kind.subresources:
        obj.pop("status", None)
    # Policies are asked before the store is: who may not create is told so, also where the name is taken.
    ask.check("CREATE", obj, None)
    if store.find(ask.kind.kind, *place):
        raise refusals.already_exists(ask.kind.resource, metadata["name"])
    return reply(store.save(ask.kind, obj, dry=ask.dry()), 201)


async def replace(store: Store, ask: Ask) -> web.Response:
    """Answer PUT on an object or its status: 200, or 404, 409 when it has changed since it was read."""
    before = store.peek(ask.kind, ask.place)
    draft = await _object(ask)
    if not draft["metadata"].get("resourceVersion") and not ask.kind.built_in:
        problem = "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
        raise refusals.invalid(ask.kind.kind, ask.name, problem)
    return _commit(store, ask, before, draft)


async def patch(store: Store, ask: Ask) -> web.Response:
    """Answer PATCH on an object or its status: 200, or 404, 409, 415, 422."""
    apply = patches.patcher(ask.request.content_type, ask.kind)
    change = await body_of(ask.request)
    before = store.peek(ask.kind, ask.place)
    return _commit(store, ask, before, apply(copy.deepcopy(before), change))


async def delete(store: Store, ask: Ask) -> web.Response:
    """Answer DELETE: the object for a pod or one that waits for its finalizers, a `Status` otherwise; 404, 409."""
    options = json.loads(await ask.request.read() or b"{}")
    obj = store.get(ask.kind.kind, *ask.place)
    for name, wanted in (options.get("preconditions") or {}).items():
        if obj["metadata"].get(name) != wanted:
            why = f"Precondition failed: {name} in precondition: {wanted}, in object meta: {obj['metadata'].get(name)}"
            raise refusals.conflict(ask.kind.resource, ask.name, why)
    ask.check("DELETE", None, obj)
    obj["metadata"]["deletionTimestamp"] = stamp(store.clock())
    if obj["metadata"].get("finalizers"):
        return reply(store.save(ask.kind, obj, dry=ask.dry(options)))
    if not ask.dry(options):
        store.remove(ask.kind, ask.place)
    if ask.kind.kind == "Pod":
        return reply(obj)
    return reply(refusals.success(ask.kind.plural, ask.name, obj["metadata"]["uid"]))


async def scale(store: Store, ask: Ask) -> web.Response:
    """Answer GET, PUT and PATCH on an object's `scale`."""
    before = store.peek(ask.kind, ask.place)
    if ask.request.method == "GET":
        return reply(_scale_of(ask.kind, before))
    wish = await body_of(ask.request)
    if ask.request.method == "PATCH":
        as_kind = patches.patcher(ask.request.content_type, ask.kind)
        wish = as_kind(_scale_of(ask.kind, before), wish)
    replicas = wish.get("spec", {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        raise refusals.invalid("Scale", ask.name, "spec.replicas: must be greater than or equal to 0")
    draft = copy.deepcopy(before)
    draft["metadata"]["resourceVersion"] = wish.get("metadata", {}).get("resourceVersion", "")
    draft["spec"][_replicas_field(ask.kind)] = replicas
    _check_versions(ask, before, draft)
    ask.check("UPDATE", draft, before)
    return reply(_scale_of(ask.kind, store.save(ask.kind, draft, dry=ask.dry())))


def _commit(store: Store, ask: Ask, before: Object, draft: Any) -> web.Response:
    if not isinstance(draft, dict) or not isinstance(draft.get("metadata"), dict):
        raise refusals.bad_request("the patched object is not an object")
    if draft["metadata"].get("name") != ask.name:
        problem = f'metadata.name: Invalid value: "{draft["metadata"].get("name")}": field is immutable'
        raise refusals.invalid(ask.kind.kind, ask.name, problem)
    _check_versions(ask, before, draft)
    metadata = draft["metadata"]
    for name in _SERVER_FIELDS:
        metadata.pop(name, None)
        if name in before["metadata"]:
            metadata[name] = before["metadata"][name]
    if ask.sub == "status":
        draft = copy.deepcopy(before) | {"status": draft.get("status", {})}
    elif "status" in ask.kind.subresources:
        draft.pop("status", None)
        draft |= {"status": copy.deepcopy(before["status"])} if "status" in before else {}
    ask.check("UPDATE", draft, before)
    return reply(store.save(ask.kind, draft, dry=ask.dry()))


def _check_versions(ask: Ask, before: Object, draft: Object) -> None:
    old, new = before["metadata"], draft["metadata"]
    if new.get("uid") and new["uid"] != old["uid"]:
        why = f"Precondition failed: UID in precondition: {new['uid']}, UID in object meta: {old['uid']}"
        raise refusals.conflict(ask.kind.resource, ask.name, why)
    if new.get("resourceVersion") and new["resourceVersion"] != old["resourceVersion"]:
        raise refusals.conflict(ask.kind.resource, ask.name)
    new["resourceVersion"] = old["resourceVersion"]


async def _object(ask: Ask) -> Object:
    """Return the object a request carries, after checking that it belongs where it was sent."""
    obj = await body_of(ask.request)
    if not isinstance(obj, dict):
        raise refusals.bad_request("the object provided is unrecognized (must be of type JSON)")
    # Clients may leave kind and apiVersion out: the path says them.
    obj.setdefault("kind", ask.kind.kind)
    obj.setdefault("apiVersion", ask.kind.api_version)
    metadata = obj.setdefault("metadata", {})
    if (obj["kind"], obj["apiVersion"]) != (ask.kind.kind, ask.kind.api_version):
        wanted = f"{ask.kind.kind} in version {ask.kind.api_version}"
        raise refusals.bad_request(f"{obj['kind']} in version {obj['apiVersion']} cannot be handled as a {wanted}")
    if ask.kind.namespaced and metadata.setdefault("namespace", ask.namespace) != ask.namespace:
        raise refusals.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return obj


def _check_name(kind: Kind, name: str) -> None:
    if not name:
        raise refusals.invalid(kind.kind, "", "metadata.name: Required value: name or generateName is required")
    if not _NAME.fullmatch(name):
        raise refusals.invalid(kind.kind, name, f'metadata.name: Invalid value: "{name}": {_RFC_1123}')


def _replicas_field(kind: Kind) -> str:
    return "instances" if kind.kind == "Cluster" else "replicas"


def _scale_of(kind: Kind, obj: Object) -> Object:
    name = _replicas_field(kind)
    metadata = {key: obj["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion")}
    labels = obj["spec"].get("selector", {}).get("matchLabels", {})
    status = {"replicas": obj.get("status", {}).get(name, 0)}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata | {"creationTimestamp": obj["metadata"]["creationTimestamp"]},
        "spec": {"replicas": obj["spec"].get(name, 1)},
        "status": status | ({"selector": ",".join(f"{k}={v}" for k, v in sorted(labels.items()))} if labels else {}),
    }
