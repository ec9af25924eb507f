"""Matchers: read from what a phone and a shell leave of them, written, held, and refused where too broad."""

import re
import time
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core import patterns
from bot.core.errors import UsageError
from bot.core.matchers import (
    Breadth,
    Matcher,
    Operator,
    all_hold,
    covering,
    default_matchers,
    is_matcher,
    operator,
    read,
    too_broad,
    write,
)
from bot.core.reading import tokens
from bot.demo.monitoring.matchers import all_hold as simulated_all_hold
from bot.demo.monitoring.matchers import parse as simulated_parse

DATA = 'namespace="data"'


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("PostgresDown", 'alertname="PostgresDown"'),
        ("PostgresDown namespace=data", f'alertname="PostgresDown", {DATA}'),
        ('namespace="data"', DATA),
        ("namespace=“data”", DATA),
        ("namespace = data", DATA),
        ("{namespace=data}", DATA),
        ('{ namespace="data" , pod=~"a|b" }', f'{DATA}, pod=~"a|b"'),
        ('PostgresDown{namespace="data"}', f'alertname="PostgresDown", {DATA}'),
        ('namespace="data",pod!="x"', f'{DATA}, pod!="x"'),
        ("namespace=data, pod!~x.*", f'{DATA}, pod!~"x.*"'),
        ('pod=~"a{1,2}"', 'pod=~"a{1,2}"'),
        ('{pod=~"a{2}",namespace=data}', f'pod=~"a{{2}}", {DATA}'),
        ('summary="two words, and more"', 'summary="two words, and more"'),
        ("""'a="x, b=c"'""", 'a="x, b=c"'),
        ('"Two Words"', 'alertname="Two Words"'),
        ('namespace=""', 'namespace=""'),
        ("namespace=data namespace=data", DATA),
        ("5xx", 'alertname="5xx"'),
    ],
)
def test_matchers_are_read_as_they_were_meant(line: str, wanted: str) -> None:
    assert write(read(tokens(line))) == wanted


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "nothing to match"),
        ("{}", "nothing to match"),
        ("=x", "is no matcher"),
        ("foo.bar=x", "is no matcher"),
        ("a==b", "is no value"),
        ("{a=b", "a brace is left open"),
        ("PostgresDown DiskFull", "nothing is both “PostgresDown” and “DiskFull”"),
        ("a=b a=c", "nothing is both"),
        (" ".join(f"a{number}=x" for number in range(21)), "too many matchers"),
        (f"a={'x' * 1001}", "cannot be matched"),
        ("PostgresDown|DiskFull", "is no alert's name"),
        ("Postgres*", "is no alert's name"),
        ("pod=~(a", "leaves a parenthesis open"),
    ],
)
def test_what_cannot_be_read_is_refused(line: str, problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tokens(line))

    assert problem in refused.value.problem
    assert refused.value.hint


def test_two_alerts_are_offered_as_a_pattern() -> None:
    with pytest.raises(UsageError) as refused:
        read(("PostgresDown", "DiskFull"))

    assert 'alertname=~"PostgresDown|DiskFull"' in refused.value.hint


@pytest.mark.parametrize(
    ("matcher", "labels", "wanted"),
    [
        ("a=b", {"a": "b"}, True),
        ("a=b", {"a": "bb"}, False),
        ("a=b", {}, False),
        ("a!=b", {}, True),
        ('a=""', {}, True),
        ("a=~b", {"a": "bb"}, False),
        ("a=~b.*", {"a": "bb"}, True),
        ("a=~b|c", {"a": "c"}, True),
        ("a=~^b$", {"a": "b"}, True),
        ("a!~b.*", {"a": "bb"}, False),
        ("a!~b.*", {}, True),
        ("a=~(?i)B", {"a": "b"}, True),
        (r"'a=~\\d+'", {"a": "٣"}, False),
    ],
)
def test_a_matcher_holds_for_whole_values(matcher: str, labels: dict[str, str], wanted: bool) -> None:
    assert all_hold(read(tokens(matcher)), labels) is wanted


@pytest.mark.parametrize(
    "pattern",
    [
        "(a*)*",
        "(a+)+b",
        "(a|a)*",
        "(a?){30}",
        "a?" * 30,
        "(a|a)" * 30,
        ".*.*.*.*x",
        "((a{50}){50}){50}",
        "a{1000}",
        "a{,3}",
        "a*+",
        "a++",
        "x" * 201,
        "(?=a)",
        "(?<!a)b",
        "(?P<n>a)",
        r"(a)\1",
        r"\p{L}",
        r"\Aa",
        "[[:alpha:]]",
        "[a--b]",
        "a(?i)b",
        "*",
        "(",
        ")",
        "[",
        "\\",
    ],
)
def test_a_pattern_that_may_take_for_ever_or_means_something_else_to_alertmanager_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="pattern"):
        patterns.compiled(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "postgres-[0-9]+",
        ".*foo.*bar.*",
        "(a|b)-(c|d)?",
        "[]a]",
        "[^a-z_.]+",
        r"a\.b\-c",
        "a*?b",
        "(?i:a)b",
        "(ab){2,3}",
    ],
)
def test_what_people_write_is_not_refused(pattern: str) -> None:
    assert patterns.compiled(pattern).pattern == pattern


def test_the_slowest_pattern_that_is_let_through_ends_soon() -> None:
    began = time.perf_counter()

    for pattern in (".*.*.*x", "(a|aa)(a|aa)(a|aa)(a|aa).*.*x", "a?a?a?a?a?a?.*.*x"):
        assert not patterns.holds(pattern, "a" * patterns.LONGEST_VALUE)

    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("alertname=~.+", Breadth.EVERYTHING),
        ("alertname!=Watchdog", Breadth.EVERYTHING),
        ("namespace=~.*", Breadth.EVERYTHING),
        ('foo=""', Breadth.EVERYTHING),
        ("severity!=critical", Breadth.EVERYTHING),
        ("alertname!=A namespace=~.+", Breadth.EVERYTHING),
        ("Watchdog", Breadth.WATCHDOG),
        ("severity=none", Breadth.WATCHDOG),
        ("alertname=~Watch.*", Breadth.WATCHDOG),
        ('Watchdog{prometheus="monitoring/k8s"}', Breadth.WATCHDOG),
        ("alertname=~PostgresDown|Watchdog,namespace=data", Breadth.WATCHDOG),
        ("PostgresDown", None),
        ("namespace=data", None),
        ("severity=~critical|warning", None),
        ("alertname!=Watchdog,namespace=data", None),
        ("alertname=~Kube.*", None),
    ],
)
def test_a_silence_must_hide_neither_everything_nor_the_watchdog(line: str, wanted: Breadth | None) -> None:
    assert too_broad(read(tokens(line)), "Watchdog") is wanted


def test_the_alert_that_always_fires_goes_by_the_name_it_is_given() -> None:
    switch = read(("DeadMansSwitch",))

    assert too_broad(switch, "DeadMansSwitch") is Breadth.WATCHDOG
    assert too_broad(read(("Watchdog",)), "DeadMansSwitch") is None
    assert too_broad(switch, None) is None
    assert too_broad(read(('alertname=""',)), None) is Breadth.EVERYTHING


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (
            {"alertname": "A", "namespace": "data", "pod": "x-0", "instance": "10.0.0.1:1", "uid": "1", "node": "n1"},
            'alertname="A", namespace="data", node="n1"',
        ),
        ({"alertname": "A", "deployment": "hydra", "replicaset": "hydra-5f"}, 'alertname="A", deployment="hydra"'),
        ({"alertname": "A", "job_name": "backup-28391040"}, 'alertname="A", job_name=~"backup-[a-z0-9]+"'),
        ({"alertname": "A", "job_name": "db.init-x7k2p"}, 'alertname="A", job_name=~"db\\\\.init-[a-z0-9]+"'),
        ({"alertname": "A", "job_name": "migrate-v2"}, 'alertname="A", job_name="migrate-v2"'),
        ({"alertname": "A", "cluster": "postgres", "namespace": ""}, 'alertname="A", cluster="postgres"'),
        ({}, ""),
    ],
)
def test_the_matchers_of_an_alert_outlive_its_pod(labels: dict[str, str], wanted: str) -> None:
    assert write(default_matchers(labels)) == wanted


@pytest.mark.parametrize(
    ("alerts", "wanted"),
    [
        ([{"alertname": "Down", "namespace": "data", "pod": "a"}, {"alertname": "Down", "namespace": "data"}],
         f'alertname="Down", {DATA}'),
        ([{"alertname": "Down", "namespace": "data"}, {"alertname": "Down", "namespace": "ory"}], 'alertname="Down"'),
        ([{"alertname": "Up", "namespace": "data"}, {"alertname": "Down", "namespace": "data"}],
         f'alertname=~"Down|Up", {DATA}'),
        ([{"alertname": "5xx (all)"}, {"alertname": "ä.b"}], r'alertname=~"5xx \\(all\\)|ä\\.b"'),
        ([{"alertname": "Down"}, {"namespace": "data"}], ""),
        ([{"alertname": f"Alert{number:030}"} for number in range(9)], ""),
    ],
)  # fmt: skip
def test_a_group_is_silenced_by_what_its_alerts_have_in_common(alerts: list[dict[str, str]], wanted: str) -> None:
    found = covering(alerts)

    assert write(found) == wanted
    assert all(all_hold(found, each) for each in alerts)


def test_the_matchers_of_a_job_match_the_next_one_too() -> None:
    matchers = default_matchers({"alertname": "A", "job_name": "backup-28391040"})

    assert all_hold(matchers, {"alertname": "A", "job_name": "backup-28392480"})
    assert not all_hold(matchers, {"alertname": "A", "job_name": "restore-28392480"})


@pytest.mark.parametrize(
    ("word", "wanted"), [("a=b", True), ("a!~b", True), ("{a", True), ("A{b=c}", True), ("data", False), ("a-b", False)]
)
def test_a_word_is_told_from_a_matcher(word: str, wanted: bool) -> None:
    assert is_matcher(word) is wanted


@pytest.mark.parametrize("each", list(Operator))
def test_an_operator_is_two_switches_to_the_api(each: Operator) -> None:
    matcher = Matcher("a", "b", each)

    assert operator(is_regex=matcher.is_regex, is_equal=matcher.is_equal) is each


NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,6}", fullmatch=True)
VALUES = st.text(max_size=20).filter(lambda text: "\x00" not in text)
PIECES = st.sampled_from(["a", "b", "-", "[0-9]", ".", "(a|b)", ".*", "a+", "b?", "|", r"\."])
PATTERNS = st.lists(PIECES, max_size=6).map("".join)
LABELS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text("ab-0.\n", max_size=6))


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_words_are_read_or_refused_and_nothing_else(words: list[str]) -> None:
    with suppress(UsageError):
        too_broad(read(words), "Watchdog")


@given(st.text(max_size=60) | st.text("ab|()[]{}*+?.^$\\1,-:i", max_size=30))
@example("(?i)" + "(" * 100 + ")" * 96)
@example("[a\\")
@example("\ud800")
def test_any_pattern_is_taken_or_refused_and_nothing_else(pattern: str) -> None:
    with suppress(UsageError):
        patterns.holds(pattern, "aaaa-bbbb")


@given(st.lists(st.builds(Matcher, NAMES, VALUES, st.sampled_from([Operator.EQUAL, Operator.NOT_EQUAL])), min_size=1))
def test_what_is_written_is_read_back(matchers: list[Matcher]) -> None:
    with suppress(UsageError):
        assert read((write(matchers),)) == tuple(dict.fromkeys(matchers))


@given(
    st.lists(
        st.builds(Matcher, st.sampled_from(["a", "b"]), VALUES, st.sampled_from([Operator.EQUAL, Operator.NOT_EQUAL]))
        | st.builds(
            Matcher, st.sampled_from(["a", "b"]), PATTERNS, st.sampled_from([Operator.LIKE, Operator.NOT_LIKE])
        ),
        max_size=3,
    ),
    LABELS,
)
def test_matchers_hold_where_the_simulated_alertmanager_says_so(
    matchers: list[Matcher], labels: dict[str, str]
) -> None:
    with suppress(UsageError, re.error):
        text = write(each for each in matchers if "\n" not in each.value)
        ours = [each for each in matchers if "\n" not in each.value]

        assert all_hold(ours, labels) == simulated_all_hold(simulated_parse(text), labels)
