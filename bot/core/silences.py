"""Silences: as Alertmanager tells them, what a comment of ours carries, and the words of `!silence`; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from bot.core import durations, matchers
from bot.core.durations import Clocked, Duration, For, Until
from bot.core.errors import UsageError
from bot.core.matchers import Matcher, operator
from bot.core.names import RequestId

USUAL = For(timedelta(hours=1))
"""How long, where nobody said (as amtool)."""
LONGEST = timedelta(days=7)
"""A silence that nobody remembers hides a page; who needs longer extends it."""
ACKED = "ACK!"
"""Begins the comment of a silence that comes from an ack; kthxbye goes by it, and people who use karma do."""
SHORT_ID = 8
"""Characters of an id that are shown."""
_LEAST_ID = 4
_WHY = 500
"""Characters of a comment."""
_MARK = re.compile(r"\s*\[ops [0-9A-Za-z_-]+\]")


class State(StrEnum):
    """Where a silence stands in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


def _matcher(row: Any) -> Any:
    if isinstance(row, Matcher):
        return row
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not isinstance(row.get("value"), str):
        raise ValueError("not a matcher")  # noqa: TRY004 - pydantic turns a ValueError into its own, a TypeError escapes
    equal = row.get("isEqual", True) is not False
    return Matcher(row["name"], row["value"], operator(is_regex=row.get("isRegex") is True, is_equal=equal))


def _state(status: Any) -> Any:
    return status.get("state") if isinstance(status, dict) else status


class Silence(BaseModel):
    """One silence; it is never deleted, only ended."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, arbitrary_types_allowed=True)

    id: str
    state: Annotated[State, BeforeValidator(_state)] = Field(alias="status")
    matchers: tuple[Annotated[Matcher, BeforeValidator(_matcher)], ...]
    """Of anybody's making: their patterns may be ones that we do not hold against anything."""
    starts_at: AwareDatetime = Field(alias="startsAt")
    ends_at: AwareDatetime = Field(alias="endsAt")
    created_by: str = Field(default="", alias="createdBy")
    comment: str = ""

    @property
    def short(self) -> str:
        """The id, as short as it is shown."""
        return self.id[:SHORT_ID]

    @property
    def why(self) -> str:
        """The comment as its author wrote it."""
        return _MARK.sub("", self.comment).strip()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a line asks to be silenced."""

    matchers: tuple[Matcher, ...]
    duration: Duration


def mark(action: RequestId) -> str:
    """Return what a comment carries to say which action wrote it, so that no action is done twice."""
    return f"[ops {action}]"


def marked(comment: str, action: RequestId) -> str:
    """Return a comment that carries an action's id behind its author's words."""
    return f"{comment.strip()[:_WHY]} {mark(action)}".strip()


def wish(words: Sequence[str], given: str | None) -> Wish:
    """Read the words of `!silence` in any order; `given` is the duration where it came as a flag. Raises UsageError."""
    words = list(words)
    duration = durations.read(given) if given is not None else None
    rest: list[str] = []
    while words:
        found = None if duration else durations.leading(words)
        if found:
            duration, taken = found
            words = words[taken:]
        else:
            rest.append(words.pop(0))
    if not rest:
        raise UsageError("silence what?", hint="!silence 2h PostgresDown, or with matchers: !silence 2h namespace=data")
    return Wish(matchers.read(rest), possible(duration or USUAL))


def possible(duration: Duration) -> Duration:
    """Return a duration that a silence can have; raise UsageError for any other."""
    if isinstance(duration, For) and duration.span > LONGEST:
        raise UsageError(
            f"a silence lasts {LONGEST.days} days at most",
            hint=f"take {LONGEST.days}d and extend it: !silence extend <id> {LONGEST.days}d",
        )
    return duration


def clocked(duration: Duration) -> Clocked:
    """Return a duration that a silence can be extended by; raise UsageError for any other."""
    if isinstance(duration, Until):
        raise UsageError("I extend by a time", hint="give it one, like 2h or until 16:00")
    possible(duration)
    return duration


def pick(silences: Sequence[Silence], typed: str) -> Silence:
    """Return the silence that an id, the beginning of one, or the alert's name in it means; raise UsageError.

    One that is not over goes before those that are.
    """
    beginning = typed.strip().lower().removeprefix("#")
    found = [each for each in silences if len(beginning) >= _LEAST_ID and each.id.lower().startswith(beginning)]
    if exact := [each for each in found if each.id.lower() == beginning]:
        return exact[0]
    found = found or [each for each in silences if Matcher("alertname", typed.strip()) in each.matchers]
    living = [each for each in found if each.state is not State.EXPIRED]
    if not found:
        raise UsageError(f"no silence “{typed[:40]}”", hint="!silences lists them with their ids")
    if len(living) > 1:
        ids = tuple(each.id for each in living[:3])
        raise UsageError(f"“{typed[:40]}” may be {len(living)} silences", hint="type the id", near=ids)
    return living[0] if living else max(found, key=lambda each: each.ends_at)
