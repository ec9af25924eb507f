"""The demo's OpenBao has a real seal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.openbao import OpenBao, OpenBaoRefused

pytestmark = pytest.mark.real


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OpenBao]:
    server = OpenBao(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_three_of_five_shares_open_it_and_a_crash_seals_it_again(own: OpenBao) -> None:
    keys = own.initialise()
    own.unseal(keys.shares[:2])
    after_two = own.status()
    own.unseal(keys.shares[2:3])
    after_three = own.status()

    own.kill()
    own.start()

    assert (after_two["sealed"], after_two["progress"]) == (True, 2)
    assert after_three["sealed"] is False
    assert own.status()["sealed"] is True


def test_before_it_is_initialised_nothing_can_seal_it(own: OpenBao) -> None:
    assert own.status()["initialized"] is False

    with pytest.raises(OpenBaoRefused):
        own.seal()


def test_what_is_written_is_read_again_after_sealing(openbao: OpenBao) -> None:
    token = openbao.keys.root_token
    openbao.call("POST", "/v1/sys/mounts/shelf", {"type": "kv"}, token=token)
    openbao.call("PUT", "/v1/shelf/tea", {"kind": "green"}, token=token)

    openbao.seal()
    openbao.unseal(openbao.keys.shares[2:])

    assert openbao.call("GET", "/v1/shelf/tea", token=token)["data"] == {"kind": "green"}


def test_the_keys_do_not_show_in_a_repr(openbao: OpenBao) -> None:
    shown = repr(openbao.keys)

    assert openbao.keys.root_token not in shown
    assert not any(share in shown for share in openbao.keys.shares)
