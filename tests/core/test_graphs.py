"""Which rule, which of its series, and which numbers make a graph."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest

from bot.core.graphs import (
    LONGEST,
    SHORTEST,
    Curve,
    Rule,
    Series,
    belonging,
    crossed,
    curves,
    expression_in,
    figure,
    of_series,
    rule_of,
    window,
)
from bot.core.promql import Threshold

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
HOUR = window(NOW, timedelta(hours=1))
START = HOUR.start.timestamp()


@dataclass(frozen=True)
class Alert:
    labels: Mapping[str, str]


def alert(**labels: str) -> Alert:
    return Alert({"alertname": "Full", **labels})


def series(*values: float, at: float = START, **labels: str) -> Series:
    return Series(labels, tuple((at + 30 * number, value) for number, value in enumerate(values)))


@pytest.mark.parametrize("span", [SHORTEST, timedelta(minutes=7), timedelta(hours=1), timedelta(days=7), LONGEST])
def test_a_window_has_about_a_hundred_steps_however_long_it_is(span: timedelta) -> None:
    over = window(NOW, span)

    assert over.end - over.start == span
    assert 90 <= span / over.step <= 120
    assert over.step.total_seconds() == int(over.step.total_seconds())


WARNING = Rule("a > 1", {"severity": "warning"}, ())
CRITICAL = Rule("a > 2", {"severity": "critical", "text": "{{ $value }}"}, ())
FIRES = Rule("a > 3", {"severity": "critical"}, ({"alertname": "Full", "severity": "critical", "pod": "p1"},))


@pytest.mark.parametrize(
    ("labels", "chosen"),
    [
        ({"severity": "warning"}, WARNING),
        ({"severity": "critical", "text": "3"}, CRITICAL),
        ({"severity": "critical", "pod": "p1", "alertname": "Full"}, FIRES),
        ({"severity": "info"}, None),
    ],
)
def test_of_rules_of_one_name_the_one_that_made_the_alert_is_drawn(
    labels: Mapping[str, str], chosen: Rule | None
) -> None:
    assert rule_of((WARNING, CRITICAL, FIRES), labels) == chosen


def test_only_labels_that_prometheus_itself_fires_narrow_the_question() -> None:
    rule = Rule(
        "a > 1",
        {"severity": "critical"},
        tuple(
            {"alertname": "Full", "severity": "critical", "namespace": "data", "pod": pod, "at": "x"}
            for pod in ("p1", "p2")
        ),
    )
    one, two = (alert(severity="critical", namespace="data", pod=pod, at="x", cluster="demo") for pod in ("p1", "p2"))

    assert of_series(rule, (one,)) == {"namespace": "data", "pod": "p1", "at": "x"}
    assert of_series(rule, (one, two)) == {"namespace": "data", "at": "x"}
    # One that it does not fire may have other labels there.
    assert of_series(rule, (one, alert(pod="p3"))) == {}
    assert of_series(rule, ()) == {}


@pytest.mark.parametrize(
    ("url", "expr"),
    [
        ("http://prometheus.example.org/graph?g0.expr=up+%3D%3D+0&g0.tab=1", "up == 0"),
        ("https://grafana.example.org/alerting/grafana/x/view", None),
        ("http://prometheus/graph?g0.expr=++", None),
        ("http://[::1/graph?g0.expr=up", None),
        ("/graph?" + "&".join(f"a{number}=1" for number in range(99)) + "&g0.expr=up", None),
        ("", None),
    ],
)
def test_an_address_is_only_read(url: str, expr: str | None) -> None:
    assert expression_in(url) == expr


def test_series_belong_to_the_alerts_that_they_do_not_contradict() -> None:
    mine, other = series(1, pod="p1", job="a"), series(1, pod="p2", job="a")
    overridden = Rule("a", {"job": "renamed"}, ())

    assert belonging((mine, other), (alert(pod="p1", job="a"),), None) == (mine,)
    assert belonging((mine, other), (alert(pod="p1", job="renamed"),), None) == ()
    assert belonging((mine, other), (alert(pod="p1", job="renamed"),), overridden) == (mine,)


def test_values_stand_on_the_steps_they_were_measured_at_and_gaps_stay_gaps() -> None:
    gapped = Series({}, ((START, 1.0), (START + 60, nan), (START + 90, inf), (START + 120, 2.0), (START + 9999, 3.0)))

    (curve,) = curves((gapped,), HOUR, None)

    assert len(curve.values) == 121
    assert curve.values[:5] == (1.0, None, None, None, 2.0)
    assert (curve.found, curve.last, curve.ended) == ((1.0, 2.0), 2.0, True)


def test_what_is_no_number_all_the_time_is_not_drawn() -> None:
    assert curves((series(nan, nan), Series({"a": "histogram"}, ())), HOUR, None) == ()


@pytest.mark.parametrize(
    ("threshold", "order"), [(None, "c b a old"), (Threshold(">", 2), "c b a old"), (Threshold("<", 2), "a b c old")]
)
def test_the_worst_comes_first_and_what_ended_last(threshold: Threshold | None, order: str) -> None:
    late = HOUR.end.timestamp()
    found = curves(
        (series(9, pod="old"), *(series(value, at=late, pod=pod) for pod, value in (("b", 2), ("a", 1), ("c", 3)))),
        HOUR,
        threshold,
    )

    assert [curve.name for curve in found] == order.split()


def test_series_are_called_by_what_tells_them_apart() -> None:
    found = curves((series(2, app="a", db="a", job="x"), series(1, app="b", db="b", job="x")), HOUR, None)
    alike = curves((series(2, app="a", db="b"), series(1, app="a", db="b", x="a")), HOUR, None)

    assert [curve.name for curve in found] == ["a", "b"]
    assert curves((series(1, app="a"),), HOUR, None)[0].name == ""
    assert len({curve.name for curve in alike}) == 2


def test_only_what_is_beyond_the_threshold_now_is_counted() -> None:
    over, under, ended = Curve("", (1.0, 9.0)), Curve("", (9.0, 1.0)), Curve("", (9.0, None))

    assert crossed((over, under, ended), Threshold(">", 5)) == 1
    assert crossed((over, under, ended), None) == 0


@pytest.mark.parametrize(
    ("sign", "met"),
    [("==", [2]), ("!=", [1, 3]), (">", [3]), (">=", [2, 3]), ("<", [1]), ("<=", [1, 2])],
)
def test_a_threshold_is_crossed_as_prometheus_compares(sign: str, met: list[int]) -> None:
    assert [value for value in (1, 2, 3) if Threshold(sign, 2).crossed(value)] == met


@pytest.mark.parametrize(
    ("value", "words"),
    [
        *((0, "0"), (-0.0, "0"), (0.0421, "0.0421"), (0.97, "0.97"), (97.54, "97.5"), (999.4, "999"), (999.7, "1k")),
        *((-1234, "-1.23k"), (1.5e9, "1.5G"), (3e12, "3T"), (1e-7, "1e-07")),
    ],
)
def test_a_number_takes_a_few_characters(value: float, words: str) -> None:
    assert figure(value) == words


def test_more_digits_tell_close_numbers_apart() -> None:
    assert [figure(value, 6) for value in (97.1234, 97.1235, 1_000_100)] == ["97.1234", "97.1235", "1.0001M"]
