"""What the bot's own account at OpenBao may do, and why; `deploy/openbao-policy.hcl` is written from this."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

_HEAD = """\
# What the bot may do in OpenBao, and nothing else; written from bot/core/grants.py by `make docs`.
# bao policy write opsbot openbao-policy.hcl
# What it tells of a secret comes from `subkeys` and `metadata`, which hold no value; a value it reads only to write it
# once more, and to know its own. Seal status and unsealing need no login.
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """One path of the policy."""

    path: str
    capabilities: tuple[str, ...]
    why: str

    @property
    def sample(self) -> str:
        """A path that it covers, to ask about."""
        return self.path.replace("*", "opsbot-doctor").replace("+", "opsbot-doctor")


def grants(mount: str) -> tuple[Grant, ...]:
    """Return everything our account is for, with the KV version 2 store at `mount`."""
    return (
        Grant(f"{mount}/metadata/*", ("list", "read"), "!vault kv list, get: which secrets there are, their versions"),
        Grant(f"{mount}/subkeys/*", ("read",), "!vault kv get: the names of a secret's keys"),
        Grant(
            f"{mount}/data/*",
            ("create", "update", "patch", "read"),
            "!vault kv put, patch, !rotate: a new version; read: !undo writes an earlier one again, by memory alone",
        ),
        Grant("database/rotate-role/+", ("update",), "!rotate db: a new password for a static role"),
        Grant("sys/seal", ("update", "sudo"), "!seal: the emergency brake"),
        Grant("auth/token/lookup-self", ("read",), "!vault status: how long our own token is good for"),
        Grant("auth/token/renew-self", ("update",), "renewing it in time"),
    )


def missing(granted: tuple[Grant, ...], found: Mapping[str, tuple[str, ...]]) -> tuple[Grant, ...]:
    """Return what is lacking of these; `found` is what our token may do at each one's `sample`."""
    lacking = (
        replace(each, capabilities=tuple(word for word in each.capabilities if word not in found[each.sample]))
        for each in granted
        if "root" not in found[each.sample]
    )
    return tuple(each for each in lacking if each.capabilities)


def hcl(granted: tuple[Grant, ...]) -> str:
    """Return a policy as OpenBao reads it."""
    rules = (
        f"# {each.why}\npath {json.dumps(each.path)} {{\n  capabilities = {json.dumps(list(each.capabilities))}\n}}\n"
        for each in granted
    )
    return "\n".join((_HEAD, *rules))
