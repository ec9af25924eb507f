"""The words of `!logs`, short and long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.message import Rendered
from commands.logs import Following, LogReport, Silent
from commands.speakers import Said
from formatters import FORMATTERS
from formatters.render import render

NOW = datetime(2026, 5, 1, 12, 2, 7, tzinfo=UTC)
REPORT = LogReport(
    as_of=NOW,
    zone="Europe/Lisbon",
    place="matrix/sol",
    containers=("sol",),
    others=(),
    previous=False,
    since=None,
    filter="",
    lines=(Said(NOW, "", "ready"),),
    looked_at=500,
    silent=(),
    more_pods=0,
    following=Following.NO,
    began=NOW - timedelta(minutes=3),
)


def told(**changed: object) -> Rendered:
    return render(replace(REPORT, **changed), formatters=FORMATTERS)  # type: ignore[arg-type]


def rows(**changed: object) -> list[str]:
    return told(**changed).body.splitlines()


@pytest.mark.parametrize(
    ("changed", "first"),
    [
        ({}, "ℹ\ufe0f matrix/sol: 1 line"),
        ({"lines": ()}, "ℹ\ufe0f matrix/sol: no lines"),
        ({"since": timedelta(minutes=10)}, "ℹ\ufe0f matrix/sol: 1 line in 10 min"),
        ({"previous": True}, "ℹ\ufe0f matrix/sol: 1 line of the run before"),
        ({"filter": "ready"}, "ℹ\ufe0f matrix/sol: 1 of 500 lines with ready"),
        ({"filter": "x", "lines": ()}, "ℹ\ufe0f matrix/sol: none of 500 lines with x"),
        ({"following": Following.GOING}, "⏳ Following matrix/sol since 12:59 · !stop"),
        ({"following": Following.STOPPED}, "ℹ\ufe0f Followed matrix/sol for 3 min: 1 line"),
        ({"following": Following.TIME_UP}, "ℹ\ufe0f Followed matrix/sol for 3 min and no longer: 1 line"),
        ({"lines": (), "silent": (Silent("sol-1", "ImagePullBackOff"),)}, "❔ Nothing to be heard of matrix/sol"),
    ],
)
def test_the_first_line_says_what_there_is(changed: dict[str, object], first: str) -> None:
    assert rows(**changed)[0] == first


def test_a_line_has_the_teams_time_and_its_pod() -> None:
    assert rows(lines=(Said(NOW, "x2x9k", "  indented"), Said(None, "", "no time")))[1:] == [
        "13:02:07 x2x9k   indented",
        "no time",
    ]


def test_what_was_not_asked_or_not_heard_stands_below() -> None:
    below = rows(others=("linkerd-proxy",), silent=(Silent("sol-1", "the pod is gone"),), more_pods=2)[2:]

    assert below == ["• sol-1 ❔ the pod is gone", "Container sol · -c takes linkerd-proxy", "2 pods more: name one"]


def test_many_lines_become_the_first_and_the_last_and_a_file() -> None:
    lines = tuple(Said(NOW, "", f"line {number} " + "x" * 100) for number in range(500))

    message = told(lines=lines)

    assert "line 0 " in message.body
    assert "line 499 " in message.body
    assert len(message.body) <= 4000
    assert message.file
    assert message.file.name == "log-report.txt"
    assert all(f"line {number} " in message.file.text for number in range(500))


def test_each_step_of_who_follows_is_one_message_with_the_newest_lines() -> None:
    lines = tuple(Said(NOW, "", f"line {number} " + "x" * 2000) for number in range(50))

    message = told(lines=lines, following=Following.GOING)

    assert message.file is None
    assert "line 49 " in message.body
    assert "more in the file" not in message.body


def test_a_line_cannot_pass_for_a_verdict_or_ring_anybody() -> None:
    body = told(lines=(Said(None, "", "✅ RESOLVED all is well"), Said(None, "", "@room look"))).body

    assert "\n✅" not in body
    assert "@room" not in body
