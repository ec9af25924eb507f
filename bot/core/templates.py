"""The commands that may be run in containers: a list of argument vectors, each with the few places that vary; pure."""

import re
from collections.abc import Iterable
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.core.errors import UsageError
from bot.core.policy import Risk

_PLACE = re.compile(r"\{[a-z]+\}")
# No dash first, so that it is never an option; nothing that a path, a pattern or a second word is made of.
_VALUE = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"


def _argv(words: tuple[str, ...]) -> tuple[str, ...]:
    if _PLACE.fullmatch(words[0]):
        raise ValueError("begins with a placeholder; name the program")
    for word in words:
        if not word or any(letter.isspace() for letter in word):
            raise ValueError("has an empty word or one with spaces; write one word each")
        if ("{" in word or "}" in word) and not _PLACE.fullmatch(word):
            raise ValueError(f"has {word}; a placeholder is a whole word, like {{server}}")
    return words


def _confirmed(risk: Risk) -> Risk:
    if risk not in (Risk.AFFECTING, Risk.DANGEROUS):
        raise ValueError("is not 2 (a code) or 3 (a second person's code)")
    return risk


class ExecTemplate(BaseModel):
    """One command, and where it may be run. There is no shell."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    namespace: str
    """Where the pod is."""
    pod: str
    """The pod's name, or a pattern of it: `barman-*`."""
    container: str | None = None
    """The container; null: the one in which the pod's service runs."""
    argv: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_argv)]
    """The argument vector; a word like {server} stands for one name."""
    risk: Annotated[Risk, AfterValidator(_confirmed)] = Risk.AFFECTING
    """2: whoever asks types a code. 3: a second person does."""
    limit: timedelta = Field(default=timedelta(minutes=10), gt=timedelta(0), le=timedelta(hours=1))
    """The longest it may take."""

    @property
    def words(self) -> str:
        """What to type behind the `--`."""
        return " ".join(self.argv)


def choose(
    templates: Iterable[ExecTemplate], namespace: str, pod: str, container: str, words: str
) -> tuple[ExecTemplate, tuple[str, ...]]:
    """Return the first template that these words are, and the argument vector to run.

    What runs is made of the template and of what its placeholders took, never of the words as they were typed. Raises
    UsageError with all that is allowed there, or else anywhere.
    """
    templates = tuple(templates)
    here = [each for each in templates if each.namespace == namespace and fnmatchcase(pod, each.pod)]
    here = [each for each in here if not container or each.container in (None, container)]
    for each in here:
        if argv := _filled(each, words):
            return each, argv
    problem = f"“{words[:60]}” is not on the list" if words else "What is to be run?"
    raise UsageError(problem, hint=_allowed(here or templates, everywhere=not here))


def _filled(template: ExecTemplate, words: str) -> tuple[str, ...] | None:
    parts = [f"({_VALUE})" if _PLACE.fullmatch(word) else f"({re.escape(word)})" for word in template.argv]
    match = re.fullmatch(" ".join(parts), words)
    return match.groups() if match else None


def _allowed(templates: Iterable[ExecTemplate], *, everywhere: bool) -> str:
    places = [f"{each.namespace}/{each.pod}: {each.words}" if everywhere else each.words for each in templates]
    return f"allowed: {' · '.join(places)}" if places else "the list is empty: kubernetes.exec"
