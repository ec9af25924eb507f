"""Every failure is told in our words, with what to do next and the id that is in the log."""

import pytest

from bot.core.errors import (
    Denied,
    LoggedOut,
    Missing,
    NeighbourError,
    RateLimited,
    Rejected,
    Unreachable,
    UsageError,
)
from bot.core.facts import Verdict
from bot.core.names import RequestId
from formatters.document import Document
from formatters.failures import broken, neighbour, unrecorded, usage
from formatters.text import body

REQUEST = RequestId("5c1e")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            Denied("kubernetes", "HTTP 403"),
            "❌ Kubernetes refused: patch deployments in ory (403)\n!doctor shows what to grant · id 5c1e",
        ),
        (
            Unreachable("openbao", "no answer in 5 s"),
            (
                "❔ Could not ask OpenBao: patch deployments in ory (no answer in 5 s)\n"
                "Done or not is not known · !status before you try again · id 5c1e"
            ),
        ),
        (
            Missing("kubernetes", "HTTP 404"),
            "❌ Kubernetes knows no such thing: patch deployments in ory (404)\n!status lists what is there · id 5c1e",
        ),
        (
            Rejected("loki", "HTTP 400"),
            "❌ Loki did not accept: patch deployments in ory (400)\nNothing was done · !doctor looks why · id 5c1e",
        ),
        (
            RateLimited("homeserver", 4.2),
            (
                "❌ homeserver is busy: patch deployments in ory (asked to wait 4.2 s)\n"
                "Nothing was done · ask again in 5 s · id 5c1e"
            ),
        ),
        (
            LoggedOut(soft=True),
            (
                "❌ homeserver logged me out: patch deployments in ory (the access token is not known any more)\n"
                "Give me a new access token and restart me · id 5c1e"
            ),
        ),
        (
            NeighbourError("scaleway", ""),
            "❌ scaleway failed: patch deployments in ory\n!status before you try again · id 5c1e",
        ),
    ],
)
def test_a_neighbours_no_is_told_with_the_next_step(error: NeighbourError, said: str) -> None:
    assert body(neighbour(error, "patch deployments in ory", REQUEST)) == said


def test_could_not_ask_is_unknown_and_a_no_is_bad() -> None:
    assert neighbour(Unreachable("loki", "x"), "read", REQUEST).verdict is Verdict.UNKNOWN
    assert neighbour(Denied("loki", "x"), "read", REQUEST).verdict is Verdict.BAD


@pytest.mark.parametrize(
    ("error", "verb", "said"),
    [
        (
            UsageError('No workload "data/valky"', near=("data/valkey",)),
            "restart",
            '❔ No workload "data/valky". Near: data/valkey\n!help restart shows how',
        ),
        (
            UsageError("“x!” is not a target", hint="write ns or ns/name, like data/postgres"),
            "check",
            "❔ “x!” is not a target\nwrite ns or ns/name, like data/postgres",
        ),
        (
            UsageError("No command “restrat”", near=("restart", "rotate")),
            "",
            "❔ No command “restrat”. Near: restart, rotate\n!help shows how",
        ),
    ],
)
def test_a_line_not_understood_is_told_what_to_type(error: UsageError, verb: str, said: str) -> None:
    assert body(usage(error, verb)) == said


def test_usage_carries_the_id_where_there_is_one() -> None:
    assert body(usage(UsageError("no"), "check", REQUEST)) == "❔ no\n!help check shows how · id 5c1e"


def test_a_bug_says_nothing_of_itself_but_the_id() -> None:
    assert body(broken(REQUEST)) == (
        "❌ Something in me broke\nThe rest is in my log · !status before you try again · id 5c1e"
    )


def test_no_record_no_action_is_said() -> None:
    assert body(unrecorded(REQUEST)) == (
        "❌ Not done: my database cannot write\nNo record, no action · make room on its disk · id 5c1e"
    )


@pytest.mark.parametrize("document", [broken(REQUEST), unrecorded(REQUEST)])
def test_our_own_failures_are_bad(document: Document) -> None:
    assert document.verdict is Verdict.BAD


def test_what_was_typed_cannot_speak_for_us() -> None:
    said = body(usage(UsageError("✅ done\n✅ RESOLVED @room"), "check"))

    assert said == "❔ ›✅ done⏎›✅ RESOLVED @\u2060room\n!help check shows how"
