"""Turns a matrix-alertmanager-receiver's configuration into ours, so that moving in is one line in Alertmanager."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import yaml

from bot.core.errors import UsageError

_HEAD = """\
# Made from a matrix-alertmanager-receiver's configuration. Write everybody who may talk to the bot under `people`,
# then look it over: opsbot check-config FILE
"""

_ANYWHERE = "0.0.0.0"  # noqa: S104 - what the receiver listens on unless told otherwise
_NO_TEMPLATES = "cards need no template; alerts.summary may name annotations and labels to prefer"
_NEEDLESS = {
    "http.metrics-path": "it is /metrics here",
    "http.metrics-enabled": "metrics are always there",
    "http.basic-username": "any will do here",
    "matrix.proxy": "there is no such setting here: the bot speaks to the homeserver without one",
    "templating.firing-template": _NO_TEMPLATES,
    "templating.resolved-template": _NO_TEMPLATES,
    "templating.computed-values": _NO_TEMPLATES,
}
"""What of a receiver's keys has no counterpart, and why that is well."""
_CARRIED_OVER = {
    *("http.address", "http.port", "http.basic-password", "http.alerts-path-prefix"),
    *("matrix.homeserver-url", "matrix.user-id", "matrix.access-token", "matrix.room-mapping"),
    *("templating.external-url-mapping", "templating.generator-url-mapping"),
}
_PATH = "/alerts"


def converted(text: str) -> str:
    """Return our configuration as YAML; `${VAR}` stays as it is. Raise UsageError for what is not a receiver's.

    Keys of the receiver: README and internal/config/model.go of metio/matrix-alertmanager-receiver. What is not carried
    over is said in comments at the top.
    """
    tree = _read(text)
    matrix, http, templating = (_section(tree, name) for name in ("matrix", "http", "templating"))
    user, rooms, urls = _needed(matrix, "user-id"), _texts(matrix, "room-mapping"), _addresses(templating)
    ours = {
        "matrix": {
            "homeserver": _needed(matrix, "homeserver-url"),
            "user": user,
            "access_token": _needed(matrix, "access-token"),
        },
        "rooms": rooms,
        "web": {"listen": _listen(http), "webhook_token": str(http.get("basic-password") or "${OPSBOT_WEBHOOK_TOKEN}")},
        "people": {f"@you:{_server(user)}": {"role": "admin", "on_call": True}},
        "alerts": {
            **({"room": next(iter(rooms))} if rooms else {}),
            "link_hosts": sorted({host for address in urls.values() if (host := urlsplit(address).hostname)}),
            "external_urls": urls,
        },
    }
    notes = "".join(f"# {note}\n" for note in (*_left_out(tree), *_to_do(http, rooms)))
    return _HEAD + notes + yaml.safe_dump(ours, sort_keys=False, allow_unicode=True)


class _Loader(yaml.SafeLoader):
    """Reads a room that stands there without quotes, as in the receiver's own sample, where YAML sees a type."""


def _room(_: yaml.SafeLoader, name: str, node: yaml.Node) -> str:
    return f"!{name}{node.value}"


_Loader.add_multi_constructor("!", _room)


def _read(text: str) -> dict[str, Any]:
    try:
        tree = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise UsageError("this is not YAML", hint="give the receiver's configuration file") from error
    if not isinstance(tree, dict) or "matrix" not in tree:
        raise UsageError("this is no receiver's configuration", hint="it has a section called matrix")
    return tree


def _section(tree: dict[str, Any], name: str) -> dict[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, dict) else {}


def _texts(section: dict[str, Any], name: str) -> dict[str, str]:
    return {str(key): str(value) for key, value in _section(section, name).items()}


def _needed(section: dict[str, Any], name: str) -> str:
    if not section.get(name):
        raise UsageError(f"matrix.{name} is missing", hint="the receiver could not have run without it")
    return str(section[name])


def _listen(http: dict[str, Any]) -> str:
    host = str(http.get("address") or _ANYWHERE)
    return f"{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{http.get('port') or 8080}"


def _server(user: str) -> str:
    server = user.partition(":")[2]
    return server if server and "$" not in server else "example.org"


def _addresses(templating: dict[str, Any]) -> dict[str, str]:
    """Return beginnings of addresses and what they are outside; the receiver took whole addresses, ours begin so."""
    return {**_texts(templating, "external-url-mapping"), **_texts(templating, "generator-url-mapping")}


def _left_out(tree: dict[str, Any]) -> Iterator[str]:
    for section in tree:
        for key in _section(tree, section):
            name = f"{section}.{key}"
            if name not in _CARRIED_OVER:
                yield f"Left out: {name}: {_NEEDLESS.get(name, 'not known')}."


def _to_do(http: dict[str, Any], rooms: dict[str, str]) -> Iterator[str]:
    """Say what must be done by hand before Alertmanager can post to us."""
    path = "/" + str(http.get("alerts-path-prefix") or _PATH).strip("/")
    if path != _PATH:
        yield f"To do: Alertmanager posts to {path}/NAME; here it is {_PATH}/NAME."
    if not http.get("basic-password"):
        yield "To do: webhooks need a token here. Choose one, and give it to Alertmanager too (http_config)."
    if not rooms:
        yield "To do: the room ids in Alertmanager's webhook URLs, each under a short name, under `rooms`."
