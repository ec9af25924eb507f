"""The words of `!cert renew`."""

from collections.abc import Iterator

from bot.core.certificates import Certificate, Stage
from bot.core.facts import Verdict
from commands.renew import RenewPlan, RenewReport
from formatters.certs import brief, link_item, short
from formatters.document import Block, Bullets, Code, Document, Glyph, Line, Mark, Paragraph, Person, line
from formatters.words import age


def renew_plan(plan: RenewPlan) -> Document:
    """Ask, with what it is for and what may come in between."""
    certificate = plan.certificate
    title = line("Renew ", Code(certificate.place), f"? {brief(certificate, plan.as_of)}")
    blocks: list[Block] = [Paragraph(line("for: ", Code(", ".join(certificate.names))))]
    if plan.lately:
        blocks.append(Paragraph(line("Issued within the last day: an authority may refuse more of the same names")))
    if certificate.failed:
        blocks.append(Paragraph(line(f"The last try failed: {short(certificate.why)}")))
    blocks += [Bullets((link_item(plan.issuer),))] if plan.issuer else []
    return Document(Verdict.NONE, title, tuple(blocks))


def renew_report(report: RenewReport) -> Document:
    """Tell how far it is, or how it ended and who asked."""
    return Document(report.verdict, _title(report), tuple(Paragraph(each) for each in _below(report)))


def _title(report: RenewReport) -> Line:
    state, name = report.state, Code(report.state.certificate.place)
    at = f" {state.issue.at}" if state.issue.at else ""
    by: Line = (" — by ", Person(report.by))
    if not report.over:
        doubt = f" · could not ask: {state.unknown.reason}" if state.unknown else ""
        return line(Mark(Glyph.RUNNING), " ", name, f" being issued:{at or ' asked for'} · {age(report.took)}{doubt}")
    if state.issue.stage is Stage.DONE:
        return line(Mark(Glyph.OK), " ", name, f" Ready, renewed in {age(report.took)}", *by)
    if state.issue.stage is Stage.FAILED:
        return line(Mark(Glyph.FAILED), " ", name, f" not renewed:{at or ' its issue'} failed", *by)
    if state.stuck:
        where = f" at{at}" if at else ""
        return line(Mark(Glyph.FAILED), " ", name, f" stuck{where} after {age(report.took)}", *by)
    reason = f": {state.unknown.reason}" if state.unknown else ""
    return line(Mark(Glyph.UNKNOWN), " ", name, f" asked to be renewed, how it went could not be asked{reason}", *by)


def _below(report: RenewReport) -> Iterator[Line]:
    state = report.state
    if state.issue.stage is Stage.DONE:
        yield line(f"revision {state.certificate.revision} · {brief(state.certificate, report.as_of)}")
        return
    if state.issue.why:
        yield line(short(state.issue.why))
    if report.over:
        yield from _old(state.certificate, report)
        yield line("next: ", Code(f"!cert {state.certificate.place}"))


def _old(certificate: Certificate, report: RenewReport) -> Iterator[Line]:
    """Say how long the old one serves."""
    ends = certificate.not_after
    if ends and ends > report.as_of:
        yield line(f"The old one serves for another {age(ends - report.as_of)}")
    elif ends:
        yield line("The old one has EXPIRED")
