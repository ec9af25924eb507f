"""The barest receiver there can be: a webhook comes in, its message is PUT at once, then it is answered.

Nothing is kept, merged or tried again; it is the floor under everything that stands between Alertmanager and a room.
Started by the benchmark as a process of its own: `python -m benchmarks.receiver PORT URL-OF-THE-ROOM`, with the token
in BARE_TOKEN and the message, `@MARK@` for its mark, in the file BARE_CONTENT.
"""

import os
import sys
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import aiohttp
from aiohttp import web


async def _session(app: web.Application) -> AsyncIterator[None]:
    headers = {"Authorization": f"Bearer {os.environ['BARE_TOKEN']}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers, trust_env=False) as session:
        app[_SESSION] = session
        yield


async def _take(request: web.Request) -> web.Response:
    body = await request.json()
    message = _CONTENT.replace("@MARK@", body["groupLabels"]["alertname"])
    url = f"{_ROOM}/send/m.room.message/bare-{os.getpid()}-{next(_COUNT)}"
    try:
        async with request.app[_SESSION].put(url, data=message.encode()) as response:
            await response.read()
            return web.Response(status=200 if response.ok else 502)
    except aiohttp.ClientError:
        return web.Response(status=502)


if __name__ == "__main__":
    _PORT, _ROOM = int(sys.argv[1]), sys.argv[2]
    _CONTENT = Path(os.environ["BARE_CONTENT"]).read_text(encoding="utf-8")
    _COUNT = count()
    _SESSION = web.AppKey("session", aiohttp.ClientSession)
    application = web.Application()
    application.cleanup_ctx.append(_session)
    application.router.add_post("/alerts/ops", _take)
    web.run_app(application, host="127.0.0.1", port=_PORT, print=None, access_log=None)
