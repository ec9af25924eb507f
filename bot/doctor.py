"""`opsbot doctor`: what `!doctor` answers, in a terminal: before a bot runs, or beside one that does."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from pydantic import SecretStr

from bot.app import App
from bot.clients.matrix.login import Login, kept
from bot.command import Request
from bot.config import Settings
from bot.core.errors import OpsError
from bot.core.facts import Unknown
from bot.core.names import EventId, RequestId, RoomId
from bot.flow.live import Live
from commands.doctor import DoctorReport, doctor
from formatters import FORMATTERS
from formatters.render import render


def examine(settings: Settings, cluster: str) -> int:
    """Print what was found; return 0 when nothing has to be changed, 1 when something has, 2 when it is not known.

    Raises UsageError for a cluster that is not configured.
    """
    report = asyncio.run(_report(settings, cluster))
    rendered = render(report, formatters=FORMATTERS)
    print(rendered.body)  # noqa: T201 - the terminal is the room here
    if rendered.file:
        print(f"\n{rendered.file.text}", end="")  # noqa: T201 - as above
    return report.exit_code


async def _report(settings: Settings, cluster: str) -> DoctorReport:
    login = kept(settings.state / "matrix" / "login.json", settings.matrix.user)
    app = App(_quiet(settings, login))
    now = app.system.now()
    request = Request(RequestId("doctor"), EventId(""), RoomId(""), settings.matrix.user, now, now)
    ctx = app.context(Live(request, doctor.verb))
    ctx = replace(ctx, neighbours=ctx.neighbours.at(cluster))
    async with AsyncExitStack() as opened:
        for client in (app.http, ctx.neighbours.kubernetes, app.matrix):
            opened.push_async_callback(client.close)
        await app.http.open()
        with suppress(OpsError):
            # The vendor takes seconds to load, which is not the API server's time; a refusal is found again and told.
            await ctx.neighbours.kubernetes.open()
        report: DoctorReport = await doctor.handler(ctx)
    if login is None and not _has_token(settings):
        return replace(report, rooms=Unknown("no login yet: start the bot once"))
    return report


def _quiet(settings: Settings, login: Login | None) -> Settings:
    """Return settings that never log in and touch no keys: a new login would end that of the bot that runs."""
    changed: dict[str, object] = {"encryption": False, "password": None, "password_file": None}
    if not _has_token(settings):
        changed["access_token"] = SecretStr(login.access_token if login else "")
    return settings.model_copy(update={"matrix": settings.matrix.model_copy(update=changed)})


def _has_token(settings: Settings) -> bool:
    return bool(settings.matrix.access_token or settings.matrix.access_token_file)
