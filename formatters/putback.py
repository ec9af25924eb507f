"""The words of `!k8s delete certificate`; what could not be put back goes along as a file."""

import yaml

from bot.core.facts import Verdict
from bot.core.message import File
from commands.putback import DeletePlan, DeleteReport, Step
from formatters.certs import brief
from formatters.document import Block, Code, Document, Glyph, Line, Mark, Paragraph, Person, line
from formatters.words import age


def delete_plan(plan: DeletePlan) -> Document:
    """Ask, and say what it does not do."""
    name = plan.certificate.place
    title = line("Delete ", Code(name), f" and put it back? {brief(plan.certificate, plan.as_of)}")
    below = line("Its Secret stays, so nothing new is issued: for that ", Code(f"!cert renew {name}"))
    return Document(Verdict.NONE, title, (Paragraph(below),))


def delete_report(report: DeleteReport) -> Document:
    """Tell how far it is, or how it ended."""
    file = None
    if report.manifest:
        file = File(f"{report.certificate.name}.yaml", yaml.safe_dump(report.manifest, sort_keys=False))
    return Document(report.verdict, _title(report), tuple(_below(report)), file=file)


def _title(report: DeleteReport) -> Line:
    name, by = Code(report.certificate.place), (" — by ", Person(report.by))
    match report.step:
        case Step.READY:
            return line(Mark(Glyph.OK), " ", name, f" deleted, put back, Ready after {age(report.took)}", *by)
        case Step.LOST:
            return line(Mark(Glyph.FAILED), " ", name, " is DELETED and could not be put back", *by)
        case Step.BACK if report.over:
            return line(Mark(Glyph.WARN), " ", name, f" put back, not ready after {age(report.took)}", *by)
        case Step.BACK:
            return line(Mark(Glyph.RUNNING), " ", name, f" put back, not ready yet · {age(report.took)}")
    return line(Mark(Glyph.RUNNING), " ", name, " deleted, being put back")


def _below(report: DeleteReport) -> list[Block]:
    parts: list[Line] = []
    if report.step is Step.LOST:
        parts.append(line("The file is all there is of it: ", Code(f"kubectl apply -f {report.certificate.name}.yaml")))
    if report.why:
        parts.append(line(Mark(Glyph.UNKNOWN), f" {report.why.reason}"))
    if report.over and report.step is Step.BACK:
        parts.append(line("next: ", Code(f"!cert {report.certificate.place}")))
    if report.step is Step.READY:
        renew = Code(f"!cert renew {report.certificate.place}")
        parts.append(line("Its Secret stayed, nothing new was issued: ", renew))
    return [Paragraph(part) for part in parts]
