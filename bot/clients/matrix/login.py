"""Our login, kept in a file so that a restart is the same device: transaction ids and keys belong to the device."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.names import UserId


@dataclass(frozen=True, slots=True)
class Login:
    """A device the homeserver knows, and the token that proves it is us."""

    user: UserId
    device_id: str
    access_token: str = field(repr=False)


def kept(path: Path, user: UserId) -> Login | None:
    """Return the login kept for `user`, None when there is none or it is damaged: then the password gives a new one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        login = Login(UserId(str(found["user"])), str(found["device_id"]), str(found["access_token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return login if login.user == user else None


def keep(path: Path, login: Login) -> None:
    """Write the login so that a crash leaves the old one or the new one, readable by us only."""
    found = {"user": login.user, "device_id": login.device_id, "access_token": login.access_token}
    write_secret(path, json.dumps(found))


def write_secret(path: Path, text: str) -> None:
    """Write a file for our eyes only, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
