"""A homeserver that is not there, at the start or in between: alerts are taken, and told afterwards in their order."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from bot.demo.homeserver import Homeserver
from bot.demo.ledgers import Promised, first_shown, inversions
from bot.demo.openbao import OpenBao
from bot.demo.ordeal import Sender, sender
from bot.demo.proxy import FaultyProxy
from bot.demo.stage import Stage
from tests.faults.conftest import Witness

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
async def mortal(tmp_path: Path, openbao: OpenBao) -> AsyncIterator[Stage]:
    """A stage with a homeserver of its own, which may be killed."""
    homeserver = Homeserver(tmp_path / "homeserver")
    await asyncio.to_thread(homeserver.start)
    try:
        settings = {"limits": {"storm": 0}}
        async with Stage(tmp_path / "stage", homeserver=homeserver, openbao=openbao, settings=settings) as stage:
            yield stage
    finally:
        await asyncio.to_thread(homeserver.stop)


@pytest.fixture
async def watching(mortal: Stage) -> AsyncIterator[Witness]:
    async with sender(mortal, Promised()) as posts:
        witness = Witness(mortal, posts)
        await witness.view.open()
        yield witness


async def test_alerts_are_taken_while_the_homeserver_is_away_and_told_in_order_afterwards(
    mortal: Stage, watching: Witness
) -> None:
    homeserver, posts = mortal.homeserver, watching.posts
    assert homeserver

    homeserver.kill()
    await mortal.start_bot(ready=False)
    await mortal.until_ready("/livez")
    await _tell(posts, "Early", 0.1)
    await asyncio.to_thread(homeserver.start)
    at_start = await watching.until_kept()

    homeserver.kill()
    await _tell(posts, "Amid", 0.1)
    await asyncio.to_thread(homeserver.start)
    in_between = await watching.until_kept()

    homeserver.pause()
    await _tell(posts, "Hung", 0.1)
    homeserver.resume()
    await watching.say("!audit 1")
    hung = await watching.until_kept()

    assert (at_start.breaches, in_between.breaches, hung.breaches) == ({}, {}, {})
    assert set(posts.statuses) == {200} | ({0} if posts.statuses[0] == 0 else set())
    assert _inversions(watching) == 0


async def test_cards_appear_in_the_order_in_which_their_alerts_were_taken(stage: Stage, witness: Witness) -> None:
    await stage.start_bot()

    await _tell(witness.posts, "Paced", 0.15)
    verdict = await witness.until_kept()

    assert verdict.breaches == {}
    assert _inversions(witness) == 0


async def _tell(posts: Sender, name: str, pause: float) -> None:
    for number in range(6):
        await posts.tell(f"{name}{number}", {f"{name}-{number}end": True})
        await asyncio.sleep(pause)


def _inversions(witness: Witness) -> int:
    return inversions(witness.promised.groups, first_shown(witness.promised, witness.view.seen, witness.stage.user))


async def test_a_room_known_by_its_alias_gets_what_was_taken_before_it_could_be_looked_up(
    stage: Stage, witness: Witness, proxy: FaultyProxy
) -> None:
    alias = f"#{stage.name}:demo.test"
    assert stage.homeserver
    path = f"/_matrix/client/v3/directory/room/{quote(alias)}"
    stage.homeserver.call("PUT", path, {"room_id": stage.room}, by=stage.sessions["anna"])
    config = yaml.safe_load(stage.config.read_text())
    stage.config.write_text(yaml.safe_dump({**config, "rooms": {"ops": alias}}))

    proxy.down = True
    await stage.start_bot(ready=False)
    await stage.until_ready("/livez")
    await witness.posts.tell("Early", {"early": True})
    proxy.down = False
    await witness.until(lambda: any("Early" in seen.body for seen in witness.view.seen))
    await witness.posts.tell("Early", {"early": False})

    verdict = await witness.until_kept()
    assert verdict.breaches == {}
