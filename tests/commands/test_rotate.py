"""`!rotate` with the real OpenBao: what is written and followed, what a crash leaves, what is refused before it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.command import ActionContext, Context
from bot.core.errors import Denied, NotBegun, Rejected, Sealed, UsageError
from bot.core.facts import Verdict
from bot.core.syncs import Outcome
from bot.demo import openbao as demo
from bot.demo import vault
from commands.rotate import preview, rotate
from commands.rotating import RotationReport
from tests.commands.conftest import House, acting

pytestmark = pytest.mark.real
RAW = bytes(range(32))


@pytest.fixture
async def at_home(house: House, openbao: demo.OpenBao) -> AsyncIterator[Context]:
    """The house with the real OpenBao in it, and the operator that reads there."""
    house.bao_urls = (openbao.url,)
    async with house.open() as ctx:
        house.jwt = await asyncio.to_thread(vault.furnish, openbao, house.cluster)
        house.cluster.controllers.vault_secrets.source = vault.versions(openbao)
        await ctx.neighbours.kubernetes.open()
        yield ctx


def stored(bao: demo.OpenBao, path: str) -> dict[str, Any]:
    found: dict[str, Any] = bao.call("GET", f"/v1/secret/data/{path}", token=bao.keys.root_token)["data"]
    return found


async def confirmed(ctx: Context, path: str, **given: Any) -> ActionContext:
    """Return the context of an action that was confirmed as things are now."""
    facts = {"target": (await preview(ctx, path)).target, "new_secret": lambda length: RAW[:length]}
    return acting(ctx, **facts | given)


async def rotated(ctx: ActionContext, path: str) -> RotationReport:
    found: RotationReport = await rotate.handler(ctx, path)
    return found


async def test_one_key_gets_a_value_made_here_and_every_step_is_followed(
    house: House, at_home: Context, openbao: demo.OpenBao
) -> None:
    before = stored(openbao, "messages")

    report = await rotated(await confirmed(at_home, "secret/messages/django-secret"), "secret/messages/django-secret")

    after = stored(openbao, "messages")
    assert after["data"] == before["data"] | {"django-secret-key": RAW.hex()}
    assert (report.version, report.verdict) == (before["metadata"]["version"] + 1, Verdict.OK)
    assert [sync.outcome for sync in report.pickup.syncs] == [Outcome.NEW]
    assert [(each.place, each.done) for each in report.pickup.rollouts] == [("lasuite/messages-backend", True)]
    assert RAW.hex() not in repr((house.shown, report))


async def test_after_a_crash_nothing_is_written_again_and_what_was_is_followed(
    at_home: Context, openbao: demo.OpenBao
) -> None:
    ctx = await confirmed(at_home, "secret/people/django-secret")
    with pytest.raises(NotBegun):
        await rotated(await confirmed(at_home, "people/django-secret", again=True), "people/django-secret")
    await rotated(ctx, "secret/people/django-secret")
    version = stored(openbao, "people")["metadata"]["version"]

    report = await rotated(
        acting(at_home, target=ctx.target, again=True, decided=ctx.decided), "secret/people/django-secret"
    )

    assert stored(openbao, "people")["metadata"]["version"] == report.version == version
    assert [(each.place, each.done) for each in report.pickup.rollouts] == [("lasuite/people-backend", True)]


async def test_nothing_is_written_over_what_somebody_wrote_meanwhile(at_home: Context, openbao: demo.OpenBao) -> None:
    ctx = await confirmed(at_home, "secret/drive/django-secret")
    values = {"data": {"django-secret-key": "somebody-else"}}
    openbao.call("POST", "/v1/secret/data/drive", values, token=openbao.keys.root_token)

    with pytest.raises(Rejected, match="somebody wrote it meanwhile"):
        await rotated(ctx, "secret/drive/django-secret")

    assert stored(openbao, "drive")["data"] == values["data"]


async def test_what_nobody_picks_up_is_a_warning(at_home: Context, openbao: demo.OpenBao) -> None:
    values = {"data": {"token": "old"}}
    openbao.call("POST", "/v1/secret/data/lonely", values, token=openbao.keys.root_token)

    report = await rotated(await confirmed(at_home, "secret/lonely/token"), "secret/lonely/token")

    assert (report.made, report.pickup.syncs, report.verdict) == (True, (), Verdict.WARN)


async def test_sealed_between_question_and_answer_nothing_is_done(at_home: Context, openbao: demo.OpenBao) -> None:
    ctx = await confirmed(at_home, "secret/meet/django-secret")
    openbao.seal()
    try:
        with pytest.raises(Sealed):
            await rotated(ctx, "secret/meet/django-secret")
    finally:
        openbao.unseal(openbao.keys.shares[:3])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("secret/hydra/system-secret", "No random value fits secret/hydra system-secret: Hydra reads its database"),
        ("secret/messages", "secret/messages has no key “value”"),
        ("secret/nowhere", "No secret “secret/nowhere”"),
    ],
)
async def test_what_cannot_be_rotated_is_said_before_anybody_is_asked(at_home: Context, path: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        await preview(at_home, path)

    assert refused.value.problem.startswith(words)


async def test_what_the_api_server_would_refuse_is_said_before_anything_is_written(
    house: House, at_home: Context
) -> None:
    house.cluster.access.deny("patch", "vaultstaticsecrets", group="secrets.hashicorp.com")

    with pytest.raises(Denied, match="may not patch vaultstaticsecrets lasuite/messages-django-secret"):
        await preview(at_home, "secret/messages/django-secret")


@pytest.mark.parametrize("line", ["secret/messages KEY=hunter2", "secret/messages KEY --random 4"])
def test_a_typed_or_guessable_value_is_refused_and_not_repeated(line: str) -> None:
    with pytest.raises(UsageError) as refused:
        rotate.bind(tuple(line.split()))

    assert "hunter2" not in f"{refused.value.problem}{refused.value.hint}"
