"""What is said of the alert that always fires, where it does not."""

from datetime import UTC, datetime, timedelta

from bot.core.watchdog import Sign, WatchdogSilent
from formatters import FORMATTERS
from formatters.render import render

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def shown(sign: Sign, back: datetime | None = None) -> list[str]:
    result = WatchdogSilent("Watchdog", sign, 12 * HOUR, NOW, "Europe/Lisbon", back)
    return render(result, formatters=FORMATTERS).body.splitlines()


def test_a_silence_says_what_it_means_and_where_to_look() -> None:
    assert shown(Sign(NOW - 14 * HOUR)) == [
        "🔥 CRITICAL Watchdog not heard for 14 h",
        "It always fires, to prove that alerts get through: others may not get through now",
        "Last heard yesterday 23:00, due every 12 h",
        "next: !alerts, !check monitoring, Alertmanager's log",
    ]


def test_an_end_is_said_as_one() -> None:
    assert shown(Sign(NOW - HOUR, ended=NOW))[0] == "🔥 CRITICAL Watchdog ended in Alertmanager"


def test_its_return_says_how_long_it_was_silent() -> None:
    assert shown(Sign(NOW - 14 * HOUR), back=NOW) == [
        "✅ RESOLVED Watchdog is back",
        "Silent for 14 h (yesterday 23:00–13:00)",
    ]
