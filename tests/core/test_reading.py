"""What a phone's keyboard makes of a command is read as it was meant; what people say to each other is left alone."""

from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import UsageError
from bot.core.reading import (
    about_card,
    addressed,
    as_meant,
    cluster_of,
    find,
    handle_in,
    lacks_place,
    straighten,
    tokens,
)

BOT = "@opsbot:example.org"


@dataclass(frozen=True)
class Verb:
    verb: str


VERBS = tuple(map(Verb, ("help", "status", "check", "vault", "vault status", "restart")))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("!check data", "check data"),
        ("  !check data  ", "check data"),
        ("! check data", "check data"),
        ("!announce first\n  second", "announce first second"),
        ("@opsbot:example.org check data", "check data"),
        ("@opsbot:example.org: check data", "check data"),
        ("@opsbot check data", "check data"),
        ("opsbot: check data", "check data"),
        ("OpsBot: check data", "check data"),
        ("@opsbot !check data", "check data"),
    ],
)
def test_a_line_after_the_prefix_or_our_name_is_for_us(body: str, words: str) -> None:
    assert addressed(body, BOT, reply=False) == words


@pytest.mark.parametrize(
    "body",
    [
        "check data",
        "opsbot is slow today",
        "ask opsbot: check data",
        "@opsbot",
        "@opsbot:example.org.evil.test check data",
        "@opsbotter check data",
        "!",
        "! ",
        "!!!",
        "!?",
        "",
        " \n!check data",
    ],
)
def test_what_people_say_to_each_other_is_not_for_us(body: str) -> None:
    told = addressed(body, BOT, reply=False)

    assert told is None or body.strip().startswith("!check")


@pytest.mark.parametrize("body", ["logs", "logs --tail 20", "!logs", "@opsbot logs"])
def test_a_reply_to_us_needs_no_prefix(body: str) -> None:
    assert (addressed(body, BOT, reply=True) or "").startswith("logs")


def test_an_empty_reply_asks_nothing() -> None:
    assert addressed("  \n ", BOT, reply=True) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("logs —tail 20", ("logs", "--tail", "20")),
        ("logs –tail=20", ("logs", "--tail=20")),
        ("logs —n data", ("logs", "-n", "data")),
        ("exec pod — ls", ("exec", "pod", "--", "ls")),
        ("logs --filter “two words”", ("logs", "--filter", "two words")),
        ("logs --filter „two words“", ("logs", "--filter", "two words")),
        ("logs --filter «two words»", ("logs", "--filter", "two words")),
        ("logs --filter ‘two words’", ("logs", "--filter", "two words")),
        ("logs\u00a0data/postgres", ("logs", "data/postgres")),
        ("announce we don't stop", ("announce", "we", "don't", "stop")),
        ("announce we don’t stop", ("announce", "we", "don't", "stop")),
        ("audit 5 @\u2060anna:\u2060example.org", ("audit", "5", "@anna:example.org")),
        ("silence data 14:00—15:00", ("silence", "data", "14:00—15:00")),
        ("announce A-B – C", ("announce", "A-B", "--", "C")),
    ],
)
def test_what_phones_make_of_quotes_and_dashes_is_undone(typed: str, meant: tuple[str, ...]) -> None:
    assert tokens(typed) == meant


@pytest.mark.parametrize("line", ["sunbeam vault status", "vault status"])
def test_a_playbook_line_may_be_pasted_whole(line: str) -> None:
    assert find(VERBS, tokens(line)) == (Verb("vault status"), ())


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('logs --filter "two words', "a quote is left open"),
        ("logs --filter “two words", "a quote is left open"),
        ("logs 'all of it", "a quote is left open"),
        ("logs data\\", "the line ends in a backslash"),
    ],
)
def test_a_line_that_does_not_end_is_said_to_be_so(line: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        tokens(line)

    assert raised.value.problem == problem
    assert raised.value.hint


@pytest.mark.parametrize(
    ("line", "verb", "rest"),
    [
        ("check data", "check", ("data",)),
        ("CHECK data", "check", ("data",)),
        ("vault status now", "vault status", ("now",)),
        ("vault seal", "vault", ("seal",)),
        ("check Data/X", "check", ("Data/X",)),
    ],
)
def test_the_longest_verb_wins_and_arguments_keep_their_case(line: str, verb: str, rest: tuple[str, ...]) -> None:
    assert find(VERBS, tokens(line)) == (Verb(verb), rest)


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("chek data", ("!check",)),
        ("hlep", ("!help",)),
        ("valt status", ("!vault status", "!status", "!vault")),
        ("stats", ("!status", "!restart")),
        ("frobnicate", ()),
        ("", ()),
    ],
)
def test_an_unknown_verb_is_told_with_what_was_likely_meant(line: str, near: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as raised:
        find(VERBS, tokens(line))

    assert raised.value.near == near
    assert raised.value.hint == "!help lists what there is"


def test_a_pasted_page_is_answered_at_once_and_in_short() -> None:
    with pytest.raises(UsageError) as raised:
        find(VERBS, ("x" * 1_000_000, "y" * 1_000_000))

    assert len(raised.value.problem) < 80


@given(st.text(max_size=80), st.booleans())
def test_no_line_breaks_the_reading(body: str, reply: bool) -> None:
    words = addressed(body, BOT, reply=reply)
    if words is None:
        return

    with suppress(UsageError):
        find(VERBS, tokens(words))


@given(st.text(alphabet="ab \"'’—–-\\\u00a0\u2060“”", max_size=40))
def test_what_is_straightened_once_stays_so(text: str) -> None:
    once = straighten(text)

    assert straighten(once) == once


@given(st.lists(st.text(alphabet="abcxyz0123456789/=.,", min_size=1, max_size=10), max_size=5))
def test_plain_words_are_kept_as_they_are(words: list[str]) -> None:
    assert tokens(" ".join(words)) == tuple(words)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("oncall", "oncall"),
        ("oncall @ben", "oncall set @ben"),
        ("OnCall @anna @ben", "oncall set @anna @ben"),
        ("oncall set @ben", "oncall set @ben"),
        ("help oncall set", "help oncall set"),
    ],
)
def test_who_names_people_to_oncall_sets_them(words: str, meant: str) -> None:
    assert as_meant(tuple(words.split())) == tuple(meant.split())


@pytest.mark.parametrize(
    ("words", "cluster", "rest"),
    [
        ((), "", ()),
        (("data", "-n", "x"), "", ("data", "-n", "x")),
        (("data", "--cluster", "staging", "-f"), "staging", ("data", "-f")),
        (("-C", "staging"), "staging", ()),
        (("--cluster-name=staging", "data"), "staging", ("data",)),
        (("2h", "Down", "--", "moved", "--cluster", "there"), "", ("2h", "Down", "--", "moved", "--cluster", "there")),
        (("--cluster", "a", "--", "--cluster", "b"), "a", ("--", "--cluster", "b")),
    ],
)
def test_a_cluster_may_be_named_anywhere_but_in_prose(
    words: tuple[str, ...], cluster: str, rest: tuple[str, ...]
) -> None:
    assert cluster_of(words) == (cluster, rest)


@pytest.mark.parametrize("words", [("--cluster",), ("--cluster=",), ("-C", "--yes"), ("-C", "--", "x")])
def test_a_cluster_without_a_name_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        cluster_of(words)


@pytest.mark.parametrize(
    ("line", "replied", "wanted"),
    [
        ("silence", True, "mute"),
        ("silence 2h new disk", True, "mute 2h new disk"),
        ("Silence until resolved", True, "mute until resolved"),
        ("silence 2h #k7", False, "mute 2h #k7"),
        ("silence 2h PostgresDown", False, "silence 2h PostgresDown"),
        ("silence 2h namespace=data", True, "silence 2h namespace=data"),
        ("silence extend 1a2b3c4d 2h", True, "silence extend 1a2b3c4d 2h"),
        ("silence expire 1a2b3c4d", True, "silence expire 1a2b3c4d"),
        ("silence add 2h PostgresDown", True, "silence add 2h PostgresDown"),
        ("unsilence", True, "unmute"),
        ("unsilence #k7", False, "unmute #k7"),
        ("unsilence 1a2b3c4d", True, "unsilence 1a2b3c4d"),
        ("restart #k7", True, "restart #k7"),
        ("", True, ""),
    ],
)
def test_a_silence_below_a_card_is_of_that_card_unless_it_says_of_what(line: str, replied: bool, wanted: str) -> None:
    assert about_card(tuple(line.split()), replied=replied) == tuple(wanted.split())


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("#k7 -f", "#k7"),
        ("-f #K12", "#K12"),
        ("data/postgres", None),
        ("why -- like #k7", None),
        ("#nonsense", None),
        ("#k123", None),
    ],
)
def test_a_card_is_named_by_its_handle(line: str, wanted: str | None) -> None:
    assert handle_in(tuple(line.split())) == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", True),
        ("-f --tail 5", True),
        ("data/postgres -f", False),
        ("-n data postgres", False),
        ("-f -n data", False),
    ],
)
def test_below_a_card_where_may_be_left_out(line: str, wanted: bool) -> None:
    assert lacks_place(tuple(line.split())) is wanted
