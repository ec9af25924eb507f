"""The homeserver's JSON turned into what was heard; nothing a member can send makes any function here raise."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.core.heard import Gap, Heard, Invite, OwnEvent, Sort
from bot.core.leaks import leaks
from bot.core.message import FIELD
from bot.core.names import EventId, RoomId, UserId

Json = dict[str, Any]


_SHOWN = ("body", "formatted_body", "filename", "reason", "key")
_RULES = frozenset(
    f"m.room.{name}" for name in ("member", "join_rules", "guest_access", "history_visibility", "encryption")
)


_CONFIDES = re.compile(r"\s*!\s*(?:sunbeam\s+)?(?:vault\s+)?unseal\s+(?P<share>[\w+/=-]{16,200})\s*", re.IGNORECASE)


class Unreadable(ValueError):
    """An event of a kind we listen to has not the shape the specification gives it."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The new events of one room, oldest first, and where the hole before them begins if there is one."""

    room: RoomId
    events: tuple[Any, ...]
    limited: bool
    prev_batch: str | None


def timelines(answer: Json) -> Iterator[Timeline]:
    """Return the joined rooms' timelines of a /sync answer."""
    for room, joined in obj(obj(answer, "rooms"), "join").items():
        timeline = obj(joined, "timeline")
        prev_batch = timeline.get("prev_batch")
        yield Timeline(
            RoomId(room),
            tuple(items(timeline, "events")),
            timeline.get("limited") is True,
            prev_batch if isinstance(prev_batch, str) else None,
        )


def states(answer: Json) -> Iterator[tuple[str, list[Any]]]:
    """Return the joined rooms' state events of a /sync answer, those of the timeline too."""
    for room, joined in obj(obj(answer, "rooms"), "join").items():
        timeline = items(obj(joined, "timeline"), "events")
        changes = [event for event in timeline if isinstance(event, dict) and "state_key" in event]
        yield room, items(obj(joined, "state"), "events") + changes


def gaps(found: Iterable[Timeline]) -> tuple[Gap, ...]:
    """Return the holes that can be filled."""
    return tuple(Gap(each.room, each.prev_batch) for each in found if each.limited and each.prev_batch)


def changed(answer: Json) -> tuple[RoomId, ...]:
    """Return the rooms whose members or rules changed."""
    return tuple(RoomId(room) for room, events in states(answer) if any(map(_is_rule, events)))


def _is_rule(event: Any) -> bool:
    """Tell whether an event is about members or rules; a misshapen one is about nothing."""
    found = event.get("type") if isinstance(event, dict) else None
    return isinstance(found, str) and found in _RULES


def invites(answer: Json, me: UserId) -> tuple[Invite, ...]:
    """Return who invites us where; an invite that does not say by whom is none."""
    return tuple(
        Invite(RoomId(room), UserId(event["sender"]))
        for room, invited in obj(obj(answer, "rooms"), "invite").items()
        for event in items(obj(invited, "invite_state"), "events")
        if _invites(event, me)
    )


def _invites(event: Any, me: UserId) -> bool:
    return (
        isinstance(event, dict)
        and (event.get("type"), event.get("state_key")) == ("m.room.member", me)
        and obj(event, "content").get("membership") == "invite"
        and isinstance(event.get("sender"), str)
    )


def heard(room: RoomId, event: Any, me: UserId, *, encrypted: bool) -> Heard | None:
    """Return what an event says, None when it is not for us; raise Unreadable when it is malformed.

    Not for us: our own, edits, redacted ones, state, and every type and msgtype the bot does not act on. What holds a
    secret is for us whatever it is, and its words go no further than here.
    """
    kind = type_of(event)
    if "state_key" in event or _redacted(event):
        return None
    leaked = leaks(_texts(obj(event, "content")))
    if kind not in _READERS and not leaked:
        return None
    sender = _name(event, "sender", "@")
    if sender == me:
        return None
    said = _Said(Sort.LEAK, ",".join(leaked), None) if leaked else _READERS[kind](event)
    if said is None:
        return None
    return Heard(
        event_id=EventId(_name(event, "event_id", "$")),
        room=room,
        sender=UserId(sender),
        sort=said.sort,
        body=said.body,
        sent_at=_sent_at(event),
        target=said.target,
        encrypted=encrypted,
    )


def confided(event: Json) -> bytearray | None:
    """Return the share of a line that says `!unseal SHARE` and nothing else."""
    content = obj(event, "content")
    body = content.get("body")
    if content.get("msgtype") != "m.text" or not isinstance(body, str) or obj(content, "m.relates_to"):
        return None
    found = _CONFIDES.fullmatch(body)
    return bytearray(found["share"].encode()) if found else None


def _texts(content: Json) -> Iterator[str]:
    """Return everything in a content that a client shows, or shows as an edit."""
    for holder in (content, obj(content, "m.new_content"), obj(content, "m.relates_to")):
        yield from strings(holder.get(name) for name in _SHOWN)


def own(event: Any, me: UserId) -> OwnEvent | None:
    """Return key and revision of an event of ours, None when it is not ours or carries none."""
    ours = obj(obj(event, "content"), FIELD)
    key, rev = ours.get("key"), ours.get("rev")
    if not isinstance(key, str) or not isinstance(rev, int) or event.get("sender") != me:
        return None
    try:
        return OwnEvent(EventId(_name(event, "event_id", "$")), key, rev, _sent_at(event))
    except Unreadable:
        return None


def sent_before(event: Any, moment: datetime) -> bool:
    """Return whether an event says it was sent before `moment`; False when it does not say."""
    try:
        return _sent_at(event) < moment
    except Unreadable:
        return False


def type_of(event: Any) -> str:
    """Return an event's type; raise Unreadable when it has none."""
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str):
        raise Unreadable("no type")
    return kind


def obj(holder: Any, name: str) -> Json:
    """Return the object under `name`, empty when there is none."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else {}


def items(holder: Any, name: str) -> list[Any]:
    """Return the list under `name`, empty when there is none."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def strings(found: Iterable[Any]) -> tuple[str, ...]:
    """Return those that are strings."""
    return tuple(each for each in found if isinstance(each, str))


@dataclass(frozen=True, slots=True)
class _Said:
    sort: Sort
    body: str
    target: EventId | None


def _message(event: Json) -> _Said | None:
    content = obj(event, "content")
    relation = obj(content, "m.relates_to")
    sort = _SORTS.get(str(content.get("msgtype")))
    # An empty content is what redacting leaves; an edit is a new text for old words, never a command.
    if sort is None and (not content or "msgtype" in content):
        return None
    if relation.get("rel_type") == "m.replace":
        return None
    body = content.get("body")
    if sort is None or not isinstance(body, str):
        raise Unreadable("a message without words")
    target = _answered(relation)
    return _Said(sort, _without_fallback(_clean(body)) if target else _clean(body), target)


def _reaction(event: Json) -> _Said | None:
    relation = obj(obj(event, "content"), "m.relates_to")
    if not relation:
        return None
    key = relation.get("key")
    if relation.get("rel_type") != "m.annotation" or not isinstance(key, str):
        raise Unreadable("a reaction without an emoji")
    return _Said(Sort.REACTION, _clean(key), EventId(_name(relation, "event_id", "$")))


def _redaction(event: Json) -> _Said:
    # Room version 11 moved `redacts` into the content.
    holder = event if "redacts" in event else obj(event, "content")
    reason = obj(event, "content").get("reason")
    body = _clean(reason) if isinstance(reason, str) else ""
    return _Said(Sort.REDACTION, body, EventId(_name(holder, "redacts", "$")))


_SORTS = {"m.text": Sort.MESSAGE, "m.notice": Sort.NOTICE}
_READERS = {"m.room.message": _message, "m.reaction": _reaction, "m.room.redaction": _redaction}


def _redacted(event: Json) -> bool:
    return "redacted_because" in obj(event, "unsigned")


def _answered(relation: Json) -> EventId | None:
    """Return the event a message answers; in a thread without a reply of its own, the thread's root."""
    fallback = relation.get("rel_type") == "m.thread" and relation.get("is_falling_back") is True
    answered = relation.get("event_id") if fallback else obj(relation, "m.in_reply_to").get("event_id")
    return EventId(answered) if isinstance(answered, str) and _sayable(answered) else None


def _without_fallback(body: str) -> str:
    """Return a reply's own words: clients before Matrix 1.13 put the quoted message before them."""
    lines = body.split("\n")
    quoted = next((at for at, line in enumerate(lines) if not line.startswith("> ")), len(lines))
    if quoted and quoted < len(lines) and not lines[quoted]:
        return "\n".join(lines[quoted + 1 :])
    return body


def _name(holder: Json, name: str, sigil: str) -> str:
    found = holder.get(name)
    if not isinstance(found, str) or not found.startswith(sigil) or not _sayable(found):
        raise Unreadable(f"no {name}")
    return found


def _sent_at(event: Any) -> datetime:
    milliseconds = event.get("origin_server_ts") if isinstance(event, dict) else None
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        raise Unreadable("no time")
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Unreadable("an impossible time") from error


def _sayable(text: str) -> bool:
    return _clean(text) == text


def _clean(text: str) -> str:
    """Return the text without halves of surrogate pairs, which JSON may hold and no database takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
