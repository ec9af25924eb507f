"""From what a person typed on a phone to the words of a command; pure."""

import re
import shlex
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Protocol, TypeVar

from bot.core.errors import UsageError
from bot.core.matchers import is_matcher
from bot.core.names import Key

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "\u00a0": " "})
# An apostrophe inside a word is no quote: !announce we don't stop.
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_KEPT = "\ue000"
# Invisible when copied along with one of our messages, where they keep a Matrix ID from becoming a pill.
_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff]")
# Phones turn two hyphens into a dash: before a word it was a long flag, before one letter a short one.
_LONG_DASH = re.compile(r"(?<!\S)[—–](?=\w{2})")
_SHORT_DASH = re.compile(r"(?<!\S)[—–](?=\w(?!\w))")
_BARE_DASH = re.compile(r"(?<!\S)[—–](?!\S)")


CARD = "alert:"
"""How the key of an alert's card begins."""
UNDOES = {"ack": "unack", "mute": "unmute"}
"""What taking a reaction back does, by the verb it stood for."""
_DEEDS = {"👀": "ack", "👍": "ack", "🔕": "mute 2h", "🔇": "mute 2h", "🤫": "mute 2h", "🙊": "mute 2h"}


_OF_CARDS = {"silence": "mute", "unsilence": "unmute"}
# What follows `silence` where it names a silence, or says itself what to mute.
_NOT_OF_CARDS = frozenset(("add", "list", "query", "extend", "update", "expire", "del", "rm"))


_HANDLE = re.compile(r"#[a-z]\d{1,2}", re.IGNORECASE)


_BELOW_CARD = re.compile(rf"\w+:({CARD}[^:]+)(?::.*)?")


_CLUSTER = frozenset({"--cluster", "--cluster-name", "-C"})


class Called(Protocol):
    """Anything that is called by a verb."""

    @property
    def verb(self) -> str:
        """The words that call it."""
        ...


C = TypeVar("C", bound=Called)


def tapped_as_deed(emoji: str) -> str | None:
    """Return the words that a reaction to a card stands for; None for all others: 🔥 is in too easy reach."""
    # Clients add a variation selector or a skin tone to what is the same sign.
    return _DEEDS.get(re.sub("[\ufe0f\U0001f3fb-\U0001f3ff]", "", emoji))


def card_of(key: Key) -> Key:
    """Return the card that a message of ours is about: a page or a reminder is answered like the card itself."""
    below = _BELOW_CARD.fullmatch(key)
    return Key(below[1]) if below else key


def straighten(text: str) -> str:
    """Turn the quotes and dashes that phone keyboards make back into those that were meant."""
    text = _INVISIBLE.sub("", text.translate(_QUOTES))
    text = _SHORT_DASH.sub("-", _LONG_DASH.sub("--", text))
    return _BARE_DASH.sub("--", text)


def addressed(body: str, bot: str, *, reply: bool) -> str | None:
    """Return the words meant for us: after `!`, after our name, or all of a reply to one of our messages."""
    # A command may go over several lines; what follows a reply without `!` is a remark.
    first = re.sub(r"\s*\n\s*", " ", body.strip())
    local = re.escape(bot.removeprefix("@").split(":", 1)[0])
    # Without @ or colon the sentence is about us, not to us: "opsbot is slow today".
    mention = re.match(rf"(?:(?:{re.escape(bot)}|@{local}):?\s+|{local}:\s+)(?=\S)", first, re.IGNORECASE)
    # More than a !, which people use for what it is for: "!!!".
    if re.match(r"!\s*\w", first):
        return first[1:].strip()
    if mention:
        return first[mention.end() :].removeprefix("!").strip()
    return body.strip().split("\n", 1)[0].strip() or None if reply else None


def tokens(words: str) -> tuple[str, ...]:
    """Split a line into words as a shell would, but without a shell; raise UsageError for a quote left open."""
    try:
        found = shlex.split(_APOSTROPHE.sub(_KEPT, straighten(words)), posix=True)
    except ValueError as error:
        if words.endswith("\\"):
            raise UsageError("the line ends in a backslash", hint="leave it out") from error
        raise UsageError("a quote is left open", hint='close it, or leave it out: --filter "two words"') from error
    found = [word.replace(_KEPT, "'") for word in found]
    # The playbook's lines may be pasted whole: `sunbeam vault status` (design §5).
    return tuple(found[1:] if found[:1] == ["sunbeam"] else found)


def cluster_of(words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Take `--cluster NAME` (also `-C`, `--cluster-name`) out of a command's words; "" where it does not stand there.

    What follows a bare `--` is prose. Raises UsageError when no name follows.
    """
    for at, word in enumerate(words[: words.index("--")] if "--" in words else words):
        option, equals, name = word.partition("=")
        if option in _CLUSTER:
            rest = words[at + 1 :] if equals else words[at + 2 :]
            name = name if equals else "".join(words[at + 1 : at + 2])
            if not name or name.startswith("-"):
                raise UsageError(f"{option} takes the name of a cluster", hint=f"write {option} NAME")
            return name, (*words[:at], *rest)
    return "", words


def must_be_known(cluster: str, known: Collection[str]) -> None:
    """Raise UsageError for a cluster that the configuration does not name; "" is the one at hand."""
    if cluster and cluster not in known:
        hint = f"known: {', '.join(known)}" if known else "the configuration names no others"
        raise UsageError(f"No cluster “{cluster[:60]}”", hint=hint)


def about_card(words: tuple[str, ...], *, replied: bool) -> tuple[str, ...]:
    """Return the words as meant of a card: `silence 2h` below one, or with its handle, mutes what it is about."""
    verb, *rest = words or ("",)
    meant = _OF_CARDS.get(verb.lower())
    if meant is None or not (replied or any(word.startswith("#") for word in rest)):
        return words
    if rest and (rest[0].lower() in _NOT_OF_CARDS or any(map(is_matcher, rest))):
        return words
    if meant == "unmute" and not all(word.startswith("#") for word in rest):
        return words
    return (meant, *rest)


def handle_in(words: tuple[str, ...]) -> str | None:
    """Return the word that names a card, like `#k7`; prose after a bare `--` names none."""
    said = words[: words.index("--")] if "--" in words else words
    return next((word for word in said if _HANDLE.fullmatch(word)), None)


def lacks_place(words: tuple[str, ...]) -> bool:
    """Tell whether words below a card leave out where: none, or options without kubectl's -n."""
    return not words or (words[0].startswith("-") and not {"-n", "--namespace"} & set(words))


def as_meant(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words with the one that is left out: who names people to `!oncall` sets them."""
    if len(words) > 1 and words[0].lower() == "oncall" and words[1].lower() != "set":
        return ("oncall", "set", *words[1:])
    return words


def find(commands: Iterable[C], words: tuple[str, ...]) -> tuple[C, tuple[str, ...]]:
    """Return the command whose verb the words begin with, the longest, and the rest; UsageError names near verbs."""
    by_verb = {verb: command for command in commands for verb in _called(command)}
    lowered = tuple(word.lower() for word in words)
    longest = max((len(verb.split()) for verb in by_verb), default=0)
    for length in range(min(longest, len(words)), 0, -1):
        if command := by_verb.get(" ".join(lowered[:length])):
            return command, words[length:]
    typed = lowered[0] if lowered else ""
    near = [verb for length in range(longest, 0, -1) for verb in get_close_matches(_begin(lowered, length), by_verb)]
    raise UsageError(
        f"I do not know !{typed[:40]}",
        hint="!help lists what there is",
        near=tuple(f"!{verb}" for verb in dict.fromkeys(near))[:3],
    )


def _called(command: Called) -> tuple[str, ...]:
    """Return the verb and every other way to say it, for what has others."""
    return (command.verb, *getattr(command, "aliases", ()))


def _begin(words: tuple[str, ...], length: int) -> str:
    # No verb is as long: a pasted page is not compared letter by letter.
    return " ".join(words[:length])[:60]
