"""What the cluster holds of several kinds, and where it could not be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core.errors import Denied, Missing
from bot.core.facts import Unknown
from bot.core.kinds import Kind, Listing, Object
from commands.asking import ask_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from bot.clients.kubernetes import Kubernetes

# These come with operators: a cluster without the operator knows no such kind, and then there is none.
_OPTIONAL = frozenset({Kind.CLUSTERS, Kind.OBJECTSTORES, Kind.VAULTSTATICSECRETS, Kind.VAULTDYNAMICSECRETS})


@dataclass(frozen=True, slots=True)
class Unasked:
    """A part of the cluster that could not be asked about, and why."""

    kind: str
    """`pods`."""
    namespace: str
    """Empty: everywhere."""
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """The objects found by kind, and the gaps."""

    found: Mapping[Kind, tuple[Object, ...]]
    unasked: tuple[Unasked, ...]

    def gap(self, kinds: tuple[Kind, ...], namespace: str) -> Unknown | None:
        """Return why these kinds could not be asked in a namespace; None when all of them could."""
        for part in self.unasked:
            if part.kind in {kind.plural for kind in kinds} and part.namespace in ("", namespace):
                return Unknown(part.reason)
        return None


async def survey(
    kubernetes: Kubernetes, kinds: tuple[Kind, ...], namespaces: tuple[str, ...], limit: timedelta
) -> Survey:
    """List several kinds in several namespaces at the same time."""
    answers = await ask_all({kind: _listing(kubernetes, kind, namespaces) for kind in kinds}, limit)
    unasked: list[Unasked] = []
    for kind, answer in answers.items():
        if isinstance(answer, Unknown):
            unasked.append(Unasked(kind.plural, "", answer.reason))
        else:
            unasked += (Unasked(kind.plural, where, error.reason) for where, error in answer.unasked.items())
    found = {kind: answer.items for kind, answer in answers.items() if isinstance(answer, Listing)}
    return Survey(found, tuple(unasked))


async def everywhere(
    kubernetes: Kubernetes, kind: Kind, namespaces: tuple[str, ...], *, space: str = "", labels: str = ""
) -> Listing:
    """List a kind in one namespace, or (`space` empty) in all; where that is denied, in these namespaces."""
    if space:
        return await kubernetes.survey(kind, namespaces=(space,), labels=labels)
    try:
        return await kubernetes.survey(kind, labels=labels)
    except Denied:
        if not kind.namespaced:
            raise
        # Roles may be given by namespace.
        return await kubernetes.survey(kind, namespaces=namespaces, labels=labels)


async def _listing(kubernetes: Kubernetes, kind: Kind, namespaces: tuple[str, ...]) -> Listing:
    try:
        return await kubernetes.survey(kind, namespaces=namespaces)
    except Missing:
        if kind in _OPTIONAL:
            return Listing((), {})
        raise
