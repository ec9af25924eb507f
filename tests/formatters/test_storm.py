"""What a storm's card says: how much, of what, where, what may be behind it, and what became of it."""

from datetime import UTC, datetime, timedelta

from bot.core.alerts import Member, Severity
from bot.core.names import Key, RoomId
from bot.core.storm import Storm, StormCard, Struck
from bot.core.webhook import Status
from formatters import FORMATTERS
from formatters.render import render

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SEALED = {"alertname": "OpenBaoSealed", "namespace": "data", "pod": "openbao-0"}
CAUSE = Member("f", Status.FIRING, SEALED, {}, NOW - 120 * SECOND, None, "", NOW)


def struck(
    *names: str, namespace: str = "data", severity: Severity = Severity.WARNING, burns: bool = True, alerts: int = 1
) -> tuple[Struck, ...]:
    return tuple(Struck(name, namespace, severity, alerts, burns, NOW) for name in names)


def shown(*groups: tuple[Struck, ...], over: bool = False, cause: Member | None = None, seconds: int = 60) -> list[str]:
    first, *others = (each for group in groups for each in group)
    late = Struck(first.name, first.namespace, first.severity, first.alerts, first.burns, NOW + seconds * SECOND)
    storm = Storm(Key("storm:1"), RoomId("!ops:example.org"), NOW, NOW + timedelta(hours=1) if over else None)
    result = StormCard(storm, (*others, late), cause, "Europe/Lisbon")
    return render(result, formatters=FORMATTERS).body.splitlines()


def test_it_counts_by_severity_and_place_the_most_first() -> None:
    groups = (
        struck("Down", severity=Severity.CRITICAL),
        struck(*("Slow",) * 13),
        struck(*("Full",) * 9, namespace="storage"),
        struck(*("Queue",) * 8, namespace="lasuite"),
        struck("A", "B", namespace="ory"),
        struck("C", namespace="", severity=Severity.NONE),
    )

    assert shown(*groups) == [
        "🔥 STORM 34 groups in 1 min — 1 critical, 32 warning, 1 without severity",
        "• data 14 · storage 9 · lasuite 8 · 2 more",
        "What rings keeps its own card. !alerts lists all.",
    ]


def test_groups_of_many_alerts_are_counted_by_alert_as_well() -> None:
    assert shown(struck(*("Slow",) * 20, alerts=50), struck("Alone"))[2] == "1,001 alerts in all"


def test_what_burned_first_is_named_as_a_question() -> None:
    assert shown(struck("Slow"), cause=CAUSE)[2] == "Common cause? OpenBaoSealed — data/openbao-0 since 12:58"


def test_its_end_says_what_ended_and_how_many_still_burn() -> None:
    assert shown(struck("Slow", "Slow", "Full", burns=False), struck("Down"), over=True, seconds=180) == [
        "ℹ️ storm over: 4 groups in 3 min, 1 still burns",
        "• data 4",
        "✅ ended: Slow 2 · Full 1",
        "What still burns gets its own card.",
    ]


def test_when_all_ended_it_is_green() -> None:
    assert shown(struck("Slow", burns=False), over=True) == [
        "✅ storm over: 1 group in 0 s, all of them ended",
        "• data 1",
        "✅ ended: Slow 1",
    ]


def test_names_from_outside_pass_for_nothing_of_ours() -> None:
    evil = "✅ all is well @room\n🔥 CRITICAL <b>x</b>"

    lines = shown(struck(evil, evil, namespace=evil, burns=False), struck("Slow", namespace=evil))

    assert len(lines) == 4
    assert [line[0] for line in lines] == ["⚠", "•", "✅", "W"]
    assert not any("@room" in line for line in lines)
    assert not lines[1].startswith("• ✅")
