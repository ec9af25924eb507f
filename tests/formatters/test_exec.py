"""What a phone sees of a command that ran: how it ended, the end of what it printed, and the whole in a file."""

from datetime import timedelta

from bot.core.facts import Verdict
from bot.core.names import UserId
from commands.exec import ExecReport
from formatters import FORMATTERS
from formatters.render import render

SECRET = "postgres://barman:hunter2-not-real@postgres-rw:5432/postgres"


def report(stdout: str = "", stderr: str = "", exit_code: int | None = 0) -> ExecReport:
    anna = UserId("@anna:example.org")
    took = timedelta(seconds=12)
    return ExecReport(
        "data/barman-0",
        "barman check postgres",
        anna,
        took,
        over=True,
        exit_code=exit_code,
        stdout=stdout,
        stderr=stderr,
    )


def test_a_long_output_shows_its_end_and_comes_whole_as_a_file() -> None:
    shown = render(report("\n".join(f"line {number}" for number in range(100))), formatters=FORMATTERS)

    assert "… 88 lines before\nline 88" in shown.body
    assert shown.body.endswith("line 99")
    assert shown.file
    assert shown.file.text.startswith("line 0\n")


def test_a_short_output_needs_no_file() -> None:
    shown = render(report("postgres: OK\n", "WARNING: slow\n"), formatters=FORMATTERS)

    assert shown.file is None
    assert shown.body.splitlines()[1:] == ["postgres: OK", "On stderr", "WARNING: slow"]


def test_what_is_secret_in_an_output_is_in_no_form_of_it() -> None:
    shown = render(report(f"{SECRET}\n" * 40, SECRET), formatters=FORMATTERS)

    assert shown.file
    assert "hunter2" not in shown.body + shown.html + shown.file.text


def test_without_a_code_nobody_is_told_that_it_went_well() -> None:
    shown = render(report("half", exit_code=None), formatters=FORMATTERS)

    assert shown.verdict is Verdict.UNKNOWN
    assert shown.body.startswith("❔ barman check postgres in data/barman-0: did not say how it ended after 12 s")
