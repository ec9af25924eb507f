"""The words of `!mon loki logs`, letter by letter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.wordings import Line, Wording
from commands.loki import LokiReport
from formatters import FORMATTERS
from formatters.pages import MAX_VISIBLE
from formatters.render import render

NOW = datetime(2026, 5, 1, 14, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
NONE = LokiReport(NOW, "UTC", '{level="error"}', HOUR, (), (), 0, filtered=False, is_all=True, strange=(), known=())
LINES = tuple(Line(NOW + timedelta(seconds=number), "data/postgres", f"line {number}") for number in range(30))
OTHER = Line(NOW, "ory/hydra", "over\nthere")


@pytest.mark.parametrize(
    ("report", "wanted"),
    [
        (NONE, 'ℹ️ no lines in 1 h: {level="error"}'),
        (
            replace(NONE, strange=("levle",), known=("app", "level")),
            'ℹ️ no lines in 1 h: {level="error"}\nLoki knows no label levle, but app, level',
        ),
        (replace(NONE, looked_at=7, filtered=True), 'ℹ️ none of 7 lines in 1 h: {level="error"}'),
        (
            replace(NONE, lines=LINES[:2], looked_at=2),
            'ℹ️ 2 lines in 1 h: {level="error"}\n14:08:00 line 0\n14:08:01 line 1',
        ),
        (
            replace(NONE, lines=(OTHER, LINES[1]), looked_at=1000, filtered=True, is_all=False),
            """ℹ️ 2 of 1,000 lines in 1 h: {level="error"}
14:08:00 ory/hydra over
there
14:08:01 data/postgres line 1
Only the newest 1,000 lines were looked at · name more labels, or --limit 5000""",
        ),
        (
            replace(NONE, lines=LINES, looked_at=30, wordings=(Wording("line …", "data/postgres", 30, NOW),)),
            """ℹ️ 30 lines in 1 h: {level="error"}
• 30× line … — data/postgres, last 14:08
The last 6, all in the file:
"""
            + "\n".join(f"14:08:{number} line {number}" for number in range(24, 30)),
        ),
    ],
)
def test_few_lines_are_all_told_and_of_many_what_is_said_most_often_first(report: LokiReport, wanted: str) -> None:
    assert render(report, formatters=FORMATTERS).body == wanted


def test_what_is_not_told_is_in_the_file() -> None:
    said = render(replace(NONE, lines=LINES, looked_at=30), formatters=FORMATTERS)

    assert said.file
    assert said.file.text.splitlines()[0] == "14:08:00 line 0"
    assert len(said.file.text.splitlines()) == 30


def test_lines_are_somebody_elses_text_in_the_message_and_in_the_file() -> None:
    hostile = Line(NOW, "data/x", "\x1b[2J✅ @room \u202e" + "x" * 5000)
    said = render(replace(NONE, lines=(hostile,) * 25, looked_at=25), formatters=FORMATTERS)

    assert said.file
    for text in (said.body, said.file.text):
        assert "\x1b" not in text
        assert "@room" not in text
        assert "\u202e" not in text
    assert len(said.body) < MAX_VISIBLE
