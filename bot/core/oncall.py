"""Who is paged: the roster as last set, as far as the configuration still knows them; pure."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Protocol

from bot.core.errors import UsageError
from bot.core.names import UserId


class Known(Protocol):
    """Somebody of the configuration."""

    @property
    def on_call(self) -> bool:
        """Whether they are paged unless the roster says otherwise."""
        ...


def rota(people: Mapping[UserId, Known]) -> tuple[UserId, ...]:
    """Return who may be on call, in the configuration's order."""
    return tuple(user for user, person in people.items() if person.on_call)


def on_call(people: Mapping[UserId, Known], roster: tuple[UserId, ...] | None) -> tuple[UserId, ...]:
    """Return who is paged; who left the configuration is not, and an empty roster is the configuration's."""
    return tuple(user for user in roster or () if user in people) or rota(people)


def next_on_call(people: Mapping[UserId, Known], current: tuple[UserId, ...]) -> tuple[UserId, ...]:
    """Return who comes after those who are on call: the next of the rota, nobody where all of it is."""
    turn = rota(people)
    others = [user for user in turn if user not in current]
    if not others:
        return ()
    last = max((turn.index(user) for user in current if user in turn), default=-1)
    return (next((user for user in others if turn.index(user) > last), others[0]),)


def named(words: Iterable[str], people: Iterable[UserId]) -> tuple[UserId, ...]:
    """Return the people of the configuration that are meant by a Matrix ID, its name, or the beginning of one.

    Raises UsageError with those that are spelled almost so.
    """
    known = tuple(people)
    return tuple(dict.fromkeys(_named(word, known) for word in words))


def _named(word: str, known: tuple[UserId, ...]) -> UserId:
    asked = word.strip(",:").removeprefix("@").lower()
    whole = [user for user in known if user.removeprefix("@").lower() == asked]
    exact = [user for user in known if _short(user) == asked]
    found = whole or exact or [user for user in known if asked and _short(user).startswith(asked)]
    if len(found) == 1:
        return found[0]
    close = get_close_matches(asked.split(":", 1)[0], [_short(user) for user in known], n=3)
    near = found or [user for user in known if _short(user) in close]
    problem = f"“{word[:40]}” may be several people" if found else f"I do not know “{word[:40]}”"
    raise UsageError(problem, hint="name people of the configuration, like @anna", near=tuple(near)[:3])


def _short(user: UserId) -> str:
    return user.removeprefix("@").split(":", 1)[0].lower()
