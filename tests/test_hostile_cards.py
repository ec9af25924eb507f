"""Whatever a webhook says, its card is ours: from the bytes that arrive to the content that is sent."""

import itertools
import json
import random
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.alerts import AlertCard, Card, Taken, merge
from bot.core.message import FIELD, Message, content
from bot.core.names import RoomId, UserId
from bot.core.scrub import scrub
from bot.core.webhook import Webhook, parse
from commands.cards import CardReasons, Looked
from formatters import FORMATTERS, foreign
from formatters.pages import MAX_BYTES
from formatters.render import render
from tests.tools.hostile import AFTER_LIST_MARKERS, FRAGMENTS, IDENTIFIER, STATUS, cut
from tests.tools.phone import draw

SETS = 4
"""Label and annotation sets in one webhook."""
TOLD = 3
"""Alerts whose words `why` repeats."""
NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
ROOM = RoomId("!ops:example.org")
ON_CALL = (UserId("@anna:example.org"), UserId("@ben:example.org"))
HOSTS = ("runbooks.example.org",)
COLUMNS = 32
"""What fits beside each other on a phone in fixed width."""
_TITLE = re.compile(r"(🔥 CRITICAL|⚠️ WARNING|ℹ️ INFO|⚠️ ALERT|✅ RESOLVED|👀 @anna:example\.org on it —|ℹ️ Why)[ ⏎].*")
_OURS = re.compile(r"✅ \d+ of \d+ resolved|👀 take · 🔕 2h · reply: ack, silence 2h, why")
_DISARMED = re.compile(f"›[{foreign._SIGNS}]+")
_LABELS = ("alertname", "namespace", "pod", "instance")
_NOTES = ("summary", "description", "value", "runbook_url")
_SEVERITIES = ("critical", "warning", "info", "")


def webhooks(raw: bytes) -> tuple[Webhook, Webhook]:
    """Make two webhooks about one group from bytes, the second with news about the first."""
    texts = cut(raw)
    alerts = [_alert(texts, number) for number in range(SETS)]
    body = {"version": "4", "receiver": next(texts), "groupKey": next(texts), "externalURL": next(texts)}
    first, both = (json.dumps({**body, "alerts": some}).encode() for some in (alerts[: SETS // 2], alerts))
    return parse(first), parse(both)


def _alert(texts: Iterator[str], number: int) -> Mapping[str, Any]:
    named = {name: next(texts) for name in _LABELS} | {"severity": _SEVERITIES[len(next(texts)) % 4]}
    notes = {name: next(texts) for name in _NOTES}
    return {
        "status": "resolved" if number == SETS - 1 else "firing",
        "labels": {next(texts): next(texts), **named},
        "annotations": {next(texts): next(texts), **notes},
        "startsAt": f"2026-11-23T13:0{number}:00Z",
        "generatorURL": next(texts),
    }


def told(raw: bytes) -> Card:
    """Return the card of both webhooks; by some bytes, somebody is on it."""
    first, second = webhooks(raw)
    card, _ = merge(None, first, ROOM, NOW)
    card, _ = merge(card, second, ROOM, NOW)
    taken = Taken(ON_CALL[0], NOW) if raw[-1] % 2 else None
    return Card(**{name: getattr(card, name) for name in card.__dataclass_fields__} | {"handle": "k7", "taken": taken})


def spoken(card: Card) -> Iterator[str]:
    """Give what the alerts that are told of say, cleaned, and without what looks like a secret."""
    for member in card.counted[:TOLD]:
        yield from (foreign.code(scrub(f"{name}={value}")) for name, value in member.labels.items())
        yield from (foreign.prose(scrub(f"{name}: {value}")) for name, value in member.annotations.items())


def fixed(html: str) -> list[str]:
    """Return the lines that are shown in fixed width."""
    return [row for block in re.findall(r"<pre><code>(.*?)</code></pre>", html, re.DOTALL) for row in block.split("\n")]


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(max_examples=10_000 // SETS)
@given(st.binary(min_size=240, max_size=240))
def test_ten_thousand_hostile_sets_stay_text(raw: bytes) -> None:
    card, expr = told(raw), next(cut(raw[::-1]))

    for result in (AlertCard(card, "UTC", NOW, HOSTS), CardReasons(card, (Looked(card.names[0], expr, timedelta(0)),))):
        rendered = render(result, formatters=FORMATTERS)
        page = content(Message(ROOM, card.key, rendered, rings=True, mentions=ON_CALL), 1)
        drawn = draw(page["formatted_body"])
        rows = page["body"].split("\n")

        # The tags are ours, and both forms say the same.
        assert (drawn.unknown, drawn.faults) == (set(), [])
        assert drawn.screen == page["body"]
        # Nobody poses as the bot: no verdict, no mention, no link but to hosts that are welcome.
        assert _TITLE.fullmatch(rows[0])
        assert len(re.findall(f"[{STATUS}]", _DISARMED.sub("", rows[0]))) == 1
        assert [row for row in rows[1:] if AFTER_LIST_MARKERS.match(row) and not _OURS.fullmatch(row)] == []
        assert set(page["m.mentions"]["user_ids"]) <= set(ON_CALL)
        assert "@room" not in page["body"].lower()
        assert {word for word in page["body"].split() if IDENTIFIER.fullmatch(word)} <= set(ON_CALL)
        assert {url for url, _ in drawn.links if not url.startswith("https://runbooks.example.org/")} <= {
            f"https://matrix.to/#/{user}" for user in ON_CALL
        }
        # What was said is there.
        if isinstance(result, CardReasons):
            whole = rendered.file.text if rendered.file else rendered.body
            assert [said for said in spoken(card) if said not in whole] == []
        # It fits.
        assert [row for row in fixed(rendered.html) if len(row) > COLUMNS] == []
        assert len(json.dumps(page, ensure_ascii=False).encode()) <= MAX_BYTES
        assert {type(value) for value in page[FIELD].values()} == {str, int}


def test_the_sets_are_as_hostile_as_they_are_meant_to_be() -> None:
    """Bytes at random make every piece of text, each severity, and cards that burn, are taken or are over."""
    chance = random.Random(1)
    raws = [chance.randbytes(240) for _ in range(200)]

    said = "".join(text for raw in raws for text in itertools.islice(cut(raw), 60))
    bodies = [render(AlertCard(told(raw), "UTC", NOW), formatters=FORMATTERS).body for raw in raws]
    titles = {found[1] for body in bodies if (found := _TITLE.match(body))}

    assert [piece for piece in FRAGMENTS if piece not in said] == []
    assert titles >= {"🔥 CRITICAL", "⚠️ WARNING", "ℹ️ INFO", "👀 @anna:example.org on it —"}
