"""The real servers the tests share: one Synapse and one OpenBao for the whole run, started on first use."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from bot.demo.homeserver import Homeserver
from bot.demo.openbao import OpenBao

# The same cases every time, so that a change is judged by what it changed; the profile `explore` looks for new ones.
_HURRIED = [HealthCheck.too_slow]
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=_HURRIED)
settings.register_profile("explore", deadline=None, suppress_health_check=_HURRIED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """A running homeserver with generous limits; make your own users and rooms. Leave it running."""
    server = Homeserver(tmp_path_factory.mktemp("homeserver"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A running OpenBao, initialised (`openbao.keys`) and unsealed; leave it unsealed."""
    server = OpenBao(tmp_path_factory.mktemp("openbao"))
    try:
        server.start()
        server.unseal(server.initialise().shares[:3])
        yield server
    finally:
        server.stop()
