"""The revisions that a workload's owner keeps, and which of them is meant by going back; pure.

kubectl's rules: `rollout undo` without a number goes to the one before the newest (`rollback.go`).
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.errors import UsageError
from bot.core.kinds import Object
from bot.core.moments import moment

_NUMBER = "deployment.kubernetes.io/revision"
_HASHES = ("pod-template-hash", "controller-revision-hash")


@dataclass(frozen=True, slots=True)
class Revision:
    """What a workload's pods were made from at some time."""

    number: int
    images: tuple[str, ...]
    since: datetime | None
    """When it was made first."""
    template: Any
    """The pod template."""


def of_replica_set(row: Object) -> Revision:
    """Read a Deployment's revision from its ReplicaSet."""
    metadata = row["metadata"]
    number = str((metadata.get("annotations") or {}).get(_NUMBER, "0"))
    return _revision(int(number) if number.isdigit() else 0, metadata, row["spec"]["template"])


def of_controller_revision(row: Object) -> Revision:
    """Read a StatefulSet's or DaemonSet's revision from its ControllerRevision."""
    template = ((row.get("data") or {}).get("spec") or {}).get("template") or {}
    return _revision(int(row.get("revision") or 0), row["metadata"], template)


def earlier(revisions: Sequence[Revision], to: int | None) -> tuple[Revision, Revision]:
    """Return the present revision and the one to go back to; `revisions` newest first. Raises UsageError."""
    if not revisions:
        raise UsageError("no revision is kept", hint="nothing to go back to")
    now, before = revisions[0], revisions[1:]
    if not before:
        raise UsageError("there is no earlier revision", hint="nothing to go back to")
    if to is None:
        return now, before[0]
    found = next((each for each in before if each.number == to), None)
    if found is None:
        numbers = ", ".join(str(each.number) for each in before[:5])
        raise UsageError(f"{to} is no earlier revision", hint=f"there is {numbers}: !rollout history tells more")
    return now, found


def only_annotations(one: Object, other: Object) -> bool:
    """Tell whether two pod templates differ in nothing but annotations."""
    return _bare(one) == _bare(other)


def _revision(number: int, metadata: Object, template: Object) -> Revision:
    template = copy.deepcopy(template)
    template.pop("$patch", None)
    labels = (template.get("metadata") or {}).get("labels") or {}
    for name in _HASHES:
        labels.pop(name, None)
    containers = (template.get("spec") or {}).get("containers") or ()
    images = tuple(str(each.get("image", "")) for each in containers)
    return Revision(number, images, moment(metadata.get("creationTimestamp")), template)


def _bare(template: Object) -> Object:
    bare = copy.deepcopy(template)
    metadata = bare.get("metadata") or {}
    metadata.pop("annotations", None)
    metadata.pop("creationTimestamp", None)
    bare["metadata"] = metadata
    return bare
