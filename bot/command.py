"""What a command is: a typed function with verb, risk and context; parsing and usage follow from its signature."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_type_hints

import cyclopts

from bot.core.errors import UsageError
from bot.core.policy import Risk, Role
from bot.core.reading import cluster_of, must_be_known

if TYPE_CHECKING:
    from asyncio import Event
    from datetime import datetime, timedelta

    from bot.clients.alertmanager import AlertmanagerApi
    from bot.clients.grafana import GrafanaApi
    from bot.clients.http import Http
    from bot.clients.kubernetes import Kubernetes
    from bot.clients.loki import LokiApi
    from bot.clients.matrix import Matrix
    from bot.clients.openbao import OpenBao
    from bot.clients.openbao_database import StaticRoles
    from bot.clients.openbao_kv import KeyValues
    from bot.clients.plot import Plotter
    from bot.clients.prometheus import PrometheusApi
    from bot.clients.second import SecondChannel
    from bot.clients.store.audit import AuditLog
    from bot.clients.store.cards import CardFile
    from bot.clients.store.kept import Kept
    from bot.clients.store.oncall import Roster
    from bot.clients.store.proposals import DeedFile
    from bot.clients.store.renewal import Orders
    from bot.clients.unsealing import Unsealing
    from bot.config import Settings
    from bot.core.alerts import Card
    from bot.core.health import SelfReport
    from bot.core.message import Message, Rendered
    from bot.core.names import EventId, Key, RequestId, RoomId, UserId
    from bot.core.once import Outcome, Want
    from bot.core.permissions import Need
    from bot.core.renewal import UntilResolved
    from bot.core.trips import Trips

Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Request:
    """Who asked, where, when, and the id that ties answer, log and audit together."""

    id: RequestId
    event: EventId
    room: RoomId
    sender: UserId
    at: datetime
    """When the command arrived, aware UTC."""
    sent_at: datetime
    """When the sender's server says it was sent."""
    about: Key | None = None
    """The message of ours that it replies to or was tapped on."""
    beneath: EventId | None = None
    """Where the answer belongs, when not below the event itself: a tap is answered below what was tapped."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The clients, opened once for the process."""

    kubernetes: Kubernetes
    """The cluster that is meant: the one at hand, unless the line names another."""
    clusters: Mapping[str, Kubernetes]
    """The others, by the names that the configuration gives them."""
    openbao: OpenBao
    """Its pods, asked without a login."""
    kv: KeyValues
    """Its secrets, asked as ourselves."""
    roles: StaticRoles
    """Its database roles, asked as ourselves."""
    unsealing: Unsealing
    prometheus: PrometheusApi
    alertmanager: AlertmanagerApi
    loki: LokiApi
    grafana: GrafanaApi
    plotter: Plotter
    matrix: Matrix
    second: SecondChannel
    http: Http

    def at(self, cluster: str) -> Neighbours:
        """Return the same with another cluster in the place of the one at hand; raise UsageError for an unknown one."""
        must_be_known(cluster, self.clusters)
        return replace(self, kubernetes=self.clusters[cluster]) if cluster else self


@dataclass(frozen=True, slots=True)
class Context:
    """All that a command which only looks may touch."""

    request: Request
    settings: Settings
    neighbours: Neighbours
    role: Role
    """The sender's."""
    commands: tuple[Command, ...]
    """The whole list, for help."""
    audit: AuditLog
    cards: CardFile
    roster: Roster
    deeds: DeedFile
    orders: Orders
    """The silences that last until resolved."""
    report: Callable[[], Awaitable[SelfReport]]
    """The bot's own health."""
    clock: Callable[[], datetime]
    """The time, aware UTC; only through this."""
    render: Callable[[Any], Rendered]
    """Puts a value into words, for messages beside the answer."""
    show: Callable[[Any], Awaitable[None]]
    """Say in the answer's message how far it is: what comes later edits it. Not promised, so it never fails."""
    sleep: Callable[[float], Awaitable[None]]
    """Wait so many seconds."""
    trips: Trips
    """Alerts of our own that are on their way to us."""
    heard_from: Callable[[UserId, str, datetime], datetime | None]
    """When a known bot said some words in one of our rooms since a moment; None: not yet."""
    last_word: Callable[[UserId], datetime | None]
    """When a known bot last said anything in one of our rooms; None: not since the start."""
    stopped: Event
    """Set when somebody no longer wants to follow; a command that goes on for long looks at it."""
    running: Callable[[str], int]
    """How many commands of a verb run now, this one counted."""
    end: Callable[[str], int]
    """Set `stopped` for every command of a verb that runs; return how many."""
    stop: Callable[[], int]
    """Set `stopped` for what the sender follows in this room, or for the message replied to; return how many."""


@dataclass(frozen=True, slots=True)
class ActionContext(Context):
    """What a command which changes something may touch besides; made in one place, after the gate said yes."""

    action: RequestId
    """The action's id: every effect carries it, so that a repeat is harmless."""
    again: bool
    """Whether it is taken up once more after a crash: ask whether it happened, and raise NotBegun where it did not."""
    decided: datetime
    """When it was asked for: the same after a crash, so that an effect which carries it is the same."""
    target: str
    """What exactly was confirmed, in the words of the preview."""
    new_secret: Callable[[int], bytes]
    """So many bytes that nobody can guess."""
    post: Callable[[Message], None]
    """Have a message sent; it is queued together with the record that the action is done, so never without it."""
    amend: Callable[[Key, Callable[[Card], Card]], None]
    """Have a card changed, together with that record."""
    assign: Callable[[tuple[UserId, ...]], None]
    """Have these people paged from then on, together with that record."""
    page: Callable[[UserId, Want, str, Callable[[bytearray], Awaitable[Outcome]]], str]
    """Open a one-time page for a person and return its address; what is given there goes to the function."""
    close_page: Callable[[str], Awaitable[None]]
    """End a page, and take back the letter that told of it."""
    letter: Callable[[UserId, Any], Awaitable[bool]]
    """Send a person a result in our direct chat; False when they were not reached."""
    undo_by: Callable[..., None]
    """Say which words (verb, then arguments) take it back; `!undo` says them for some minutes."""
    kept: Kept
    """What must not be lost while it works, also over a crash."""
    renew: Callable[[UntilResolved], None]
    """Have a silence renewed until what it mutes is resolved, together with that record."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action would touch as things stand, found out before anybody is asked to confirm it."""

    what: Any
    """A result that says it; the prompt shows it by its entry in `formatters.plans`."""
    risk: Risk | None = None
    """How much harm it can do as things stand; None: what the command says."""
    asks: bool | None = None
    """Whether it waits for a confirmation; None: as the command says."""
    target: str = ""
    """What exactly is meant, with the object's UID: if that changed when it is confirmed, it is not done."""


@dataclass(frozen=True)
class Command:
    """One command of the room."""

    verb: str
    """The words that call it: `check`, `vault status`."""
    summary: str
    handler: Handler
    risk: Risk = Risk.READ
    examples: tuple[str, ...] = field(default=())
    least: Role = Role.VIEWER
    """The role that it takes, where that is more than its class asks for."""
    asks: bool = True
    """Whether it waits for a confirmation; what one tap does and another undoes need not."""
    repeatable: bool = False
    """Every effect carries the action's id, so that running it again after a crash is harmless."""
    aliases: tuple[str, ...] = ()
    """Other words that call it; help names the verb alone."""
    trailing: str = ""
    """The option that takes the words after a bare `--`, as one: `!silence PostgresDown -- new disk`."""
    check: Callable[..., object] | None = None
    """Takes the handler's arguments and raises UsageError, before anybody is asked to confirm what cannot be read."""
    preview: Callable[..., Awaitable[Plan]] | None = None
    """Takes a Context and the handler's arguments and finds out what it would touch; may raise as the handler."""
    limit: timedelta | None = None
    """The longest it may take; None: what the configuration says."""
    stands_in: bool = False
    """Its handler returns the words of another command, which is meant instead."""
    needs: tuple[Need, ...] = ()
    """What the API server must allow for it; what needs something asks a cluster, and takes `--cluster`."""

    @property
    def changes(self) -> bool:
        """Whether it may change anything."""
        return self.risk is not Risk.READ

    @cached_property
    def takes_place(self) -> bool:
        """Whether it is told where, as `ns/name`; an alert's card can stand for that."""
        return "where" in inspect.signature(self.handler).parameters

    @cached_property
    def usage(self) -> str:
        """Return the line to type, as `!check [where]`."""
        words = (_usage(parameter, self.trailing) for parameter in _parameters(self.handler))
        return " ".join((f"!{self.verb}", *words))

    def cluster(self, tokens: tuple[str, ...]) -> str:
        """Return the cluster that the words name; "" for the one at hand."""
        return cluster_of(tokens)[0] if self.needs else ""

    def bind(self, tokens: tuple[str, ...]) -> inspect.BoundArguments:
        """Read the words after the verb into the handler's arguments; raise UsageError in words for the room."""
        if self.needs:
            _, tokens = cluster_of(tokens)
        if self.trailing and "--" in tokens:
            at = tokens.index("--")
            tokens = (*tokens[:at], f"--{self.trailing}={' '.join(tokens[at + 1 :])}")
        try:
            _, bound, _ = self._parser.parse_args(list(tokens), print_error=False, exit_on_error=False)
        except cyclopts.CycloptsError as error:
            raise UsageError(_problem(error), hint=self.usage) from error
        if self.check:
            self.check(*bound.args, **bound.kwargs)
        return bound

    @cached_property
    def _parser(self) -> cyclopts.App:
        app = cyclopts.App(name=self.verb, help_flags=[], version_flags=[], result_action="return_value")
        app.default(_signature_only(self.handler))
        return app


def command(
    verb: str,
    *,
    summary: str,
    examples: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    limit: timedelta | None = None,
    stands_in: bool = False,
    needs: tuple[Need, ...] = (),
) -> Callable[[Handler], Command]:
    """Make a handler that takes a Context into a command that only looks."""
    return lambda handler: Command(
        verb,
        summary,
        _checked(handler, "Context"),
        examples=examples,
        aliases=aliases,
        limit=limit,
        stands_in=stands_in,
        needs=needs,
    )


def action(
    verb: str,
    *,
    summary: str,
    risk: Risk,
    least: Role = Role.VIEWER,
    examples: tuple[str, ...] = (),
    repeatable: bool = False,
    asks: bool = True,
    aliases: tuple[str, ...] = (),
    trailing: str = "",
    check: Callable[..., object] | None = None,
    preview: Callable[..., Awaitable[Plan]] | None = None,
    limit: timedelta | None = None,
    needs: tuple[Need, ...] = (),
) -> Callable[[Handler], Command]:
    """Make a handler that takes an ActionContext into a command that changes something."""
    if risk is Risk.READ:
        raise TypeError(f"!{verb} changes something, so it cannot be of class {risk.value}")
    return lambda handler: Command(
        verb,
        summary,
        _checked(handler, "ActionContext"),
        risk,
        examples=examples,
        least=least,
        asks=asks,
        repeatable=repeatable,
        aliases=aliases,
        trailing=trailing,
        check=check,
        preview=preview,
        limit=limit,
        needs=needs,
    )


def _checked(handler: Handler, wanted: str) -> Handler:
    first = next(iter(inspect.signature(handler).parameters.values()), None)
    name = getattr(first.annotation, "__name__", first.annotation) if first else None
    if name != wanted:
        raise TypeError(f"{handler.__qualname__} takes {name} first, not {wanted}")
    return handler


def _parameters(handler: Handler) -> list[inspect.Parameter]:
    hints = get_type_hints(handler, include_extras=True)
    rest = list(inspect.signature(handler).parameters.values())[1:]
    return [parameter.replace(annotation=hints[parameter.name]) for parameter in rest]


def _signature_only(handler: Handler) -> Callable[..., None]:
    """Return a function with the handler's signature less the context: it is parsed against, never called."""

    def parsed(**_: Any) -> None: ...

    parsed.__signature__ = inspect.Signature(_parameters(handler))  # type: ignore[attr-defined]
    parsed.__annotations__ = {parameter.name: parameter.annotation for parameter in _parameters(handler)}
    parsed.__name__ = handler.__name__
    return parsed


def _usage(parameter: inspect.Parameter, trailing: str) -> str:
    word = parameter.name.replace("_", "-")
    if word == trailing:
        return f"[-- {word}]"
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
        return f"[--{word}]"
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return f"{word}…"
    return word if parameter.default is inspect.Parameter.empty else f"[{word}]"


def _problem(error: cyclopts.CycloptsError) -> str:
    return " ".join(str(error).split())
