"""Turns a matrix-alertmanager-receiver's configuration into ours, so that moving in is one line in Alertmanager."""

from typing import Any
from urllib.parse import urlsplit

import yaml

from bot.core.errors import UsageError

_HEAD = """\
# Made from a matrix-alertmanager-receiver's configuration. Add everybody who may talk to the bot under `people`,
# then look it over: opsbot check-config FILE
"""

_ANYWHERE = "0.0.0.0"  # noqa: S104 - what the receiver listens on unless told otherwise


def converted(text: str) -> str:
    """Return our configuration as YAML; `${VAR}` stays as it is. Raise UsageError for what is not a receiver's.

    Keys of the receiver (README of metio/matrix-alertmanager-receiver): `http.{address,port,basic-password}`,
    `matrix.{homeserver-url,user-id,access-token,room-mapping}`, `templating.external-url-mapping`. Templates have no
    counterpart.
    """
    tree = _read(text)
    matrix, http = _section(tree, "matrix"), _section(tree, "http")
    ours = {
        "matrix": {
            "homeserver": _needed(matrix, "homeserver-url"),
            "user": _needed(matrix, "user-id"),
            "access_token": _needed(matrix, "access-token"),
        },
        "rooms": _rooms(matrix),
        "web": {
            "listen": f"{http.get('address') or _ANYWHERE}:{http.get('port') or 8080}",
            "webhook_token": http.get("basic-password") or "${OPSBOT_WEBHOOK_TOKEN}",
        },
        "people": {f"@you:{str(matrix['user-id']).partition(':')[2]}": {"role": "admin", "on_call": True}},
        "alerts": {"room": next(iter(_rooms(matrix))), "link_hosts": _hosts(_section(tree, "templating"))},
    }
    return _HEAD + yaml.safe_dump(ours, sort_keys=False, allow_unicode=True)


def _read(text: str) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError("this is not YAML", hint="give the receiver's configuration file") from error
    if not isinstance(tree, dict) or "matrix" not in tree:
        raise UsageError("this is no receiver's configuration", hint="it has a section called matrix")
    return tree


def _section(tree: dict[str, Any], name: str) -> dict[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, dict) else {}


def _needed(section: dict[str, Any], name: str) -> str:
    if not section.get(name):
        raise UsageError(f"matrix.{name} is missing", hint="the receiver could not have run without it")
    return str(section[name])


def _rooms(matrix: dict[str, Any]) -> dict[str, str]:
    """Return the short names; without any, the receiver took room ids from the URL, and ours wants to know them."""
    mapping = matrix.get("room-mapping")
    if not isinstance(mapping, dict) or not mapping:
        return {"ops": "!room-id-from-the-webhook-url"}
    return {str(name): str(room) for name, room in mapping.items()}


def _hosts(templating: dict[str, Any]) -> list[str]:
    """Return the hosts that links led to, which ours shows as links too."""
    mapping = templating.get("external-url-mapping")
    addresses = mapping.values() if isinstance(mapping, dict) else ()
    return sorted({host for address in addresses if (host := urlsplit(str(address)).hostname)})
