"""Lets a simulated cluster hold everybody to what `deploy/` grants, as a real API server would."""

import functools
from pathlib import Path

from bot.demo.cluster import SimulatedCluster
from bot.demo.cluster.access import Wish, Write
from tests.tools.admission import Request, refusals
from tests.tools.kustomize import Json, build
from tests.tools.rbac import Grants


def guard(cluster: SimulatedCluster) -> None:
    """Enforce the Roles and the admission policies from now on."""
    cluster.access.roles = _granted
    cluster.access.policies = _denied


@functools.cache
def _objects() -> list[Json]:
    return build(Path(__file__).parents[2] / "deploy")


@functools.cache
def _grants(user: str) -> Grants:
    _, _, namespace, name = user.split(":")
    return Grants(_objects(), (namespace, name))


def _granted(user: str, wish: Wish) -> bool:
    return _grants(user).allow(wish.verb, wish.group, wish.resource, wish.namespace, wish.name)


def _denied(write: Write) -> str:
    asked = Request(write.operation, write.group, write.resource, write.new, write.old, write.user, write.dry)
    return "; ".join(refusals(_objects(), asked))
