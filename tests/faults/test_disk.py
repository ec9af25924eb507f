"""A disk that is full while the bot runs, a directory that somebody else works in, a file from the future."""

import asyncio
import json
import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.demo.monitoring.payloads import webhook_body
from bot.demo.ordeal import alerts
from bot.demo.stage import Stage
from tests.faults.conftest import Witness

pytestmark = pytest.mark.real
_SECONDS = 15


@contextmanager
def full_disk(stage: Stage) -> Iterator[None]:
    """Let no file of the bot grow beyond what its write-ahead log is now; the bot's own log is shorter by far."""
    size = (stage.directory / "state" / "opsbot.db-wal").stat().st_size
    _, hard = resource.prlimit(stage.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(stage.pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(stage.pid, resource.RLIMIT_FSIZE, (hard, hard))


async def readiness(stage: Stage) -> tuple[int, list[str]]:
    async with aiohttp.ClientSession() as session, session.get(f"{stage.url}/readyz") as answer:
        return answer.status, list((await answer.json())["lacking"])


async def run_again(stage: Stage) -> tuple[int | None, str]:
    """Run the bot's script beside, or instead of, the bot; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("opsbot"), "run", "--config", stage.config, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_SECONDS):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, said.decode()


async def test_a_full_disk_promises_nothing_and_all_is_well_once_there_is_room(stage: Stage, witness: Witness) -> None:
    await stage.start_bot()
    for number in range(20):
        await witness.posts.tell(f"Before{number}", {f"pod{number}": True})
    await witness.until_kept()

    with full_disk(stage):
        status = await witness.posts.post(webhook_body(alerts("Meanwhile", {"pod": True}, "warning")))
        ready = await readiness(stage)
        await witness.say("!announce lunch --yes")
        await witness.until(lambda: not witness.verdict().unanswered)
    refused = witness.bodies()[-1]
    await witness.posts.tell("Meanwhile", {"pod": True})
    await witness.say("!audit 2")
    verdict = await witness.until_kept()

    assert status == 503
    assert ready == (503, ["database"])
    assert "my database cannot write" in refused
    assert verdict.breaches == {}
    assert not any(seen.key.startswith("announce:") for seen in witness.view.seen)
    assert await readiness(stage) == (200, [])


async def test_what_was_asked_while_the_disk_was_full_is_not_done_later(stage: Stage, witness: Witness) -> None:
    """It was refused, and whoever asked has turned to something else."""
    await stage.start_bot()
    await witness.posts.tell("Before", {"pod": True})
    await witness.until_kept()

    with full_disk(stage):
        await witness.say("!announce lunch --yes")
        await witness.until(lambda: not witness.verdict().unanswered)
    await witness.say("!audit 5")
    verdict = await witness.until_kept()
    trail = witness.bodies()[-1]

    assert verdict.breaches == {}
    assert not any(seen.key.startswith("announce:") for seen in witness.view.seen)
    assert "announce" not in trail or "refused" in trail


async def test_a_second_process_on_the_same_directory_leaves_at_once_and_says_why(stage: Stage) -> None:
    await stage.start_bot()

    code, said = await run_again(stage)

    assert code == 1
    assert "another bot works in" in said
    assert "Traceback" not in said


async def test_a_state_file_of_a_newer_version_is_refused_in_words(stage: Stage) -> None:
    state = stage.directory / "state"
    state.mkdir()
    with sqlite3.connect(state / "opsbot.db") as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()

    code, said = await run_again(stage)

    assert code == 1
    assert "newer version (99)" in said
    assert "Traceback" not in said


async def test_a_broken_state_file_is_refused_in_words(stage: Stage) -> None:
    state = stage.directory / "state"
    state.mkdir()
    (state / "opsbot.db").write_bytes(json.dumps("no database").encode() * 1000)

    code, said = await run_again(stage)

    assert code == 1
    assert "cannot be opened" in said
    assert "Traceback" not in said
