"""Two ledgers and their verdict on the first promise: what the bot took upon itself, what the room then saw; pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

from bot.core.names import EventId, UserId
from bot.demo.view import Seen

_COUNTED = re.compile(r"([\d,]+) (group|alert)s?\b")
_NAMED = 5
"""How many members a card names."""


@dataclass(slots=True)
class Promised:
    """What was answered 2xx, and what people asked for."""

    groups: dict[str, dict[str, bool]] = field(default_factory=dict)
    """Alert name of a group, in the order of first acceptance: its pods, and whether each fires as last accepted."""
    webhooks: int = 0
    commands: dict[EventId, str] = field(default_factory=dict)
    """The asking event: its words."""
    announcements: list[str] = field(default_factory=list)
    """What each was to say; all different."""

    def accepted(self, group: str, pods: dict[str, bool]) -> None:
        """Note a webhook that was answered 2xx."""
        self.webhooks += 1
        self.groups.setdefault(group, {}).update(pods)

    @property
    def alerts(self) -> int:
        """How many different alerts were accepted."""
        return sum(len(pods) for pods in self.groups.values())


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the promise was kept; every field but the last is a list of breaches."""

    lost: tuple[str, ...]
    """Groups whose accepted state no card shows."""
    doubled: tuple[str, ...]
    """Revisions that are more than one event, and keys that are more than one message."""
    disordered: tuple[str, ...]
    """Keys whose revisions came in another order than they were made."""
    unanswered: tuple[str, ...]
    answered_twice: tuple[str, ...]
    unannounced: tuple[str, ...]
    announced_twice: tuple[str, ...]
    events: int
    """How many events of the bot the room saw."""

    @property
    def breaches(self) -> dict[str, tuple[str, ...]]:
        """What went wrong, by kind; empty when all is kept."""
        found = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "events"}
        return {name: what for name, what in found.items() if what}

    @property
    def missing(self) -> int:
        """How much has not come yet."""
        return len(self.lost) + len(self.unanswered) + len(self.unannounced)


def judge(promised: Promised, seen: Sequence[Seen], bot: UserId) -> Verdict:
    """Hold what a member saw, oldest first, against what was promised."""
    ours = [event for event in seen if event.sender == bot]
    answers = Counter(event.replies_to for event in ours if event.replies_to and not event.edits)
    said = Counter(
        words for event in ours if _announces(event) for words in promised.announcements if words in event.body
    )
    return Verdict(
        lost=tuple(_lost(promised, ours)),
        doubled=tuple(_doubled(ours)),
        disordered=tuple(_disordered(ours)),
        unanswered=tuple(words for event, words in promised.commands.items() if not answers[event]),
        answered_twice=tuple(words for event, words in promised.commands.items() if answers[event] > 1),
        unannounced=tuple(words for words in promised.announcements if not said[words]),
        announced_twice=tuple(words for words in promised.announcements if said[words] > 1),
        events=len(ours),
    )


def inversions(wanted: Iterable[str], came: Iterable[str]) -> int:
    """Return how many pairs came in the other order than wanted; what never came counts for nothing."""
    place = {name: at for at, name in enumerate(wanted)}
    order = [place[name] for name in came if name in place]
    return sum(later < earlier for at, earlier in enumerate(order) for later in order[at + 1 :])


def first_shown(promised: Promised, seen: Iterable[Seen], bot: UserId) -> list[str]:
    """Return the groups in the order in which their cards appeared."""
    cards = (event for event in seen if event.sender == bot and event.key.startswith("alert:") and not event.edits)
    return [name for card in cards if (name := _group(promised, card))]


def _lost(promised: Promised, ours: list[Seen]) -> Iterable[str]:
    latest = {event.key: event for event in ours if event.key.startswith("alert:")}
    cards = {name: card for card in latest.values() if (name := _group(promised, card))}
    storms = list({event.key: event for event in ours if event.key.startswith("storm:")}.values())
    counted = _counted(storms, "group") >= len(promised.groups) and _counted(storms, "alert") >= promised.alerts
    rages = any(" STORM " in storm.body for storm in storms)
    for group, pods in promised.groups.items():
        # A storm's card tells of what burns while it lasts, and of what ended in it for good.
        told_by_storm = counted and (rages or not any(pods.values()))
        if not (_shows(cards[group], pods) if group in cards else told_by_storm):
            yield group


def _counted(storms: Iterable[Seen], noun: str) -> int:
    """Return how many groups or alerts storms' cards count; one that says no alerts has one in each group."""
    found = [_numbers(storm.body) for storm in storms]
    return sum(each.get(noun, each.get("group", 0)) for each in found)


def _numbers(body: str) -> dict[str, int]:
    return {noun: int(number.replace(",", "")) for number, noun in _COUNTED.findall(body)}


def _group(promised: Promised, card: Seen) -> str:
    """Return whose card it is: the name in its first line, as a whole word."""
    return next((word for word in card.body.split("\n", 1)[0].split() if word in promised.groups), "")


def _shows(card: Seen, pods: dict[str, bool]) -> bool:
    """Tell whether a card says what fires and nothing else; up to five pods are named, more are counted."""
    title, burning = card.body.split("\n", 1)[0], [pod for pod, fires in pods.items() if fires]
    if not burning:
        return "RESOLVED" in title
    named = all(pod in card.body for pod in burning) if len(burning) <= _NAMED else f"({len(burning)})" in title
    return named and not any(pod in card.body for pod, fires in pods.items() if not fires)


def _doubled(ours: list[Seen]) -> Iterable[str]:
    revisions = Counter((event.key, event.rev) for event in ours)
    messages = Counter(event.key for event in ours if not event.edits)
    yield from (f"{key} revision {rev}" for (key, rev), times in revisions.items() if times > 1)
    yield from (f"{key} twice" for key, times in messages.items() if times > 1)


def _disordered(ours: list[Seen]) -> Iterable[str]:
    revisions = defaultdict(list)
    for event in ours:
        revisions[event.key].append(event.rev)
    yield from (key for key, revs in revisions.items() if revs != sorted(revs))


def _announces(event: Seen) -> bool:
    return event.key.startswith("announce:") and not event.edits
