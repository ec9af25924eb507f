"""The KV version 2 store: what there is, by names, versions and ages; values only ever go in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.clients.openbao import NEIGHBOUR
from bot.clients.openbao_account import Account
from bot.core.errors import Unreachable
from bot.core.kv import History, Version


class KeyValues:
    """One mount, asked as ourselves; paths come from `bot.core.kv.read_path`. Raises as `Account.ask` does."""

    def __init__(self, account: Account, mount: str) -> None:
        self.account = account
        self._mount = mount

    def name(self, path: str) -> str:
        """Return a path as people write it, the mount before it."""
        return f"{self._mount}/{path}" if path else self._mount

    async def list(self, path: str) -> tuple[str, ...]:
        """Return the names below a path, folders with a slash behind; raise Missing where nothing is below it."""
        answer = await self.account.ask(
            f"list {self.name(path)}",
            lambda client: client.secrets.kv.v2.list_secrets(path, mount_point=self._mount),
        )
        names = _data(answer).get("keys")
        if not isinstance(names, list):
            raise Unreachable(NEIGHBOUR, "unreadable answer")
        return tuple(map(str, names))

    async def history(self, path: str) -> History:
        """Return a secret's versions; raise Missing for a path without a secret."""
        answer = await self.account.ask(
            f"read the versions of {self.name(path)}",
            lambda client: client.secrets.kv.v2.read_secret_metadata(path, mount_point=self._mount),
        )
        try:
            found = [_version(int(number), each) for number, each in _data(answer)["versions"].items()]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error
        return History(tuple(sorted(found, key=lambda version: version.number, reverse=True)))

    async def fields(self, path: str) -> tuple[str, ...]:
        """Return the key names of a secret's newest version: OpenBao leaves the values out before it answers.

        Raises Missing where there is none, or it is deleted.
        """
        where = f"/v1/{quote(self._mount)}/subkeys/{quote(path)}"
        answer = await self.account.ask(
            f"read the key names of {self.name(path)}", lambda client: client.adapter.get(where, params={"depth": 1})
        )
        names = _data(answer).get("subkeys")
        if not isinstance(names, dict):
            raise Unreachable(NEIGHBOUR, "unreadable answer")
        return tuple(names)

    async def write(self, path: str, fields: Mapping[str, str], *, cas: int) -> int:
        """Replace a secret whole, if `cas` still is its newest version (0: if there is none); return the new version.

        Raises Rejected when somebody wrote it meanwhile.
        """
        answer = await self.account.ask(
            f"write {self.name(path)}",
            lambda client: client.secrets.kv.v2.create_or_update_secret(
                path, dict(fields), cas=cas, mount_point=self._mount
            ),
        )
        version = _data(answer).get("version")
        if not isinstance(version, int):
            raise Unreachable(NEIGHBOUR, "unreadable answer")
        return version


def _data(answer: Mapping[str, Any]) -> dict[str, Any]:
    found = answer.get("data")
    return found if isinstance(found, dict) else {}


def _version(number: int, said: Mapping[str, Any]) -> Version:
    deleted = datetime.fromisoformat(said["deletion_time"]) if said["deletion_time"] else None
    return Version(number, datetime.fromisoformat(said["created_time"]), deleted, said["destroyed"] is True)
