"""What a homeserver and a phone make of an event: the default push rules, and who is told of it, how loud.

After the Matrix specification v1.19, client-server API, “Push Notifications”. In an encrypted room the phone decides
by the same rules once it has decrypted the event.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
Rules = Mapping[str, tuple[Json, ...]]
"""By kind; in the shape that `GET /pushrules/` answers with under `global`."""

_KINDS = ("override", "content", "room", "sender", "underride")
_BODY_RULES = {".m.rule.contains_display_name", ".m.rule.roomnotif", ".m.rule.contains_user_name"}
_LOUD = ("notify", {"set_tweak": "sound", "value": "default"})
_SHOWN = ("notify", {"set_tweak": "highlight"})
_MENTION = (*_LOUD, {"set_tweak": "highlight"})
_MAY_RING_ROOM = {"kind": "sender_notification_permission", "key": "room"}
_PAIR = {"kind": "room_member_count", "is": "2"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody in the room, as the rules see them."""

    user_id: str
    display_name: str
    members: int = 3
    """How many are in the room, they and the sender among them."""
    room_may_be_rung: bool = False
    """Whether the sender has the power for `@room`."""


@dataclass(frozen=True, slots=True)
class Told:
    """What comes of an event for one reader."""

    rule: str = ""
    """The rule that decided; empty when none matched."""
    notifies: bool = False
    sound: str = ""
    highlights: bool = False


def told(event: Json, reader: Reader, rules: Rules) -> Told:
    """Return what an event does to a reader: the first rule that matches decides; one's own events do nothing."""
    if event["sender"] == reader.user_id:
        return Told()
    for kind in _KINDS:
        for rule in rules.get(kind, ()):
            if rule["enabled"] and _matches(rule, event, reader):
                return _acted(rule)
    return Told()


def defaults(user_id: str) -> Rules:
    """Return the rules that a user has before they change any."""
    return {
        kind: tuple(rule for rule in rules if rule["rule_id"] not in _BODY_RULES)
        for kind, rules in older(user_id).items()
    }


def older(user_id: str) -> Rules:
    """Return the defaults with those that look for names in the body, which servers and phones still know."""
    return {
        "override": (
            {**_rule("master"), "enabled": False},
            _rule("suppress_notices", _is("content.msgtype", "m.notice")),
            _rule("invite_for_me", _member(), _is("content.membership", "invite"), _is("state_key", user_id), do=_LOUD),
            _rule("member_event", _member()),
            _rule("is_user_mention", _property("contains", r"content.m\.mentions.user_ids", user_id), do=_MENTION),
            _rule("contains_display_name", {"kind": "contains_display_name"}, do=_MENTION),
            _rule("is_room_mention", _property("is", r"content.m\.mentions.room", True), _MAY_RING_ROOM, do=_SHOWN),
            _rule("roomnotif", _MAY_RING_ROOM, _is("content.body", "@room"), do=_SHOWN),
            _rule("tombstone", _is("type", "m.room.tombstone"), _is("state_key", ""), do=_SHOWN),
            _rule("reaction", _is("type", "m.reaction")),
            _rule("room.server_acl", _is("type", "m.room.server_acl"), _is("state_key", "")),
            _rule("suppress_edits", _property("is", r"content.m\.relates_to.rel_type", "m.replace")),
        ),
        "content": ({**_rule("contains_user_name", do=_MENTION), "pattern": user_id[1:].partition(":")[0]},),
        "room": (),
        "sender": (),
        "underride": (
            _rule("call", _is("type", "m.call.invite"), do=("notify", {"set_tweak": "sound", "value": "ring"})),
            _rule("encrypted_room_one_to_one", _is("type", "m.room.encrypted"), _PAIR, do=_LOUD),
            _rule("room_one_to_one", _is("type", "m.room.message"), _PAIR, do=_LOUD),
            _rule("message", _is("type", "m.room.message"), do=("notify",)),
            _rule("encrypted", _is("type", "m.room.encrypted"), do=("notify",)),
        ),
    }


def _rule(name: str, *conditions: Json, do: tuple[str | Json, ...] = ()) -> Json:
    return {"rule_id": f".m.rule.{name}", "enabled": True, "conditions": conditions, "actions": do}


def _is(key: str, pattern: str) -> Json:
    return {"kind": "event_match", "key": key, "pattern": pattern}


def _member() -> Json:
    return _is("type", "m.room.member")


def _property(how: str, key: str, value: object) -> Json:
    return {"kind": f"event_property_{how}", "key": key, "value": value}


def _matches(rule: Json, event: Json, reader: Reader) -> bool:
    # Deprecated since v1.7, when mentions were given a field of their own: where it stands, the body rings nobody.
    if rule["rule_id"] in _BODY_RULES and "m.mentions" in event["content"]:
        return False
    conditions = [_is("content.body", rule["pattern"])] if "pattern" in rule else rule["conditions"]
    return all(_holds(condition, event, reader) for condition in conditions)


def _holds(condition: Json, event: Json, reader: Reader) -> bool:
    key = condition.get("key", "content.body")
    found = _at(event, key)
    match condition["kind"]:
        case "event_match" | "contains_display_name":
            pattern = condition.get("pattern", reader.display_name)
            return isinstance(found, str) and _globs(pattern, found, words=key == "content.body")
        case "event_property_is":
            # By type too: 1 is not true.
            return type(found) is type(condition["value"]) and found == condition["value"]
        case "event_property_contains":
            return isinstance(found, list) and condition["value"] in found
        case "room_member_count":
            return _counts(condition["is"], reader.members)
        case "sender_notification_permission":
            return reader.room_may_be_rung
        case _:
            # A condition that is not known never holds.
            return False


def _at(event: object, path: str) -> object:
    r"""Return what stands at a dot-separated path, None for nothing; `\.` is a dot within a name."""
    for name in re.split(r"(?<!\\)\.", path):
        if not isinstance(event, Mapping):
            return None
        event = event.get(name.replace(r"\.", "."))
    return event


def _globs(pattern: str, text: str, *, words: bool) -> bool:
    """Match a pattern of `*` and `?` with a whole text, or with whole words somewhere in it."""
    wild = {"*": ".*", "?": "."}
    glob = "".join(wild.get(each, re.escape(each)) for each in pattern)
    if words:
        glob = rf"(?:.*[^A-Za-z0-9_])?{glob}(?:[^A-Za-z0-9_].*)?"
    return re.fullmatch(glob, text, re.IGNORECASE | re.DOTALL) is not None


def _counts(wanted: str, members: int) -> bool:
    match = re.fullmatch(r"(==|<=|>=|<|>|)(\d+)", wanted)
    if match is None:
        return False
    number = int(match[2])
    by_sign = {"<": members < number, ">": members > number, "<=": members <= number, ">=": members >= number}
    return by_sign.get(match[1], members == number)


def _acted(rule: Json) -> Told:
    tweaks = {each["set_tweak"]: each.get("value", True) for each in rule["actions"] if isinstance(each, Mapping)}
    return Told(
        rule=rule["rule_id"],
        notifies="notify" in rule["actions"],
        sound=str(tweaks.get("sound", "")),
        highlights=bool(tweaks.get("highlight", False)),
    )
