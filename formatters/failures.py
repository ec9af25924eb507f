"""What the room reads when something did not work: what it was, what to do next, and the id that stands in the log."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from bot.core.errors import (
    Denied,
    LoggedOut,
    Missing,
    NeighbourError,
    RateLimited,
    Rejected,
    Sealed,
    Unreachable,
    UsageError,
)
from bot.core.facts import Verdict
from bot.core.names import RequestId
from formatters.document import Code, Document, Glyph, Line, Mark, Paragraph, glyph_of, line
from formatters.words import age

_NAMES = {
    "alertmanager": "Alertmanager",
    "grafana": "Grafana",
    "kubernetes": "Kubernetes",
    "loki": "Loki",
    "matrix": "homeserver",
    "openbao": "OpenBao",
    "prometheus": "Prometheus",
}


@dataclass(frozen=True, slots=True)
class _Words:
    """How one sort of failure is told."""

    first: str
    next: Line
    verdict: Verdict = Verdict.BAD


def usage(error: UsageError, verb: str, request: RequestId | None = None) -> Document:
    """Say what could not be understood, what was likely meant and what to type instead.

    `verb` is empty where the verb itself was not understood.
    """
    title = line(Mark(Glyph.UNKNOWN), f" {error.problem}", *_near(error.near))
    instead = line(error.hint) if error.hint else line(Code(f"!help {verb}".rstrip()), " shows how")
    return Document(Verdict.NONE, title, (_below(instead, request),))


def neighbour(error: NeighbourError, doing: str, request: RequestId, *, changes: bool = True) -> Document:
    """Say which neighbour did not do what (`doing`: "patch deployments in ory"), and what to do next.

    `changes`: something may have been changed although no answer came.
    The words are ours: of the error only its sort, its neighbour and its reason, which our own clients write.
    """
    words = _words(error, _NAMES.get(error.neighbour.lower(), error.neighbour))
    told = "" if isinstance(error, Sealed) else error.reason.removeprefix("HTTP ")
    reason = f" ({told})" if told else ""
    # What was refused to us is named by the client, with verb and object: that is what to grant.
    said = error.reason.removeprefix(_REFUSED) if error.reason.startswith(_REFUSED) else f"{doing}{reason}"
    title = line(Mark(glyph_of(words.verdict)), f" {words.first}: {said}")
    harmless = isinstance(error, Unreachable) and not changes
    return Document(words.verdict, title, (_below(_NOTHING_DONE if harmless else words.next, request),))


def broken(request: RequestId) -> Document:
    """Say that a bug stopped the work, without a word of the error itself."""
    title = line(Mark(Glyph.FAILED), " Something in me broke")
    return Document(Verdict.BAD, title, (_below(line("The rest is in my log · ", *_LOOK_FIRST), request),))


def unrecorded(request: RequestId) -> Document:
    """Say that nothing was done because it could not be written down first."""
    title = line(Mark(Glyph.FAILED), " Not done: my database cannot write")
    return Document(Verdict.BAD, title, (_below(line("No record, no action · make room on its disk"), request),))


_REFUSED = "may not "
_NOTHING_DONE = line("Nothing was changed · ask again")
_LOOK_FIRST = line(Code("!status"), " before you try again")


def _words(error: NeighbourError, name: str) -> _Words:  # noqa: PLR0911 - one per sort
    match error:
        case Sealed():
            return _Words(
                f"{name} is sealed", line("Nothing was done · ", Code("!vault status"), ", ", Code("!unseal"))
            )
        case Unreachable():
            # Also where it was told to do something: it may have heard us.
            return _Words(f"Could not ask {name}", line("Done or not is not known · ", *_LOOK_FIRST), Verdict.UNKNOWN)
        case Denied():
            return _Words(f"{name} refused", line(Code("!doctor"), " shows what to grant"))
        case Missing():
            return _Words(f"{name} knows no such thing", line(Code("!status"), " lists what is there"))
        case Rejected():
            return _Words(f"{name} did not accept", line("Nothing was done · ", Code("!doctor"), " looks why"))
        case RateLimited():
            wait = timedelta(seconds=ceil(error.retry_after))
            return _Words(f"{name} is busy", line(f"Nothing was done · ask again in {age(wait)}"))
        case LoggedOut():
            return _Words(f"{name} logged me out", line("Give me a new access token and restart me"))
        case _:
            return _Words(f"{name} failed", _LOOK_FIRST)


def _near(names: tuple[str, ...]) -> Line:
    if not names:
        return ()
    first, *others = names
    return (". Near: ", Code(first), *(node for name in others for node in (", ", Code(name))))


def _below(first: Line, request: RequestId | None) -> Paragraph:
    return Paragraph((*first, " · id ", Code(request)) if request else first)
