"""Answers people: each line once, whatever happens on the way."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.clients.store import cards, inbox, outbox, proposals
from bot.clients.store.database import Transaction
from bot.clients.store.inbox import Arrival
from bot.command import Command, Plan, Request
from bot.core.audit import Phase
from bot.core.confirmation import heard_as_answer, tapped_as_answer
from bot.core.errors import OpsError, StoreFailed, UsageError
from bot.core.heard import Heard, Sort
from bot.core.message import Message, Priority
from bot.core.names import EventId, Key, RequestId
from bot.core.policy import Ask, Reason, Refuse, Risk
from bot.core.reading import (
    CARD,
    UNDOES,
    about_card,
    addressed,
    as_meant,
    card_of,
    find,
    handle_in,
    lacks_place,
    tapped_as_deed,
    tokens,
)
from bot.core.replies import Broken, Misread, NotRecorded, Refusal, StrangerTried
from bot.core.subjects import subject
from bot.flow.audit import Deed, note
from bot.flow.desk import Desk
from bot.flow.execute import Ended, Executor
from bot.flow.gate import Gate, Said
from bot.flow.leaks import Leaks
from bot.flow.live import answer_key
from bot.flow.outbox import Outbox
from bot.flow.receipt import Receipts

log = structlog.get_logger("chat")

_AT_ONCE = 64
"""Commands that run side by side, those that somebody follows among them; further ones wait their turn."""
_SKIPS = {"--yes", "-y", "--no-confirm"}
_RETRY = 1.0
"""Seconds before a line that could not be recorded is taken up again."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that was understood."""

    command: Command
    tokens: tuple[str, ...]
    request: Request


class Chat:
    """Takes lines from the inbox and sees each to its answer; `wake` says that something was heard."""

    def __init__(
        self, desk: Desk, posts: Outbox, gate: Gate, executor: Executor, leaks: Leaks, commands: tuple[Command, ...]
    ) -> None:
        self._desk = desk
        self._outbox = posts
        self._gate = gate
        self._executor = executor
        self._leaks = leaks
        self._commands = commands
        self._user = desk.settings.matrix.user
        self._receipts = Receipts(desk.matrix)
        self._wake = asyncio.Event()
        self._busy: set[EventId] = set()
        self._refused: set[EventId] = set()
        """Lines whose refusal was said past the database, and is not recorded yet."""

    def wake(self) -> None:
        """Say that something was heard; call it after the commit."""
        self._wake.set()

    async def run(self) -> None:
        """Answer until cancelled, beginning with what the last process left unanswered."""
        limit = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for proposal in await self._executor.cut_off():
                tasks.create_task(self._executor.resume(proposal))
            while True:
                self._wake.clear()
                for arrival in await inbox.open_arrivals(self._desk.database):
                    if arrival.heard.event_id not in self._busy:
                        self._busy.add(arrival.heard.event_id)
                        tasks.create_task(self._hear(arrival, limit), name=f"line {arrival.request}")
                await self._wake.wait()

    async def _hear(self, arrival: Arrival, limit: asyncio.Semaphore) -> None:
        """See one line through; nothing below may end the hearing of the others."""
        async with limit:
            structlog.contextvars.bind_contextvars(request=arrival.request)
            try:
                await self._answer(arrival)
            except StoreFailed as error:
                await self._not_recorded(arrival, error)
            except Exception:
                log.exception("chat.broken")
                await self._reply(arrival, Broken("", arrival.request))
            finally:
                self._busy.discard(arrival.heard.event_id)
                self._wake.set()

    async def _answer(self, arrival: Arrival) -> None:
        heard = arrival.heard
        if heard.event_id in self._refused:
            await self._record_refusal(arrival)
            return
        below = await cards.of_event(self._desk.database, heard.target) if heard.target else None
        about = card_of(below) if below else None
        match heard.sort:
            case Sort.REACTION:
                await self._tapped(arrival, about)
            case Sort.REDACTION:
                await self._taken_back(arrival)
            case Sort.MESSAGE if answer := heard_as_answer(heard.body):
                await self._confirmed(Said(answer, arrival))
            case Sort.MESSAGE:
                await self._said(arrival, about)
            case Sort.NOTICE:
                await self._leave(arrival)
            case Sort.LEAK:
                await self._leaks.see_to(arrival)

    async def _said(self, arrival: Arrival, about: Key | None) -> None:
        heard = arrival.heard
        words = addressed(heard.body, self._user, reply=about is not None)
        if words is None:
            await self._leave(arrival)
        elif self._gate.role(heard.sender) is None:
            await self._stranger(arrival)
        else:
            async with self._receipts.of(heard.room, heard.event_id):
                await self._command(arrival, words, about)

    async def _tapped(self, arrival: Arrival, about: Key | None) -> None:
        """Take a reaction: on a card it says what to do, on a prompt it answers; elsewhere it means nothing."""
        heard = arrival.heard
        deed = tapped_as_deed(heard.body) if about and about.startswith(CARD) else None
        if deed and self._gate.role(heard.sender):
            await self._command(arrival, deed, about, heard.target)
        elif answer := tapped_as_answer(heard.body):
            await self._confirmed(Said(answer, arrival))
        else:
            await self._leave(arrival)

    async def _taken_back(self, arrival: Arrival) -> None:
        """Undo what a tap did, now that it is taken back by who tapped."""
        heard = arrival.heard
        done = await proposals.done_by(self._desk.database, heard.target) if heard.target else None
        if done is None or done.beneath is None or done.requester != heard.sender:
            await self._leave(arrival)
            return
        await self._command(arrival, UNDOES.get(done.verb, ""), done.about, done.beneath)

    async def _confirmed(self, said: Said) -> None:
        if confirmed := await self._gate.hear(said):
            await self._executor.run(confirmed)

    async def _leave(self, arrival: Arrival) -> None:
        """Be done with what asks nothing of us."""
        await self._desk.database.write(lambda tx: inbox.done(tx, arrival.heard.event_id))

    async def _command(
        self, arrival: Arrival, words: str, about: Key | None = None, beneath: EventId | None = None
    ) -> None:
        try:
            command, rest = self._read(words, about)
            rest = await self._with_place(command, rest, about)
        except UsageError as error:
            if addressed(arrival.heard.body, self._user, reply=False) is None:
                # A person who talks below one of our messages is not asking us.
                await self._leave(arrival)
                return
            await self._reply(arrival, Misread(error.problem, error.hint, error.near, arrival.request))
            return
        request = replace(request_from(arrival), about=about, beneath=beneath)
        await self._judge(arrival, _Line(command, rest, request))

    async def _judge(self, arrival: Arrival, line: _Line, *, again: bool = False) -> None:
        """Rule on a line that was understood, and do what that allows."""
        command, request = line.command, line.request
        may_skip = command.changes or command.stands_in
        rest = tuple(word for word in line.tokens if not (may_skip and word in _SKIPS))
        skips = len(rest) < len(line.tokens)
        ruling = await self._gate.rule(
            arrival,
            command.risk,
            least=command.least,
            skip_prompt=skips,
            approves_itself=not command.asks,
            again=again,
        )
        if isinstance(ruling, Refuse):
            await self._refuse(arrival, command, ruling)
            return
        try:
            self._executor.check(command, rest)
        except UsageError as error:
            await self._reply(arrival, Misread(error.problem, error.hint, error.near, arrival.request))
            return
        if command.stands_in:
            await self._stand_in(arrival, replace(line, tokens=rest), skips=skips)
            return
        plan = await self._executor.plan(command, rest, request) if command.preview else None
        if isinstance(plan, Ended):
            await self._reply(arrival, plan.result)
            return
        if plan:
            asks = command.asks if plan.asks is None else plan.asks
            risk = plan.risk or command.risk
            ruling = await self._gate.rule(
                arrival, risk, least=command.least, skip_prompt=skips, approves_itself=not asks, again=True
            )
            if isinstance(ruling, Refuse):
                await self._refuse(arrival, command, ruling)
                return
        await self._let(command, rest, request, plan, prompt=isinstance(ruling, Ask))

    async def _stand_in(self, arrival: Arrival, line: _Line, *, skips: bool) -> None:
        """Go on with the words that a line stands for."""
        words = await self._executor.meant(line.command, line.tokens, line.request)
        if isinstance(words, Ended):
            await self._reply(arrival, words.result)
            return
        command, rest = find(self._commands, words)
        tokens = (*rest, "--yes") if skips else rest
        await self._judge(arrival, _Line(command, tokens, line.request), again=True)

    async def _let(
        self, command: Command, rest: tuple[str, ...], request: Request, plan: Plan | None, *, prompt: bool
    ) -> None:
        """Do what was allowed: look, show a prompt, or act."""
        if prompt:
            await self._gate.propose(command, rest, request, plan)
        elif command.changes:
            await self._executor.run(await self._gate.begin(command, rest, request, plan), look_again=False)
        else:
            await self._executor.look(command, rest, request)

    def _read(self, words: str, about: Key | None) -> tuple[Command, tuple[str, ...]]:
        replied = about is not None and about.startswith(CARD)
        return find(self._commands, as_meant(about_card(tokens(words), replied=replied)))

    async def _with_place(self, command: Command, words: tuple[str, ...], about: Key | None) -> tuple[str, ...]:
        """Return the words with what an alert's card is about in its place; raise UsageError for no such card."""
        if not command.takes_place:
            return words
        if handle := handle_in(words):
            card = await cards.by_handle(self._desk.database, handle)
            if card is None:
                raise UsageError(f"No card {handle}", hint="!alerts lists what burns")
            if not (place := subject(card)):
                raise UsageError(f"{handle} does not say where it burns", hint="write ns/name, like data/postgres")
            return tuple(place if word == handle else word for word in words)
        if about and about.startswith(CARD) and lacks_place(words):
            card = await cards.get(self._desk.database, about)
            return (place, *words) if card and (place := subject(card)) else words
        return words

    async def _refuse(self, arrival: Arrival, command: Command, ruling: Refuse) -> None:
        if ruling.reason is Reason.BOT:
            await self._leave(arrival)
            return
        age = self._desk.system.now() - arrival.heard.sent_at
        role = self._gate.role(arrival.heard.sender)
        refusal = Refusal(command.verb, ruling.reason, role, ruling.needs, age, arrival.request)
        await self._reply(arrival, refusal, Deed(request_from(arrival), command), ruling.reason.value)

    async def _stranger(self, arrival: Arrival) -> None:
        """Record that somebody unknown tried; no answer to them, and at most one line an hour to the room."""
        heard = arrival.heard
        if await self._gate.rule(arrival, Risk.READ, skip_prompt=False) == Refuse(Reason.BOT):
            await self._desk.database.write(lambda tx: inbox.done(tx, heard.event_id))
            return
        hour = int(self._desk.system.now().timestamp() // 3600)
        key = Key(f"stranger:{heard.sender}:{hour}")

        async def store(tx: Transaction) -> None:
            now = self._desk.system.now()
            await note(tx, self._desk.system, Deed(request_from(arrival), None), Phase.REFUSED, Reason.STRANGER.value)
            if not await outbox.known(tx, heard.room, key):
                message = Message(heard.room, key, self._desk.render(StrangerTried(heard.sender, now)))
                await outbox.put(tx, message, now)
            await inbox.done(tx, heard.event_id)

        await self._desk.database.write(store)
        self._outbox.wake(heard.room)

    async def _reply(self, arrival: Arrival, result: Any, refused: Deed | None = None, why: str = "") -> None:
        """Answer a line without running anything, and be done with it."""
        heard = arrival.heard
        message = Message(
            heard.room,
            answer_key(arrival.request),
            self._desk.render(result),
            Priority.ANSWER,
            reply_to=heard.event_id,
            request=arrival.request,
        )

        async def store(tx: Transaction) -> None:
            if refused:
                await note(tx, self._desk.system, refused, Phase.REFUSED, why)
            await outbox.put(tx, message, self._desk.system.now())
            await inbox.done(tx, heard.event_id)

        await self._desk.database.write(store)
        self._outbox.wake(heard.room)

    async def unrecorded(self, heard: Sequence[Heard]) -> None:
        """Refuse what people ask while not even their lines can be stored; what must go, goes all the same."""
        for each in heard:
            if each.sort is Sort.LEAK:
                await self._leaks.remove(each)
            asks = each.sort is Sort.MESSAGE and addressed(each.body, self._user, reply=False) is not None
            if asks and self._gate.role(each.sender):
                now = self._desk.system.now()
                request = Request(RequestId(""), each.event_id, each.room, each.sender, now, each.sent_at)
                await self._refuse_unrecorded(request)

    async def _not_recorded(self, arrival: Arrival, error: StoreFailed) -> None:
        log.error("chat.not_recorded", error=str(error))
        await self._refuse_unrecorded(request_from(arrival))
        await self._desk.system.sleep(_RETRY)

    async def _refuse_unrecorded(self, request: Request) -> None:
        """No record, no action: say so past the database, which cannot hold even the answer.

        Once said it stands: who was refused turns to something else, and nothing may happen behind them later.
        """
        if request.event in self._refused:
            return
        with suppress(OpsError, TimeoutError):
            await self._executor.say_unrecorded(request, NotRecorded("", request.id))
            self._refused.add(request.event)

    async def _record_refusal(self, arrival: Arrival) -> None:
        """Write down, now that there is room, that a line was refused."""

        async def store(tx: Transaction) -> None:
            await note(tx, self._desk.system, Deed(request_from(arrival), None), Phase.REFUSED, "not recorded")
            await inbox.done(tx, arrival.heard.event_id)

        await self._desk.database.write(store)
        self._refused.discard(arrival.heard.event_id)


def request_from(arrival: Arrival) -> Request:
    """Return the request that a heard line makes."""
    heard = arrival.heard
    return Request(arrival.request, heard.event_id, heard.room, heard.sender, arrival.arrived_at, heard.sent_at)
