"""The log never holds a secret, by whatever way one gets there."""

import json
import subprocess
import sys

import pytest

SECRET = "hvs.CAESIJ3kqpZ8wXv0aR1kqpZ8wXv0aR"
SETUP = f"""
import asyncio, logging, structlog
from bot.logs import set_up
set_up("FORM", debug=True)
log, SECRET = structlog.get_logger("test"), {SECRET!r}
class Thing:
    def __repr__(self): return SECRET
def fail():
    raise ValueError(f"no such token {{SECRET}}")
"""
WAYS = {
    "value": "log.info('said', reason=f'no {SECRET}')",
    "named": "log.info('said', password='hunter2-canary')",
    "inside": "log.info('said', rows=[{'a': SECRET}, (SECRET,)], thing=Thing())",
    "event": "log.debug(f'said {SECRET}')",
    "traceback": "\ntry:\n    fail()\nexcept ValueError:\n    log.exception('broken')",
    "chained": "\ntry:\n    fail()\nexcept ValueError as e:\n    try:\n        raise RuntimeError('x') from e\n"
    "    except RuntimeError:\n        log.exception('broken')",
    "vendor": "logging.getLogger('vendor').warning('said %s', SECRET)",
    "vendor's traceback": "\ntry:\n    fail()\nexcept ValueError:\n    logging.getLogger('vendor').exception('broken')",
    "last words": "fail()",
    "task": "\nasync def main():\n    task = asyncio.create_task(failing())\n    await asyncio.sleep(0)\n    del task\n"
    "async def failing(): fail()\nasyncio.run(main())",
}


def logged(form: str, code: str) -> str:
    """Return what a process writes that does this."""
    done = subprocess.run(
        [sys.executable, "-c", SETUP.replace("FORM", form) + code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("form", ["json", "pretty"])
@pytest.mark.parametrize("way", WAYS)
def test_no_secret_reaches_the_log(form: str, way: str) -> None:
    text = logged(form, WAYS[way])

    assert text.strip()
    assert "[secret]" in text
    assert SECRET not in text
    assert "hunter2-canary" not in text


def test_what_is_no_secret_is_logged_as_it_is() -> None:
    text = logged(
        "json",
        "log.info('outbox.delivered', key='alert:3fa93fa93fa93fa93fa93fa9', rev=2, room='!abc:example.org', ok=True, "
        "event_id='$kq2TtIaPCfJXzE7Lw9sYm4Vb0uHnG5dR1oKpQxA6e8w', nothing=None, took=0.5)",
    )

    line = json.loads(text)
    assert (line["key"], line["rev"], line["ok"], line["nothing"], line["took"]) == (
        "alert:3fa93fa93fa93fa93fa93fa9",
        2,
        True,
        None,
        0.5,
    )
    assert line["event_id"].startswith("$kq2")
