"""From an alert's labels, and from a pod's name, to the workload that people mean."""

import re
from collections.abc import Iterable

from bot.core.alerts import Card
from bot.core.webhook import Status

_LABELS = ("pod", "deployment", "statefulset", "daemonset", "cluster", "job_name", "service")
"""Labels of an alert that name what runs, the nearest first."""
_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
"""What Kubernetes makes names of (apimachinery's util/rand): no vowels, so that no word comes about."""
_ENDING = re.compile(rf"(?:(?:-{_RANDOM}{{5,10}})?-{_RANDOM}{{5}}|-[0-9]+)$")
"""What a workload's name goes on with in the name of its pod."""


def subject(card: Card) -> str:
    """Return what a card is about as `namespace/name`, the namespace alone where no more is known; empty: nothing."""
    burning = [member for member in card.members if member.status is Status.FIRING] or list(card.members)
    named = [place for member in burning if "/" in (place := _place(member.labels.items()))]
    spaces = [space for member in burning if (space := member.labels.get("namespace", ""))]
    return next(iter((*named, *spaces)), "")


def without_ending(pod: str) -> str:
    """Return what a pod's workload is likely called: `hydra-6c8d9f7b5-x2kqp` and `hydra-0` are both of `hydra`."""
    return _ENDING.sub("", pod)


def _place(items: Iterable[tuple[str, str]]) -> str:
    labels = dict(items)
    name = next((labels[label] for label in _LABELS if labels.get(label)), "")
    return f"{labels['namespace']}/{name}" if name and labels.get("namespace") else ""
