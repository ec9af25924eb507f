"""Alertmanager: what fires and what is silenced; makes, extends and ends silences."""

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import yaml
from pydantic import TypeAdapter, ValidationError

from bot.clients.http import Answer, Http, said_at
from bot.core.errors import Missing, Rejected, Unreachable
from bot.core.firing import HIDDEN, AlertGroup, AlertmanagerStatus, FiringAlert, Receiver, bare
from bot.core.matchers import Matcher
from bot.core.names import RequestId
from bot.core.silences import Silence, State, mark, marked

NEIGHBOUR = "alertmanager"
_LONGEST_ANSWER = 16 * 1024 * 1024
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")

# Its errors are text, or JSON around the same text, in words that changed little since 0.15.
_REASONS = {
    b"must not match the empty string": "that would match everything",
    b"in the past": "its end is over already",
    b"before end time": "it would end before it begins",
    b"exceeded maximum number of silences": "it keeps no more silences",
    b"bad matcher": "it cannot read a matcher",
    b"error parsing regexp": "it cannot read a pattern",
}
_UNKNOWN = b"silence not found"
_OVER = b"already expired"
_ERROR_BYTES = 4096

Known = Callable[[str, FiringAlert], bool]
"""Tells of a receiver's alert whether its labels and annotations are known already; of ten thousand they are 30 MB."""

_alerts = TypeAdapter(tuple[FiringAlert, ...])
_group = TypeAdapter(AlertGroup)
_receivers = TypeAdapter(tuple[Receiver, ...])
_silences = TypeAdapter(tuple[Silence, ...])
_silence = TypeAdapter(Silence)
_status = TypeAdapter(AlertmanagerStatus)
_T = TypeVar("_T")


class AlertmanagerApi:
    """Alertmanager under its base URL."""

    def __init__(self, http: Http, url: str, *, limit: timedelta = timedelta(seconds=5)) -> None:
        self._http = http
        self._url = url
        self._limit = limit

    async def ready(self) -> None:
        """Return when it says it is ready; raise why not."""
        answer = await self._http.get(f"{self._url}/-/ready", neighbour=NEIGHBOUR, limit=self._limit)
        answer.expect_ok()

    async def status(self) -> AlertmanagerStatus:
        """Return what it says of itself."""
        answer = await self._ask("status", ())
        return _read(_status, answer.json()).model_copy(update={"said_at": said_at(answer.headers)})

    async def alerts(
        self,
        matchers: Iterable[Matcher] = (),
        *,
        active: bool = True,
        silenced: bool = True,
        inhibited: bool = True,
        receiver: str | None = None,
    ) -> tuple[FiringAlert, ...]:
        """Return the alerts that meet all matchers, by default the silenced and inhibited ones too."""
        asked = _asked(matchers, active=active, silenced=silenced, inhibited=inhibited, receiver=receiver)
        return _read(_alerts, await self._get("alerts", asked))

    async def groups(
        self,
        matchers: Iterable[Matcher] = (),
        *,
        active: bool = True,
        silenced: bool = True,
        inhibited: bool = True,
        receiver: str | None = None,
        known: Known = lambda _receiver, _alert: False,
    ) -> tuple[AlertGroup, ...]:
        """Return the same alerts as they are told together; what is `known` comes without labels and annotations."""
        asked = _asked(matchers, active=active, silenced=silenced, inhibited=inhibited, receiver=receiver)
        answer = await self._ask("alerts/groups", asked)
        # In a thread: it may be a second's work, and meanwhile webhooks come.
        return await asyncio.to_thread(_groups, answer.body, known)

    async def silences(self) -> tuple[Silence, ...]:
        """Return every silence it still knows: pending, active and, for some days, expired ones."""
        return _read(_silences, await self._get("silences"))

    async def receivers(self) -> tuple[str, ...]:
        """Return the names of everybody it may tell."""
        return tuple(each.name for each in _read(_receivers, await self._get("receivers")))

    async def webhooks(self) -> tuple[str, ...]:
        """Return the addresses that it posts webhooks to, HIDDEN for one that it does not tell.

        Nothing else of its configuration is looked at, since that may hold secrets.
        """
        found = await self._get("status")
        try:
            plan = yaml.safe_load(found["config"]["original"]) or {}
            return tuple(
                str(webhook.get("url") or HIDDEN)
                for receiver in plan.get("receivers") or ()
                for webhook in receiver.get("webhook_configs") or ()
            )
        except (KeyError, TypeError, AttributeError, yaml.YAMLError):
            # Not chained: what cannot be read is quoted by those errors.
            raise Unreachable(NEIGHBOUR, "unreadable answer") from None

    async def send(self, alert: Mapping[str, Any]) -> None:
        """Have an alert taken in, as Prometheus does; return when it is."""
        answer = await self._http.request(
            "POST", f"{self._url}/api/v2/alerts", neighbour=NEIGHBOUR, limit=self._limit, json=[alert]
        )
        _accepted(answer)

    async def silence(self, identity: str) -> Silence:
        """Return one silence; raise Missing."""
        return _read(_silence, await self._get(_path(identity)))

    async def create_silence(
        self,
        matchers: Sequence[Matcher],
        starts_at: datetime,
        ends_at: datetime,
        *,
        created_by: str,
        comment: str,
        action: RequestId,
    ) -> Silence:
        """Make a silence and return it; the one this action made already, over or not, is not made again."""
        for known in await self.silences():
            if mark(action) in known.comment:
                return known
        body = {
            "matchers": [_as_json(matcher) for matcher in matchers],
            "startsAt": _stamp(starts_at),
            "endsAt": _stamp(ends_at),
            "createdBy": created_by,
            "comment": marked(comment, action),
        }
        return _read(_silence, {**body, "id": await self._post(body), "status": State.ACTIVE})

    async def extend(self, identity: str, ends_at: datetime, *, action: RequestId) -> Silence:
        """Move a silence's end and return it; its id may be a new one. What this action moved already stays there.

        Raises Missing, and Rejected for one that is over.
        """
        found = await self._get("silences")
        for each in _read(_silences, found):
            if mark(action) in each.comment:
                return each
        return await self._moved(found, identity, ends_at, mark(action))

    async def renew(self, identity: str, ends_at: datetime) -> Silence:
        """Move a silence's end, as often as one likes, and return it; a new id means that the old one was just ended.

        Raises as `extend` does.
        """
        return await self._moved(await self._get("silences"), identity, ends_at)

    async def _moved(self, found: Any, identity: str, ends_at: datetime, addition: str = "") -> Silence:
        known = _read(_silences, found)
        at = next((number for number, each in enumerate(known) if each.id == identity), None)
        if at is None:
            raise Missing(NEIGHBOUR, "no such silence")
        if known[at].state is State.EXPIRED:
            raise Rejected(NEIGHBOUR, "that silence is over")
        # Everything else goes back as it came, also what we do not know: a silence is replaced as a whole.
        kept = {name: value for name, value in found[at].items() if name not in {"status", "updatedAt"}}
        body = {**kept, "endsAt": _stamp(ends_at), "comment": f"{known[at].comment} {addition}".strip()}
        return _read(_silence, {**body, "id": await self._post(body), "status": known[at].state})

    async def expire(self, identity: str) -> None:
        """End a silence; twice is fine. Raises Missing for an unknown one."""
        answer = await self._http.request(
            "DELETE", f"{self._url}/api/v2/{_path(identity)}", neighbour=NEIGHBOUR, limit=self._limit
        )
        if _OVER not in _said(answer):
            _accepted(answer)

    async def _get(self, path: str, asked: Sequence[tuple[str, str]] = ()) -> Any:
        return (await self._ask(path, asked)).json()

    async def _ask(self, path: str, asked: Sequence[tuple[str, str]]) -> Answer:
        question = f"?{urlencode(asked)}" if asked else ""
        answer = await self._http.get(
            f"{self._url}/api/v2/{path}{question}", neighbour=NEIGHBOUR, limit=self._limit, max_bytes=_LONGEST_ANSWER
        )
        return _accepted(answer)

    async def _post(self, silence: Mapping[str, Any]) -> str:
        answer = await self._http.request(
            "POST", f"{self._url}/api/v2/silences", neighbour=NEIGHBOUR, limit=self._limit, json=silence
        )
        found = _accepted(answer).json()
        identity = found.get("silenceID") if isinstance(found, dict) else None
        if not isinstance(identity, str) or not _ID.fullmatch(identity):
            raise Unreachable(NEIGHBOUR, "unreadable answer")
        return identity


def _asked(
    matchers: Iterable[Matcher], *, active: bool, silenced: bool, inhibited: bool, receiver: str | None
) -> list[tuple[str, str]]:
    """Return the question's parameters; each matcher is a `filter` of its own, which all versions read."""
    switches = {"active": active, "silenced": silenced, "inhibited": inhibited}
    asked = [(name, str(on).lower()) for name, on in switches.items()]
    asked += [("filter", str(matcher)) for matcher in matchers]
    return [*asked, ("receiver", re.escape(receiver))] if receiver is not None else asked


def _accepted(answer: Answer) -> Answer:
    """Return a 2xx; raise what Alertmanager's refusal means, as far as it can be read."""
    said = _said(answer)
    # 0.25 answers 500 where a silence that is to be ended is unknown, newer versions 404.
    if _UNKNOWN in said:
        raise Missing(NEIGHBOUR, "no such silence")
    for words, reason in _REASONS.items():
        if words in said:
            raise Rejected(NEIGHBOUR, reason)
    return answer.expect_ok()


def _said(answer: Answer) -> bytes:
    """Return the beginning of a refusal's text in small letters; nothing of a 2xx."""
    return b"" if answer.status < 400 else answer.body[:_ERROR_BYTES].lower()  # noqa: PLR2004 - 4xx and 5xx


def _read(kind: TypeAdapter[_T], found: Any) -> _T:
    try:
        return kind.validate_python(found)
    except ValidationError as error:
        raise Unreachable(NEIGHBOUR, "unreadable answer") from error


def _groups(body: bytes, known: Known) -> tuple[AlertGroup, ...]:
    """Read groups one by one, so that never more than one of them is there in full."""
    found = []
    for row in _elements(body):
        group = _read(_group, row)
        name = group.receiver.name
        alerts = tuple(bare(alert) if alert.fingerprint and known(name, alert) else alert for alert in group.alerts)
        found.append(group.model_copy(update={"alerts": alerts}))
    return tuple(found)


def _elements(body: bytes) -> Iterator[Any]:
    """Give the elements of a JSON list one after the other; raise Unreachable when it is none."""
    text, decoder = body.decode("utf-8", "replace").strip(), json.JSONDecoder()
    if not (text.startswith("[") and text.endswith("]")):
        raise Unreachable(NEIGHBOUR, "unreadable answer")
    at = _skip(text, 1)
    while at < len(text) - 1:
        try:
            element, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error
        yield element
        at = _skip(text, at)


def _skip(text: str, at: int) -> int:
    """Return where the next element begins."""
    while text[at] in " \t\r\n,":
        at += 1
    return at


def _path(identity: str) -> str:
    if not _ID.fullmatch(identity):
        raise Missing(NEIGHBOUR, "no such silence")
    return f"silence/{identity}"


def _as_json(matcher: Matcher) -> dict[str, Any]:
    return {
        "name": matcher.name,
        "value": matcher.value,
        "isRegex": matcher.is_regex,
        "isEqual": matcher.is_equal,
    }


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
