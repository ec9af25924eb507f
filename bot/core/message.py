"""A message on its way to a room: what it says, how loud, under which key; and the Matrix content that follows."""

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from bot.core.facts import Verdict
from bot.core.names import EventId, Key, RequestId, RoomId, UserId

FIELD = "pt.sunbeam.ops"
"""Where our own words for programs stand in every event's content (design §5)."""

_CAPTION = 250
"""Characters below a picture."""


class Priority(IntEnum):
    """Which parcel of a room's queue goes first: lower first, then older first."""

    CRITICAL = 0
    ANSWER = 1
    ORDINARY = 2


@dataclass(frozen=True, slots=True)
class File:
    """What was too long for a message."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that goes with a message; in words, the message's first line says what it shows."""

    name: str
    png: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """A result put into words, once for every reader: `body` is complete on its own, `html` says the same."""

    kind: str
    """The result's type in kebab case: `check-report`."""
    verdict: Verdict
    body: str
    html: str
    file: File | None = None
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One revision of a message, ready to be put into the outbox."""

    room: RoomId
    key: Key
    rendered: Rendered
    priority: Priority = Priority.ORDINARY
    rings: bool = False
    """m.text that may ring the phones of `mentions`; all else is a silent m.notice (push rule suppress_notices)."""
    mentions: tuple[UserId, ...] = field(default=())
    reply_to: EventId | None = None
    request: RequestId | None = None


def content(message: Message, rev: int) -> dict[str, Any]:
    """Return the m.room.message content of a message's revision; integers and strings only in our own field."""
    rendered = message.rendered
    ours: dict[str, Any] = {
        "kind": rendered.kind,
        "verdict": rendered.verdict.value,
        "key": message.key,
        "rev": rev,
        "request": message.request or "",
    }
    out: dict[str, Any] = {
        "msgtype": "m.text" if message.rings else "m.notice",
        "body": rendered.body,
        "format": "org.matrix.custom.html",
        "formatted_body": rendered.html,
        # Always present: without it older servers look for names in the body, and a label could ring a phone.
        "m.mentions": {"user_ids": list(message.mentions)} if message.mentions else {},
        FIELD: ours,
    }
    if message.reply_to:
        out["m.relates_to"] = {"m.in_reply_to": {"event_id": message.reply_to}}
    return out


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is uploaded beside a message, as an event of its own under a key of its own, since it cannot be a notice.

    Push rules see no difference between it and something said: it makes no sound among several, and rings for a reader
    who is alone with us.
    """

    key: Key
    content: dict[str, Any]
    """All but the address, which comes with the upload."""
    data: bytes


def attachments(message: Message, rev: int) -> tuple[Attachment, ...]:
    """Return what goes with a message's revision."""
    found = []
    if file := message.rendered.file:
        data = file.text.encode()
        info = {"mimetype": "text/plain", "size": len(data)}
        shown = {"msgtype": "m.file", "body": file.name, "filename": file.name, "info": info}
        found.append(_attachment(message, rev, "file", shown, data))
    if image := message.rendered.image:
        info = {"mimetype": "image/png", "size": len(image.png), "w": image.width, "h": image.height}
        # Where `filename` differs from it, `body` is the caption, and what screen readers say (spec, m.image).
        caption = message.rendered.body.partition("\n")[0][:_CAPTION]
        shown = {"msgtype": "m.image", "body": caption, "filename": image.name, "info": info}
        found.append(_attachment(message, rev, "image", shown, image.png))
    return tuple(found)


def _attachment(message: Message, rev: int, sort: str, shown: dict[str, Any], data: bytes) -> Attachment:
    key = Key(f"{message.key}/{sort}")
    return Attachment(key, {**shown, "m.mentions": {}, FIELD: {**content(message, rev)[FIELD], "key": key}}, data)


def shortened(content: dict[str, Any], most: int = 500) -> dict[str, Any] | None:
    """Return content that a homeserver which refused the whole will take; None when none is shorter, as of a file."""
    if "filename" in content or (len(content["body"]) <= most and "formatted_body" not in content):
        return None
    kept = {name: content[name] for name in ("msgtype", "m.mentions", "m.relates_to", FIELD) if name in content}
    return {**kept, "body": f"{content['body'][:most]}…"}


def as_edit(new: dict[str, Any], original: EventId) -> dict[str, Any]:
    """Return content that replaces `original` with `new`, without ringing again.

    Mentions stay inside `m.new_content`: at the top level they would ring, since the mention rule outranks the rule
    that silences edits (spec, push rules).
    """
    inner = {name: value for name, value in new.items() if name != "m.relates_to"}
    return {
        "msgtype": new["msgtype"],
        "body": f"* {new['body']}",
        **({"format": new["format"], "formatted_body": f"* {new['formatted_body']}"} if "format" in new else {}),
        "m.mentions": {},
        "m.new_content": inner,
        "m.relates_to": {"rel_type": "m.replace", "event_id": original},
        FIELD: new[FIELD],
    }


def transaction_id(room: RoomId, key: Key, rev: int) -> str:
    """Return the id under which a revision is PUT: the same for every attempt, different from every other's.

    Globally unique, since Tuwunel keys its memory by (user, device, id) without the room (research §2.1).
    """
    digest = hashlib.sha256(f"{room}|{key}|{rev}".encode()).hexdigest()
    return f"b1.{digest[:40]}"
