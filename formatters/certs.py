"""The words of `!certs` and `!cert`."""

from collections.abc import Iterator
from datetime import datetime

from bot.core.acme import Knock
from bot.core.certificates import Certificate, Link
from bot.core.facts import Unknown, Verdict
from commands.certs import CertChain, CertReport, NoCertificate
from formatters.document import (
    Block,
    Bullets,
    Code,
    Document,
    Glyph,
    Item,
    Line,
    Mark,
    Paragraph,
    glyph_of,
    line,
)
from formatters.events import event_line, gap_item
from formatters.words import age, ago, count

_REASON = 200
"""So much of a reason tells it on a phone."""
_LOCALLY = "So TLS comes from elsewhere, as on a laptop, where the Secret is written by hand"


def cert_report(report: CertReport) -> Document:
    """List certificates."""
    now = report.as_of
    items = [
        Item(line(Code(each.place), " ", Mark(glyph_of(each.verdict(now))), f" {brief(each, now)}"), _why(each))
        for each in report.certificates
    ]
    items += map(gap_item, report.gaps)
    blocks: list[Block] = [Bullets(tuple(items))] if items else []
    if not report.certificates and not report.others and not report.gaps:
        blocks.append(Paragraph(line(_LOCALLY)))
    elif ill := next((each for each in report.certificates if each.verdict(now) is not Verdict.OK), None):
        blocks.append(Paragraph(line("next: ", Code(f"!cert {ill.place}"))))
    return Document(report.verdict, _title(report), tuple(blocks))


def _title(report: CertReport) -> Line:
    mark = Mark(glyph_of(report.verdict))
    where: Line = (" in ", Code(report.namespace)) if report.namespace else ()
    if not report.served:
        return line(mark, " No cert-manager in this cluster")
    number, now = len(report.certificates), report.as_of
    if report.within and number == 0 and report.others:
        return line(mark, f" Nothing expires in {age(report.within)}: {count(report.others, 'certificate')}", *where)
    if number == 0:
        return line(mark, " No certificates to be seen" if report.gaps else " No certificates", *where)
    ill = sum(each.verdict(now) is not Verdict.OK for each in report.certificates)
    troubled = f", {ill} not well" if ill else ""
    of = f" of {number + report.others}" if report.others else ""
    return line(
        mark, f" {number}{of} " + count(number + report.others, "certificate").partition(" ")[2], *where, troubled
    )


def brief(certificate: Certificate, now: datetime) -> str:
    """Say on one line how a certificate is: ready or not, when it ends and is renewed, who issues it."""
    return " · ".join(_parts(certificate, now))


def _parts(certificate: Certificate, now: datetime) -> Iterator[str]:
    if certificate.ready is None:
        yield "nobody has looked at it"
    elif not certificate.ready:
        yield "not ready"
    if ends := certificate.not_after:
        yield f"expires in {age(ends - now)}" if ends > now else f"EXPIRED {ago(now - ends)}"
    if certificate.issuing_since:
        yield f"being issued for {age(now - certificate.issuing_since)}"
    elif certificate.renews:
        late = certificate.overdue(now)
        when = certificate.renews - now
        yield f"renewal overdue {age(-when)}" if late else f"renews in {age(when)}"
    if certificate.failed:
        yield f"last issue failed{f' {certificate.attempts}×' if certificate.attempts > 1 else ''}"
    yield certificate.issuer


def _why(certificate: Certificate) -> tuple[Line, ...]:
    return (line(short(certificate.why)),) if certificate.why else ()


def cert_chain(result: CertChain) -> Document:
    """Explain one certificate, link by link."""
    certificate, now = result.certificate, result.as_of
    title = line(
        Mark(glyph_of(result.verdict)),
        " ",
        Code(certificate.place),
        f" {'Ready · ' if certificate.ready else ''}{brief(certificate, now)}",
    )
    items = [link_item(each) for each in result.links]
    items += map(_knock, result.knocks)
    blocks: list[Block] = [Paragraph(line("for: ", Code(", ".join(certificate.names))))]
    blocks += [Paragraph(words) for words in _why(certificate)]
    blocks += [Bullets(tuple(items))] if items else []
    blocks += _events(result)
    return Document(result.verdict, title, tuple(blocks))


def no_certificate(result: NoCertificate) -> Document:
    """Say that there is none, which is no failure."""
    title = line(Mark(Glyph.INFO), " No Certificate object for ", Code(result.where))
    return Document(Verdict.NONE, title, (Paragraph(line(_LOCALLY)),))


def link_item(each: Link) -> Item:
    """Say how an object of the chain is, and why where it is not well."""
    words = line(f"{each.kind} ", Code(each.name), " ", Mark(glyph_of(each.verdict)), f" {each.state}")
    return Item(words, (line(short(each.why)),) if each.why else ())


def short(reason: str) -> str:
    """Return as much of a reason as a phone can take."""
    return reason if len(reason) <= _REASON else f"{reason[: _REASON - 1]}…"


def _knock(each: Knock) -> Item:
    head = line("Port 80 for ", Code(each.host), " ", Mark(glyph_of(each.verdict)))
    if isinstance(each.status, Unknown):
        return Item((*head, f" {each.status.reason}"))
    if each.verdict is Verdict.WARN:
        return Item((*head, f" leads elsewhere (HTTP {each.status})"))
    if each.right:
        return Item((*head, " answers the challenge"))
    said = "something else than the challenge wants" if each.status == 200 else f"HTTP {each.status}"  # noqa: PLR2004
    return Item((*head, f" answers {said}"))


def _events(result: CertChain) -> Iterator[Block]:
    if isinstance(result.events, Unknown):
        yield Paragraph(line("Events ", Mark(Glyph.UNKNOWN), f" {result.events.reason}"))
    elif result.events:
        yield Bullets(tuple(Item(event_line(each, result.as_of)) for each in result.events))
