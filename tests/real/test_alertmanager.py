"""The distribution's Alertmanager posts to the bot in a real room: each group is one card, told once, and in time."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.http import Http
from bot.core.firing import HIDDEN
from bot.demo.loopback import HOST, free_port
from bot.demo.stage import Stage
from bot.demo.view import Seen
from tests.real.arrivals import Arrivals
from tests.real.servers import GROUP_INTERVAL, GROUP_WAIT, Alertmanager, alert, basic, bearer
from tests.tools.record_webhooks import DIRECTORY, record

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

_TOLERANCE = 5.0
"""Seconds: what a busy machine may add to Alertmanager's own clocks."""
FIRST = (GROUP_WAIT / 2, GROUP_WAIT + _TOLERANCE)
NEXT = (0.0, GROUP_INTERVAL + _TOLERANCE)
"""When the first webhook of a group is seen in the room, and when a later one."""
QUIET = 2 * GROUP_INTERVAL
"""Seconds in which Alertmanager would have sent again."""


def labels(name: str, pod: str = "postgres-1", severity: str = "warning") -> dict[str, str]:
    return {"alertname": name, "severity": severity, "namespace": "data", "pod": pod}


def cards(room: Arrivals, name: str) -> list[Seen]:
    """Return what was said about an alert, edits left out."""
    return [seen for seen in room.about(name) if seen.edits is None]


async def test_an_alert_is_one_card_and_its_end_edits_it(
    stage: Stage, alertmanager: Alertmanager, room: Arrivals
) -> None:
    burning = labels("RealDown", severity="critical")
    alertmanager.post(alert(burning, {"summary": "It has not answered for 2 min."}))
    card = await room.expect("RealDown", between=FIRST)

    alertmanager.post(alert(burning, ended=True))
    told = [await room.expect("RealDown", between=NEXT), await room.expect("RealDown", between=NEXT)]
    end, over = sorted(told, key=lambda seen: seen.edits is None)

    assert (card.kind, card.verdict, card.rev, card.edits) == ("alert-card", "bad", 1, None)
    assert (card.msgtype, card.mentions) == ("m.text", (stage.user_of("anna"),))
    assert "It has not answered for 2 min." in card.body
    assert (end.verdict, end.rev, end.edits) == ("ok", 2, card.event_id)
    assert end.mentions == ()
    # What rang is told to be over in a line of its own, silently, below the card.
    assert (over.msgtype, over.mentions, over.replies_to) == ("m.notice", (), card.event_id)
    await room.nothing("RealDown", QUIET)


async def test_alerts_of_one_group_are_one_card(alertmanager: Alertmanager, room: Arrivals) -> None:
    alertmanager.post(alert(labels("RealGroup", "postgres-1")), alert(labels("RealGroup", "postgres-2")))
    card = await room.expect("RealGroup", between=FIRST)

    alertmanager.post(alert(labels("RealGroup", "postgres-3")))
    grown = await room.expect("RealGroup", between=NEXT)
    alertmanager.post(alert(labels("RealGroup", "postgres-1"), ended=True))
    shrunk = await room.expect("RealGroup", between=NEXT)

    assert "postgres-1" in card.body
    assert "postgres-2" in card.body
    assert (grown.edits, shrunk.edits) == (card.event_id, card.event_id)
    assert "postgres-3" in grown.body
    # Alertmanager calls the whole group firing as long as one of it is.
    assert shrunk.verdict == "warn"
    assert cards(room, "RealGroup") == [card]


async def test_fifty_alerts_of_one_group_are_one_message(alertmanager: Alertmanager, room: Arrivals) -> None:
    note = {"summary": "The volume is nearly full", "description": "x" * 200}
    alertmanager.post(*(alert(labels("RealFifty", f"pod-{number}"), note) for number in range(50)))

    card = await room.expect("RealFifty", between=FIRST)

    assert "50" in card.body.splitlines()[0]
    await room.nothing("RealFifty", QUIET)


async def test_what_fired_while_the_bot_was_down_arrives_once_when_it_is_back(
    stage: Stage, alertmanager: Alertmanager, room: Arrivals
) -> None:
    await stage.stop_bot()
    try:
        _, before = alertmanager.webhooks()
        alertmanager.post(alert(labels("RealLate")))
        await until(lambda: alertmanager.webhooks()[1] > before)
    finally:
        await stage.start_bot()

    # It tries again with growing pauses for ten seconds, then at the next turn of the group.
    await room.expect("RealLate", between=(0.0, 10 + GROUP_INTERVAL + _TOLERANCE))

    await room.nothing("RealLate", QUIET)


async def test_what_is_silenced_is_not_told_until_the_silence_ends(alertmanager: Alertmanager, room: Arrivals) -> None:
    silence = alertmanager.silence("RealSilenced")
    alertmanager.post(alert(labels("RealSilenced")))
    await room.nothing("RealSilenced", QUIET)

    alertmanager.expire(silence)

    card = await room.expect("RealSilenced", between=NEXT)
    assert card.verdict == "warn"


@pytest.mark.parametrize("scheme", [bearer, basic])
async def test_the_token_is_taken_in_either_scheme(
    stage: Stage,
    alertmanager_binary: Path,
    tmp_path: Path,
    room: Arrivals,
    scheme: Callable[[str], Mapping[str, Any]],
) -> None:
    name = f"Real{scheme.__name__.title()}"
    server = Alertmanager(alertmanager_binary, tmp_path, f"{stage.url}/alerts/ops", scheme(stage.webhook_token))
    with running(server):
        server.post(alert(labels(name)))

        await room.expect(name, between=FIRST)

        assert server.webhooks() == (1, 0)


@pytest.mark.slow
@pytest.mark.parametrize("gossip", [True, False], ids=["paired", "cut apart"])
async def test_two_alertmanagers_that_both_post_are_one_card(
    stage: Stage, alertmanager_binary: Path, tmp_path: Path, room: Arrivals, gossip: bool
) -> None:
    name = "RealPair" if gossip else "RealApart"
    with running(*pair(stage, alertmanager_binary, tmp_path, gossip=gossip)) as both:
        await until(lambda: not gossip or all(server.peers() == 2 for server in both))
        for status in ("firing", "resolved"):
            begins = alert(labels(name), ended=status == "resolved")
            for server in both:
                server.post(begins)
            await room.expect(name, between=FIRST if status == "firing" else NEXT)
            await room.nothing(name, QUIET)

        # Cut apart, both must have posted twice; paired, whoever hears of the other's post in time keeps quiet.
        sent = [server.webhooks() for server in both]
        assert all(failed == 0 for _, failed in sent)
        assert sent == [(2, 0), (2, 0)] if not gossip else sum(posts for posts, _ in sent) >= 2

    card, end = room.about(name)
    assert (card.edits, end.edits) == (None, card.event_id)


async def test_an_alertmanager_that_lost_its_notification_log_adds_nothing(
    stage: Stage, alertmanager_binary: Path, tmp_path: Path, room: Arrivals
) -> None:
    server = Alertmanager(alertmanager_binary, tmp_path, f"{stage.url}/alerts/ops", bearer(stage.webhook_token))
    burning = alert(labels("RealForgot"))
    with running(server):
        server.post(burning)
        card = await room.expect("RealForgot", between=FIRST)

        server.forget_what_it_told()
        server.post(burning)
        await until(lambda: server.webhooks() == (1, 0))
        await room.nothing("RealForgot", QUIET)
        server.post(alert(labels("RealForgot"), ended=True))
        end = await room.expect("RealForgot", between=NEXT)

    assert (end.edits, end.verdict) == (card.event_id, "ok")


async def test_the_recorded_webhooks_are_what_alertmanager_sends(alertmanager_binary: Path, tmp_path: Path) -> None:
    sent = await asyncio.to_thread(record, alertmanager_binary, tmp_path)

    for name, body in sent.items():
        recorded = json.loads((DIRECTORY / f"{name}.json").read_bytes())
        assert timeless(body) == timeless(recorded)


def timeless(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a webhook's body without the moments, which are never the same, and its alerts in a certain order."""
    moments = ("startsAt", "endsAt")
    alerts = [{name: value for name, value in each.items() if name not in moments} for each in body["alerts"]]
    assert all(set(moments) <= set(each) for each in body["alerts"])
    return {**body, "alerts": sorted(alerts, key=itemgetter("fingerprint"))}


def pair(stage: Stage, binary: Path, directory: Path, *, gossip: bool) -> list[Alertmanager]:
    """Return two Alertmanagers of the same configuration, that know of each other or do not."""
    ports = (free_port(), free_port())
    both = []
    for number, (own, other) in enumerate([ports, ports[::-1]]):
        place = directory / str(number)
        place.mkdir()
        both.append(
            Alertmanager(
                binary,
                place,
                f"{stage.url}/alerts/ops",
                bearer(stage.webhook_token),
                gossip=(own, other) if gossip else None,
            )
        )
    return both


@contextmanager
def running(*servers: Alertmanager) -> Iterator[tuple[Alertmanager, ...]]:
    """Start servers, and stop those that were started."""
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.stop()


async def until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until something is so; raise TimeoutError."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - another process knows, and does not say
            await asyncio.sleep(0.05)


async def test_it_tells_where_it_posts_and_keeps_the_token_to_itself(stage: Stage, alertmanager: Alertmanager) -> None:
    async with Http() as http:
        told = await AlertmanagerApi(http, f"http://{HOST}:{alertmanager.port}").webhooks()

    # From 0.26 on the address is hidden.
    assert set(told) <= {f"{stage.url}/alerts/ops", HIDDEN}
    assert told
