"""The KV version 2 store: what there is, by names, versions and ages; values go in, and never come out of here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.clients.openbao import NEIGHBOUR
from bot.clients.openbao_account import Account
from bot.core.errors import Missing, Unreachable
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

    async def fields(self, path: str, version: int = 0) -> tuple[str, ...]:
        """Return the key names of one version (0: the newest): OpenBao leaves the values out before it answers.

        Raises Missing where there is none, or it is deleted.
        """
        where = f"/v1/{quote(self._mount)}/subkeys/{quote(path)}"
        about = {"depth": 1, "version": version}
        answer = await self.account.ask(
            f"read the key names of {self.name(path)}", lambda client: client.adapter.get(where, params=about)
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
        return _written(answer)

    async def patch(self, path: str, fields: Mapping[str, str], *, cas: int) -> int:
        """Set some keys of a secret and leave the others, if `cas` still is its newest version; return the new one.

        OpenBao itself puts old and new together, so that no value is read for it. Raises Rejected when somebody
        wrote it meanwhile, Missing where there is nothing to patch.
        """
        where = f"/v1/{quote(self._mount)}/data/{quote(path)}"
        body = {"data": dict(fields), "options": {"cas": cas}}
        kind = {"Content-Type": "application/merge-patch+json"}
        answer = await self.account.ask(
            f"write {self.name(path)}", lambda client: client.adapter.request("patch", where, json=body, headers=kind)
        )
        return _written(answer)

    async def put_back(self, path: str, version: int, *, cas: int) -> int:
        """Write an earlier version's values once more, if `cas` still is the newest version; return the new version.

        They pass through one thread's memory. Raises Missing when that version is gone, Rejected as `write` does.
        """

        def again(client: Any) -> Any:
            kv = client.secrets.kv.v2
            old = kv.read_secret_version(path, version=version, mount_point=self._mount, raise_on_deleted_version=True)[
                "data"
            ]["data"]
            return kv.create_or_update_secret(path, old, cas=cas, mount_point=self._mount)

        return _written(await self.account.ask(f"put version {version} of {self.name(path)} back", again))

    async def holds(self, path: str, version: int, fields: Mapping[str, str]) -> bool:
        """Tell whether a version has these values: after a cut answer, whether it was we who wrote it."""

        def same(client: Any) -> dict[str, Any]:
            found = client.secrets.kv.v2.read_secret_version(
                path, version=version, mount_point=self._mount, raise_on_deleted_version=True
            )["data"]["data"]
            return {"same": all(found.get(name) == value for name, value in fields.items())}

        try:
            return bool((await self.account.ask(f"read version {version} of {self.name(path)}", same))["same"])
        except Missing:
            return False


def _written(answer: Mapping[str, Any]) -> int:
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
