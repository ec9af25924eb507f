"""What an answer of the homeserver means, by status, header and error code; never by the server's own words."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.core.errors import Denied, LoggedOut, Missing, NeighbourError, RateLimited, Rejected, Unreachable

HOMESERVER = "homeserver"
LONGEST_WAIT_SECONDS = 60.0
_SHORTEST_WAIT_SECONDS = 0.5
_USUAL_WAIT_SECONDS = 5.0
_ERROR_CODE = re.compile(r"[A-Z][A-Z0-9_.]{1,60}")


class Refused(Rejected):
    """A definite no with the code the specification gives it, for callers that know a code means success."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(HOMESERVER, reason)
        self.code = code


def read(status: int, headers: Mapping[str, str], raw: bytes, now: datetime) -> dict[str, Any]:
    """Return the JSON object of a 2xx; raise what every other answer means.

    Only a Matrix error (a JSON object with `errcode`) is a definite no: an ingress without a backend says 404 in HTML,
    and that must not be taken for "there is no such room".
    """
    body = _object(raw)
    if 200 <= status < 300 and body is not None:  # noqa: PLR2004 - the 2xx
        return body
    raise problem(status, headers, body or {}, now)


def problem(status: int, headers: Mapping[str, str], body: Mapping[str, Any], now: datetime) -> NeighbourError:
    """Return what an answer other than a readable 2xx means."""
    code = _code(body)
    words = f"HTTP {status} {code}".rstrip()
    if status == 429 or code == "M_LIMIT_EXCEEDED":  # noqa: PLR2004 - Too Many Requests
        return RateLimited(HOMESERVER, wait_seconds(headers, body, now))
    if status == 413:  # noqa: PLR2004 - Content Too Large, as definite from a proxy as from the homeserver
        return Rejected(HOMESERVER, words)
    if not code or not 400 <= status < 500:  # noqa: PLR2004 - the 4xx
        return Unreachable(HOMESERVER, words)
    if code in {"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"}:
        return LoggedOut(soft=body.get("soft_logout") is True)
    meaning = {401: Denied, 403: Denied, 404: Missing}.get(status)
    return meaning(HOMESERVER, words) if meaning else Refused(code, words)


def wait_seconds(headers: Mapping[str, str], body: Mapping[str, Any], now: datetime) -> float:
    """Return how long a 429 asks us to wait: the header (seconds or a date), else `retry_after_ms`, else 5 s.

    Between 0.5 s, so that a zero makes no hot loop, and 60 s, so that an absurd value does not silence the bot. The
    header is the standard since Matrix 1.10, the field is deprecated and optional.
    """
    asked = _header_seconds(headers.get("Retry-After", ""), now)
    if asked is None:
        milliseconds = body.get("retry_after_ms")
        if isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool):
            asked = _finite(min(milliseconds, LONGEST_WAIT_SECONDS * 1000) / 1000)
    if asked is None:
        return _USUAL_WAIT_SECONDS
    return min(max(asked, _SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)


def _header_seconds(text: str, now: datetime) -> float | None:
    try:
        return _finite(float(text))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()


def _finite(seconds: float) -> float | None:
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)


def _code(body: Mapping[str, Any]) -> str:
    code = body.get("errcode")
    return code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
