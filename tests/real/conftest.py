"""A stage whose Alertmanager is the distribution's own; without the binaries these tests are skipped, and say so."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.homeserver import Homeserver
from bot.demo.loopback import HOST, free_port
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from tests.real.arrivals import Arrivals
from tests.real.servers import Alertmanager, bearer

_UNPACKED = Path(__file__).parents[2] / ".ci" / "monitoring" / "usr" / "bin"
# Debian's build reads it from there and ends without it; upstream's carries it within.
_TEMPLATE = Path("/usr/share/prometheus/alertmanager/default.tmpl")
_NUMBERS = itertools.count(1)


def _find(*names: str) -> Path:
    for name in names:
        if found := shutil.which(name) or shutil.which(name, path=_UNPACKED):
            return Path(found)
    pytest.skip(f"{names[0]} is not here; .ci/fetch-monitoring unpacks it where apt-get can be used")


@pytest.fixture(scope="session")
def alertmanager_binary() -> Path:
    """Alertmanager, from the PATH or unpacked by .ci/fetch-monitoring."""
    found = _find("prometheus-alertmanager", "alertmanager")
    if found.name == "prometheus-alertmanager" and not _TEMPLATE.exists():
        pytest.skip(f"Alertmanager is here, but not its {_TEMPLATE}; .ci/fetch-monitoring links it where it may")
    return found


@pytest.fixture(scope="session")
def prometheus_binary() -> Path:
    """Prometheus, from the PATH or unpacked by .ci/fetch-monitoring."""
    return _find("prometheus")


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    """Where Alertmanager and Prometheus will be."""
    return free_port(), free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory,
    alertmanager_binary: Path,
    homeserver: Homeserver,
    openbao: OpenBao,
    ports: tuple[int, int],
) -> AsyncIterator[Stage]:
    """The bot in a room of its own, told of a real Alertmanager and a real Prometheus."""
    names = ("alertmanager", "prometheus")
    stage = Stage(
        tmp_path_factory.mktemp("real"),
        homeserver=homeserver,
        openbao=openbao,
        name=f"real{next(_NUMBERS)}",
        settings={
            "limits": {"reconcile": 10, "storm": 0},
            **{name: {"url": f"http://{HOST}:{port}"} for name, port in zip(names, ports, strict=True)},
        },
    )
    async with stage:
        await stage.start_bot()
        yield stage


@pytest.fixture(scope="module")
def alertmanager(
    stage: Stage, alertmanager_binary: Path, ports: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Alertmanager]:
    """The Alertmanager that the bot knows; it groups by name and posts to the bot."""
    server = Alertmanager(
        alertmanager_binary,
        tmp_path_factory.mktemp("alertmanager"),
        f"{stage.url}/alerts/ops",
        bearer(stage.webhook_token),
        port=ports[0],
    )
    server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def room(stage: Stage) -> Arrivals:
    """The room, seen from now on."""
    arrivals = Arrivals(stage)
    await asyncio.wait_for(arrivals.open(), 10)
    return arrivals
