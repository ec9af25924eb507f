"""What settings are made of: sections, and values as people write them, each checked in words."""

import re
from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from bot.core import matchers, quiet
from bot.core.errors import UsageError
from bot.core.names import UserId, target


def _user_id(text: str) -> UserId:
    if not re.fullmatch(r"@[^:\s]+:[^\s]+", text):
        raise ValueError("is not a Matrix ID; write it like @anna:example.org, in quotes")
    return UserId(text)


def _room(text: str) -> str:
    if not re.fullmatch(r"[!#][^\s:]+(:[^\s]+)?", text):
        raise ValueError("is not a room; write a room id like !abc:example.org or an alias like #ops:example.org")
    return text


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError("is not a web address; write it like https://messages.example.org")
    return text.rstrip("/")


def _beginning(text: str) -> str:
    if not text.strip("/ "):
        raise ValueError("is no beginning of an address; write it like http://alertmanager:9093")
    return text.rstrip("/")


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # OSError: `Europe` is a directory of the zone files.
        raise ValueError("is not a time zone; write it like Europe/Lisbon or UTC") from error
    return text


def _matchers(text: str) -> str:
    try:
        matchers.read((text,))
    except UsageError as error:
        raise ValueError(f"cannot be matched: {error}; {error.hint}") from error
    return text


def _quiet_hours(text: str) -> str:
    try:
        quiet.read(text)
    except UsageError as error:
        raise ValueError(f"cannot be read: {error}; {error.hint}") from error
    return text


def _time_of_day(text: str) -> str:
    try:
        time.fromisoformat(text)
    except ValueError as error:
        raise ValueError("is not a time of day; write it like 08:00, in quotes") from error
    return text


def _object_name(text: str) -> str:
    try:
        named = target(text)
    except UsageError as error:
        raise ValueError("is not a Kubernetes object; write it as namespace/name") from error
    if named.name is None:
        raise ValueError("is a namespace alone; write it as namespace/name")
    return text


def _listen(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 65536):  # noqa: PLR2004 - the highest TCP port
        raise ValueError("is not an address to listen on; write it like 0.0.0.0:8080")
    return text


def _cluster_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][-a-z0-9]*", text):
        raise ValueError("is not a name to type; write it in small letters, like staging")
    return text


MatrixId = Annotated[UserId, AfterValidator(_user_id)]
RoomName = Annotated[str, AfterValidator(_room)]
Url = Annotated[str, AfterValidator(_url)]
Beginning = Annotated[str, AfterValidator(_beginning)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Matchers = Annotated[str, AfterValidator(_matchers)]
QuietHours = Annotated[str, AfterValidator(_quiet_hours)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
ObjectName = Annotated[str, AfterValidator(_object_name)]
Listen = Annotated[str, AfterValidator(_listen)]
ClusterName = Annotated[str, AfterValidator(_cluster_name)]


def wrong_at(place: tuple[str | int, ...], words: str) -> PydanticCustomError:
    """Return an error about one place that only the whole can find."""
    return PydanticCustomError("elsewhere", words, {"at": place})


class Section(BaseModel):
    """A part of the configuration: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)
