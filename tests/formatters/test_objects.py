"""The words of `!k8s get`, `!k8s describe`, `!events` and `!top` where not all is well or known."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.events import Event
from bot.core.facts import Unknown, Verdict
from bot.core.kinds import Kind
from bot.core.names import Namespace, Target
from bot.core.portraits import Condition, Portrait
from bot.core.rows import Many, Row, When
from bot.core.usage import Usage
from commands.events import EventReport
from commands.objects import ObjectReport, ObjectTable
from commands.surveys import Unasked
from commands.top import By, TopReport
from formatters.events import event_report
from formatters.objects import object_report, object_table
from formatters.text import body
from formatters.top import top_report

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROW = Row("ory", "hydra-1", Verdict.BAD, ("1/2", Many(1, "restart"), When("expires", NOW + HOUR)), NOW - HOUR)
GAP = Unasked("pods", "data", "may not list pods in data (403)")
EVENT = Event("ory", "Deployment", "hydra", True, "FailedCreate", "quota exceeded", 3, NOW - timedelta(minutes=4))


def test_a_table_says_what_could_not_be_asked() -> None:
    table = ObjectTable(NOW, Kind.PODS, "", "app=hydra", (ROW,), (GAP,))

    assert body(object_table(table)).splitlines() == [
        "❌ 1 pod with app=hydra, 1 not well, not all could be asked",
        "• ory/hydra-1 ❌ 1/2 · 1 restart · expires in 1 h · 1 h",
        "• data ❔ may not list pods in data (403)",
    ]


def test_conditions_that_say_the_same_share_a_line() -> None:
    ill = [Condition(name, None, False, "Unreachable", "no word", NOW - HOUR) for name in ("Ready", "Healthy")]
    portrait = Portrait(Kind.PODS, ROW, (("node", "sunbeam-1"),), (*ill, Condition("Sunny", True, True, "", "", None)))

    assert body(object_report(ObjectReport(NOW, portrait, Unknown("no answer in 5 s")))).splitlines()[1:] == [
        "• node: sunbeam-1",
        "• Ready, Healthy ❔ Unknown for 1 h: Unreachable",
        "  no word",
        "Fine: Sunny",
        "Events ❔ no answer in 5 s",
    ]


def test_what_is_normal_takes_one_line() -> None:
    normal = [Event("ory", "Pod", "hydra-1", False, reason, "", 2, NOW) for reason in "ABCDEFGH"]
    report = EventReport(NOW, Target(Namespace("ory")), HOUR, (EVENT, *normal), ())

    assert body(event_report(report)).splitlines() == [
        "⚠\ufe0f 3 warnings in 1 h — ory",
        "• Deployment ory/hydra ⚠\ufe0f FailedCreate ×3 · 4 min ago",
        "  quota exceeded",
        "Normal: A 2 · B 2 · C 2 · D 2 · E 2 · F 2 · 2 more",
    ]


def test_without_an_answer_there_is_no_word_of_no_warnings() -> None:
    report = EventReport(NOW, None, HOUR, (), (GAP,))

    assert body(event_report(report)).startswith("❔ Warnings are not known in 1 h\n")


@pytest.mark.parametrize(
    ("nodes", "pods", "first"),
    [
        (Unknown("no metrics"), Unknown("no metrics"), "❔ What is used is not known: no metrics"),
        (Unknown("no metrics"), (Usage("a", "b", 0.5, 1024, None, None),), "❔ 1 pod: memory 1 KiB · CPU 0.50"),
        ((Usage("", "n", 2, 91, 4, 100),), (), "⚠\ufe0f 1 thing nearly out of memory"),
        ((Usage("", "n", 2, 50, 4, 100),), (), "✅ n: memory 50% · CPU 50%"),
    ],
)
def test_the_first_line_of_top_says_how_much_is_left(
    nodes: tuple[Usage, ...] | Unknown, pods: tuple[Usage, ...] | Unknown, first: str
) -> None:
    assert body(top_report(TopReport(NOW, None, By.MEMORY, nodes, pods))).splitlines()[0] == first
