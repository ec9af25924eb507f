"""The words of `!unseal`: dots for shares, who gave, who is waited for; never what."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from bot.core.ceremony import Noticed
from bot.core.facts import Unknown, Verdict
from bot.core.names import UserId
from bot.core.once import Fate
from bot.core.seal import SealStatus
from commands.ceremony import Invitation, PodSeal, UnsealReport
from commands.unseal import UnsealCancelled
from formatters.document import (
    Block,
    Bullets,
    Code,
    Document,
    Glyph,
    Inline,
    Item,
    Line,
    Mark,
    Paragraph,
    Person,
    line,
)
from formatters.once import page_link
from formatters.words import age, clock, count, sparkle

_MOST_DOTS = 9
_STAYS = line("What was given stays counted · ", Code("!unseal"))
_NOTICED = {
    Noticed.BEGUN_ANEW: "began anew: somebody reset it, or the pod restarted. Who gave gives once more",
    Noticed.HELPED: "somebody gave it a share elsewhere",
    Noticed.OPENED: "opened elsewhere",
    Noticed.SEALED: "sealed again",
}


def unseal_report(report: UnsealReport) -> Document:
    """Tell how far it is, or how it ended."""
    match report.fate:
        case Fate.OPENED:
            return _opened(report)
        case Fate.WRONG:
            return _wrong(report)
        case Fate.REFUSED:
            return Document(report.verdict, line(Mark(Glyph.FAILED), " Unsealing cancelled — OpenBao is still sealed"))
        case Fate.OVER:
            title = line(Mark(Glyph.EXPIRED), " Expired — OpenBao is still sealed, ", *_counts(report))
            return Document(report.verdict, title, (Paragraph(_STAYS),))
    return _going_on(report)


def _going_on(report: UnsealReport) -> Document:
    title = line(Mark(Glyph.CRITICAL), " OpenBao is sealed — ", *_counts(report))
    blocks: list[Block] = []
    if len(report.pods) > 1:
        blocks.append(Bullets(tuple(Item(line(Code(pod.name), " ", *pod_words(pod))) for pod in report.pods)))
    blocks += [Paragraph(words) for words in _people(report)]
    blocks += [Paragraph(words) for pod in report.pods for words in _happened(pod)]
    until = clock(report.until, ZoneInfo(report.zone))
    blocks.append(Paragraph((f"Pages are in your direct messages · until {until}",)))
    return Document(report.verdict, title, tuple(blocks))


def _happened(pod: PodSeal) -> Iterator[Line]:
    if pod.noticed:
        yield line(Mark(Glyph.WARN), " ", Code(pod.name), f" {_NOTICED[pod.noticed]}")
    if pod.untaken:
        yield line(Mark(Glyph.UNKNOWN), " ", Code(pod.name), f" took no share: {pod.untaken.reason}")


def _opened(report: UnsealReport) -> Document:
    pods = ", ".join(pod.name for pod in report.pods)
    thanks = " — thank you" if report.gave else ""
    all_of = {2: ", both", 3: ", all three"}.get(len(report.gave), "")
    title = line(Mark(Glyph.OK), f" Unsealed {pods} in {age(report.took)}{thanks}{all_of}{sparkle(plain=report.plain)}")
    gave: Line = ("Given by ", *_names(report.gave)) if report.gave else ()
    return Document(report.verdict, title, (Paragraph(gave),) if gave else ())


def _wrong(report: UnsealReport) -> Document:
    shares = _needed(report)
    if shares == 1:
        title = line(Mark(Glyph.FAILED), " The share did not fit: it is of another key, or was not whole")
        return Document(report.verdict, title, (Paragraph(line("OpenBao is still sealed · ", Code("!unseal"))),))
    title = line(Mark(Glyph.FAILED), f" The {count(shares, 'share')} did not fit: one was wrong, start again")
    below = line("Nobody can tell which; OpenBao discarded the set · ", Code("!unseal"))
    return Document(report.verdict, title, (Paragraph(below),))


def _people(report: UnsealReport) -> Iterator[Line]:
    parts: list[Inline] = []
    if report.gave:
        parts += [*_names(report.gave), " gave one" if len(report.gave) == 1 else " gave one each"]
    needed = max(_missing(report), 1)
    if report.waiting:
        of = f" · waiting for {needed} of " if parts else f"Waiting for {needed} of "
        parts += [of, *_names(report.waiting)]
    if parts:
        yield tuple(parts)
    if report.unreached:
        yield line(Mark(Glyph.WARN), " Could not send a page to ", *_names(report.unreached))


def _counts(report: UnsealReport) -> Line:
    if len(report.pods) == 1:
        return line(Code(report.pods[0].name), " ", *pod_words(report.pods[0]))
    sealed = sum(pod.sealed for pod in report.pods)
    return line(f"{sealed} of {count(len(report.pods), 'pod')}")


def pod_words(pod: PodSeal) -> Line:
    """Return how sealed a pod is, in dots."""
    status = pod.status
    if isinstance(status, Unknown):
        return line(Mark(Glyph.UNKNOWN), f" {status.reason}")
    if not status.sealed:
        return line(Mark(Glyph.OK), " unsealed")
    return line(f"{_dots(status)} {status.progress}/{status.threshold}")


def _dots(status: SealStatus) -> str:
    if status.threshold > _MOST_DOTS:
        return ""
    return "●" * status.progress + "○" * (status.threshold - status.progress)


def _names(users: tuple[UserId, ...]) -> Line:
    parts: list[Inline] = []
    for user in users:
        parts += [" "] * bool(parts) + [Person(user)]
    return tuple(parts)


def _needed(report: UnsealReport) -> int:
    return max((pod.status.threshold for pod in report.pods if isinstance(pod.status, SealStatus)), default=0)


def _missing(report: UnsealReport) -> int:
    told = [pod.status for pod in report.pods if isinstance(pod.status, SealStatus) and pod.status.sealed]
    return max((status.threshold - status.progress for status in told), default=0)


def unseal_cancelled(result: UnsealCancelled) -> Document:
    """Say what was discarded, and where that could not be asked."""
    ended = "Unsealing cancelled" if result.ceremonies else "No unsealing was going on"
    title = line(Mark(Glyph.INFO), f" {ended}: shares given so far are discarded")
    items = tuple(Item(line(Code(pod.name), " ", *pod_words(pod))) for pod in result.pods)
    return Document(result.verdict, title, (Bullets(items),))


def invitation(letter: Invitation) -> Document:
    """Ask for a share."""
    if letter.by_chat:
        return _by_chat(letter)
    until = clock(letter.until, ZoneInfo(letter.zone))
    title = _please(letter)
    return Document(
        Verdict.NONE,
        title,
        (
            Paragraph(line("For you alone, once, until ", until, ": ", page_link(letter.address))),
            Paragraph(("Never type a share into a chat",)),
        ),
    )


def _by_chat(letter: Invitation) -> Document:
    """Ask for a share that may be typed as an answer too: for phones that reach no page."""
    until = clock(letter.until, ZoneInfo(letter.zone))
    ways = [line("Type here, and only here: ", Code("!unseal SHARE"), f". I remove it at once · until {until}")]
    if "://" in letter.address:
        ways.insert(0, line("For you alone, better than a chat: ", page_link(letter.address)))
    return Document(Verdict.NONE, _please(letter), tuple(map(Paragraph, ways)))


def _please(letter: Invitation) -> Line:
    return line(Mark(Glyph.CRITICAL), f" Your share, please — OpenBao {letter.about} is sealed")
