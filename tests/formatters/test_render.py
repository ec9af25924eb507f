"""A result is put into words by the formatter of its type, and by nothing else."""

from dataclasses import dataclass

import pytest

from bot.core.facts import Verdict
from bot.core.message import File, Rendered
from formatters.document import Code, Document, Paragraph, Pre, line
from formatters.render import kind, render


@dataclass(frozen=True, slots=True)
class CheckReport:
    namespace: str


@dataclass(frozen=True, slots=True)
class NarrowReport(CheckReport):
    pass


def check_report(report: CheckReport) -> Document:
    return Document(Verdict.OK, line(Code(report.namespace), " fine"), (Paragraph(line("1 of 1")),), File("a.txt", "a"))


def test_a_result_becomes_both_forms_its_kind_and_its_verdict() -> None:
    rendered = render(CheckReport("data"), formatters={CheckReport: check_report})

    assert rendered == Rendered(
        kind="check-report",
        verdict=Verdict.OK,
        body="data fine\n1 of 1",
        html="<p><b><code>data</code> fine</b><br>1 of 1</p>",
        file=File("a.txt", "a"),
    )


def test_a_long_result_is_attached_under_its_kind() -> None:
    def long(_: CheckReport) -> Document:
        return Document(Verdict.OK, line("t"), (Pre("\n".join(map(str, range(5000)))),))

    rendered = render(CheckReport("data"), formatters={CheckReport: long})

    assert rendered.file is not None
    assert rendered.file.name == "check-report.txt"
    assert rendered.file.text.endswith("4999")


def test_a_formatter_that_fails_is_not_hidden() -> None:
    def failing(_: CheckReport) -> Document:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        render(CheckReport("data"), formatters={CheckReport: failing})


def test_a_type_without_a_formatter_does_not_borrow_its_parents() -> None:
    with pytest.raises(KeyError):
        render(NarrowReport("data"), formatters={CheckReport: check_report})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CheckReport", "check-report"),
        ("Help", "help"),
        ("TLSReport", "tls-report"),
        ("CertP12Report", "cert-p12-report"),
    ],
)
def test_kind_is_kebab_case(name: str, said: str) -> None:
    assert kind(type(name, (), {})) == said
