"""From a result to both forms of a message: the formatter for its type, the limits, the two writers."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.core.message import Rendered
from formatters.document import Document
from formatters.html import formatted_body
from formatters.pages import fit, fits
from formatters.scrubbed import scrubbed
from formatters.text import body

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def render(result: object, *, formatters: Mapping[type, Callable[[Any], Document]]) -> Rendered:
    """Put a result into words by the formatter of exactly its type; a missing or failing one is a bug and raises."""
    sort = type(result)
    return write(kind(sort), formatters[sort](result))


def write(name: str, document: Document) -> Rendered:
    """Write a document in both forms, without secrets, cut to what one message holds; `name`: its kind for programs."""
    document = scrubbed(document)
    plain, rich = body(document), formatted_body(document)
    if not fits(plain, rich):
        document = fit(document, name=name)
        plain, rich = body(document), formatted_body(document)
    return Rendered(name, document.verdict, plain, rich, document.file, document.image)


def kind(sort: type) -> str:
    """Return a type's name as programs read it: CheckReport is `check-report`."""
    return _WORD_START.sub("-", sort.__name__).lower()
