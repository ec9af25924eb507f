"""Secrets in OpenBao's KV version 2, as the bot may know them: paths, key names, versions and ages, never values."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import UsageError

# What the SBBB's seeding and the playbook write. A segment of dots alone would climb out of the mount: HTTP clients
# resolve it before they ask.
_PATH = re.compile(r"(?!\.+(?:/|$))[A-Za-z0-9._@+-]{1,200}(?:/(?!\.+(?:/|$))[A-Za-z0-9._@+-]{1,200})*")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a secret."""

    number: int
    created_at: datetime
    deleted_at: datetime | None = None
    """When it was taken away, or will be; it can be brought back unless it is destroyed."""
    destroyed: bool = False

    def is_gone(self, now: datetime) -> bool:
        """Tell whether its values cannot be had."""
        return self.destroyed or (self.deleted_at is not None and self.deleted_at <= now)


@dataclass(frozen=True, slots=True)
class History:
    """The versions of a secret that are kept, newest first."""

    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version | None:
        """What is read when no version is named; None: metadata alone were written, never a value."""
        return next(iter(self.versions), None)


def read_path(text: str, mount: str) -> str:
    """Return a path as the API wants it, the mount left out, empty for the mount itself; raise UsageError."""
    path = text.strip().strip("/")
    if path == mount:
        return ""
    path = path.removeprefix(f"{mount}/")
    if path and (len(path) > _LONGEST or not _PATH.fullmatch(path)):
        raise UsageError(f"“{text[:60]}” is not a path of secrets", hint=f"write it like {mount}/messages")
    return path


def parent(path: str) -> tuple[str, str]:
    """Return the path above and the last name: the playbook's `app/key` is the seeding's field `key` of `app`."""
    above, _, last = path.rpartition("/")
    return above, last


def field_of(name: str, fields: Iterable[str]) -> str | None:
    """Return the one field that a name in the playbook means: itself, in kebab case, or with `-key` after it.

    `secret/messages/django-secret DJANGO_SECRET_KEY` is the field `django-secret-key` of `secret/messages`.
    """
    known = tuple(fields)
    bare = name.lower().replace("_", "-")
    for meant in (name, bare, f"{bare}-key"):
        if meant in known:
            return meant
    likely = [each for each in known if each.startswith(f"{bare}-")]
    return likely[0] if len(likely) == 1 else None
