"""The words of `!vault`, letter by letter."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.facts import Unknown, Verdict
from bot.core.identity import Identity
from bot.core.keys import Keys, KeysReport, KeysState
from bot.core.kv import History, Version
from bot.core.seal import HaRole, Pod, SealStatus
from commands.kv import KvEntry, KvList, KvSecret
from commands.vault import VaultStatus
from formatters import FORMATTERS
from formatters.render import render

NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ME = Identity("opsbot", ("opsbot",), HOUR, NOW + timedelta(minutes=31))
KEPT = KeysReport(KeysState.PRESENT, NOW - timedelta(minutes=12), NOW)
GONE = KeysReport(KeysState.PLACEHOLDER, NOW - timedelta(minutes=12), NOW)


def seal(**said: Any) -> SealStatus:
    whole = {"type": "shamir", "initialized": True, "sealed": False, "t": 3, "n": 5, "progress": 0, "version": "2.7.2"}
    return SealStatus.model_validate(whole | said)


OPEN = Pod(seal(), HaRole.ACTIVE)
SHUT = Pod(seal(sealed=True, progress=1), None)


def status(
    pods: Mapping[str, Pod | Unknown], keys: Keys | None = KEPT, me: Identity | Unknown = ME
) -> tuple[Verdict, list[str]]:
    said = render(VaultStatus(NOW, "UTC", pods, keys, me), formatters=FORMATTERS)
    return said.verdict, said.body.splitlines()


def test_all_well_in_four_lines() -> None:
    assert status({"openbao-0": OPEN}) == (
        Verdict.OK,
        [
            "✅ OpenBao unsealed",
            "• openbao-0 ✅ active · 3 of 5 shares · 2.7.2",
            "✅ keys Secret ok · seen 12 min ago",
            "Me ✅ role opsbot, until 14:31",
        ],
    )


def test_keys_that_are_lost_while_it_serves_come_before_all_else() -> None:
    verdict, lines = status({"openbao-0": OPEN}, GONE)

    assert verdict is Verdict.BAD
    assert lines[:2] == [
        "🔥 CRITICAL keys Secret PLACEHOLDER, OpenBao unsealed",
        "The next restart seals it for good: put the keys back before anything restarts",
    ]
    assert "🔥 keys Secret PLACEHOLDER · seen 12 min ago" in lines


def test_a_sealed_pod_shows_its_progress_and_the_way_out() -> None:
    assert status({"openbao-0": SHUT}, me=Unknown("sealed")) == (
        Verdict.BAD,
        [
            "❌ OpenBao SEALED — openbao-0",
            "• openbao-0 ❌ sealed ●○○ 1/3 · 2.7.2",
            "✅ keys Secret ok · seen 12 min ago",
            "Me ❔ sealed",
            "next: !unseal",
        ],
    )


@pytest.mark.parametrize(
    ("pods", "title"),
    [
        ({"a": OPEN, "b": SHUT}, "❌ OpenBao SEALED — b"),
        ({"a": SHUT, "b": SHUT}, "❌ OpenBao SEALED — all 2 pods"),
        ({"a": OPEN, "b": Unknown("no route")}, "❔ OpenBao not answered — b"),
        ({"a": SHUT, "b": Unknown("no route")}, "❌ OpenBao SEALED — a"),
        ({"a": OPEN, "b": Pod(seal(), HaRole.STANDBY)}, "✅ OpenBao unsealed"),
        ({"a": Pod(seal(initialized=False, sealed=True, t=0, n=0), None)}, "❌ OpenBao SEALED — a"),
    ],
)
def test_the_first_line_names_who_is_shut_or_silent(pods: Mapping[str, Pod | Unknown], title: str) -> None:
    assert status(pods)[1][0] == title


@pytest.mark.parametrize(
    ("keys", "me", "title"),
    [
        (Unknown("keys-check has not run yet"), ME, "❔ OpenBao unsealed, keys Secret not known"),
        (KEPT, Unknown("may not log in with the role opsbot"), "❔ OpenBao unsealed, my login does not work"),
        (KEPT, Identity("opsbot", (), timedelta(days=32), NOW + HOUR), "⚠️ OpenBao unsealed, my login is too strong"),
        (None, ME, "✅ OpenBao unsealed"),
    ],
)
def test_what_keeps_it_from_being_all_well_stands_in_the_first_line(
    keys: Keys | None, me: Identity | Unknown, title: str
) -> None:
    assert status({"openbao-0": OPEN}, keys, me)[1][0] == title


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        (Pod(seal(initialized=False, sealed=True, t=0, n=0), None), "❌ not initialised · 2.7.2"),
        (Pod(seal(type="static", recovery_seal=True), HaRole.ACTIVE), "✅ active · unseals itself (static) · 2.7.2"),
        (Pod(seal(sealed=True, type="awskms"), None), "❌ sealed ○○○ 0/3 · unseals itself (awskms) · 2.7.2"),
        (Pod(seal(), Unknown("HTTP 500")), "✅ unsealed, role not known · 3 of 5 shares · 2.7.2"),
        (Pod(seal(t=1, n=1), HaRole.STANDBY), "✅ standby · 1 of 1 share · 2.7.2"),
        (Unknown("no answer in 4 s"), "❔ no answer in 4 s"),
    ],
)
def test_a_pod_on_one_line(pod: Pod | Unknown, words: str) -> None:
    assert f"• openbao-0 {words}" in status({"openbao-0": pod})[1]


def test_a_seal_that_no_share_opens_offers_no_unseal() -> None:
    assert not [line for line in status({"a": Pod(seal(sealed=True, type="awskms"), None)})[1] if "!unseal" in line]


@pytest.mark.parametrize(
    ("me", "words"),
    [
        (
            Identity(None, ("root",), timedelta(0), None),
            "Me ⚠️ a static token, for ever · root's: give me a role of my own",
        ),
        (
            Identity("opsbot", ("opsbot",), 2 * HOUR, NOW + HOUR),
            "Me ⚠️ role opsbot, until 15:00 · longer than an hour: lower the role's token_ttl",
        ),
    ],
)
def test_a_login_that_is_too_strong_says_what_to_do(me: Identity, words: str) -> None:
    assert words in status({"openbao-0": OPEN}, me=me)[1]


def version(number: int, age: timedelta, *, deleted: timedelta | None = None, destroyed: bool = False) -> Version:
    return Version(number, NOW - age, NOW - deleted if deleted else None, destroyed)


DAY = timedelta(days=1)
MESSAGES = History((version(3, 2 * DAY), version(2, 40 * DAY), version(1, 90 * DAY, destroyed=True)))


def test_a_secret_is_told_by_its_keys_and_versions() -> None:
    secret = KvSecret(NOW, "secret/messages", MESSAGES, ("django-secret-key", "salt-key"), "django-secret-key")

    assert render(secret, formatters=FORMATTERS).body.splitlines() == [
        "ℹ️ secret/messages — 2 keys, version 3, 2 d old",
        "• django-secret-key — the one you mean",
        "• salt-key",
        "before: 2 (40 d) · 1 (90 d, gone)",
    ]


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (History((version(2, DAY, deleted=2 * HOUR), version(1, 3 * DAY))), "version 2 deleted 2 h ago"),
        (History((version(1, DAY, destroyed=True),)), "version 1 destroyed"),
        (History(()), "no version yet"),
    ],
)
def test_a_secret_that_is_gone_says_so_first(history: History, words: str) -> None:
    said = render(KvSecret(NOW, "secret/x", history, (), None), formatters=FORMATTERS)
    listed = render(KvList(NOW, "secret", (KvEntry("x", history),)), formatters=FORMATTERS)

    assert (said.verdict, said.body.splitlines()[0]) == (Verdict.WARN, f"⚠️ secret/x — {words}")
    assert listed.body.splitlines()[1] == f"• x · {words}"


def test_a_list_tells_versions_ages_folders_and_what_could_not_be_asked() -> None:
    entries = (KvEntry("messages", MESSAGES), KvEntry("sol-tokens/", None), KvEntry("x", Unknown("sealed")))

    assert render(KvList(NOW, "secret", entries), formatters=FORMATTERS).body.splitlines() == [
        "ℹ️ secret — 2 secrets, 1 folder",
        "• messages · version 3 · 2 d",
        "• sol-tokens/",
        "• x ❔ sealed",
    ]


def test_an_empty_list_says_so() -> None:
    assert render(KvList(NOW, "secret", ()), formatters=FORMATTERS).body == "ℹ️ secret — nothing in it"
