"""Runs what the gate let through, within its time, and commits the outcome together with the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import structlog

from bot.clients.store import inbox, oncall, outbox, proposals, renewal
from bot.clients.store.database import Transaction
from bot.clients.store.kept import Kept
from bot.command import ActionContext, Command, Context, Handler, Plan, Request
from bot.core.audit import Phase
from bot.core.confirmation import Proposal
from bot.core.errors import NeighbourError, NotBegun, StoreFailed, Unreachable, UsageError
from bot.core.facts import Verdict
from bot.core.message import Message, Priority, Rendered, content, transaction_id
from bot.core.names import Key, RoomId, UserId
from bot.core.reading import must_be_known
from bot.core.renewal import UntilResolved
from bot.core.replies import Broken, Changed, CutOff, Failure, Misread, NotRecorded, Nudge, TookTooLong, Unsure
from bot.flow.audit import Deed, note
from bot.flow.cards import Cards, Change
from bot.flow.desk import Desk
from bot.flow.gate import request_of
from bot.flow.letters import Mail
from bot.flow.live import Live, LiveAnswers, answer_key
from bot.flow.outbox import Outbox

log = structlog.get_logger("execute")

LONG = timedelta(seconds=20)
"""Work that ends later than this after it was asked rings the one who asked (design §5)."""

MakeContext = Callable[[Live], Context]


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a command."""

    result: Any
    posts: tuple[Message, ...] = ()
    ok: bool = True
    """It ran to its end; of what did not, nothing is sent or changed."""
    unknown: bool = False
    """It may have happened although no answer came."""
    took: timedelta = timedelta(0)
    amendments: tuple[tuple[Key, Change], ...] = ()
    on_call: tuple[UserId, ...] = ()
    """Who is paged from now on; nobody: who was before."""
    renewals: tuple[UntilResolved, ...] = ()
    inverse: tuple[str, ...] = ()
    """The words that take it back."""


@dataclass(slots=True)
class _Effects:
    """What an action has to send, to change and to leave, collected while it runs."""

    posts: list[Message] = field(default_factory=list)
    amendments: list[tuple[Key, Change]] = field(default_factory=list)
    on_call: list[UserId] = field(default_factory=list)
    renewals: list[UntilResolved] = field(default_factory=list)
    inverse: list[str] = field(default_factory=list)


class Executor:
    """Looks and acts; the only place that makes an ActionContext."""

    def __init__(
        self,
        desk: Desk,
        posts: Outbox,
        cards: Cards,
        live: LiveAnswers,
        mail: Mail,
        make_context: MakeContext,
        commands: Mapping[str, Command],
    ) -> None:
        self._desk = desk
        self._live = live
        self._mail = mail
        self._cards = cards
        self._outbox = posts
        self._make_context = make_context
        self._commands = commands
        self._limit = desk.settings.limits.command

    def check(self, command: Command, tokens: tuple[str, ...]) -> None:
        """Raise UsageError for words that a command cannot take, or a cluster that is not known."""
        command.bind(tokens)
        must_be_known(command.cluster(tokens), self._desk.settings.clusters)

    async def look(self, command: Command, tokens: tuple[str, ...], request: Request) -> None:
        """Run a command that changes nothing; a crash on the way means that it is run again."""
        deed = Deed(request, command, tokens)
        await self._desk.database.write(lambda tx: note(tx, self._desk.system, deed, Phase.INTENT))
        async with self._live.of(request, command.verb) as live:
            ended = await self._run(command, command.handler, self._make_context(live), tokens)
        await self._desk.database.write(self._outcome(deed, ended, None))
        self._answered(deed, ended)

    async def meant(self, command: Command, tokens: tuple[str, ...], request: Request) -> tuple[str, ...] | Ended:
        """Return the words that a command stands in for, or why there are none."""
        ended = await self._looked(command, command.handler, tokens, request)
        return ended.result if ended.ok else ended

    async def plan(self, command: Command, tokens: tuple[str, ...], request: Request) -> Plan | Ended:
        """Find out what an action would touch, or why that cannot be; nothing is changed."""
        assert command.preview
        ended = await self._looked(command, command.preview, tokens, request)
        return ended.result if ended.ok else ended

    async def run(self, proposal: Proposal, *, look_again: bool = True, again: bool = False) -> None:
        """Run an action that is recorded as under way; what it touches may have changed since it was asked about."""
        command = self._commands[proposal.verb]
        request = request_of(proposal, self._desk.system)
        deed = Deed(request, command, proposal.tokens, proposal.risk)
        if look_again and command.preview and (over := await self._changed(command, proposal, request)):
            await self._finish(deed, over, proposal)
            return
        began = self._desk.system.monotonic()
        effects = _Effects()
        async with self._live.of(request, command.verb) as live:
            ctx = self._action_context(live, proposal, effects, again=again)
            ended = await self._run(command, command.handler, ctx, proposal.tokens)
        if ended.ok:
            ended = replace(
                ended,
                posts=tuple(effects.posts),
                amendments=tuple(effects.amendments),
                on_call=tuple(effects.on_call),
                inverse=_where(effects.inverse, command.cluster(proposal.tokens)),
                renewals=tuple(effects.renewals),
            )
        ended = replace(ended, took=timedelta(seconds=self._desk.system.monotonic() - began))
        await self._finish(deed, ended, proposal)

    async def _changed(self, command: Command, proposal: Proposal, request: Request) -> Ended | None:
        """Return what to say when that which was confirmed is not what is there any more; None: go on."""
        plan = await self.plan(command, proposal.tokens, request)
        if isinstance(plan, Ended):
            return plan
        same = plan.target in {"", proposal.target} and (plan.risk or command.risk) <= proposal.risk
        words = Deed(request, command, proposal.tokens).words
        return None if same else Ended(Changed(words, request.id), ok=False)

    async def _looked(self, command: Command, look: Handler, tokens: tuple[str, ...], request: Request) -> Ended:
        async with self._live.of(request, "") as live:
            return await self._run(command, look, self._make_context(live), tokens)

    def _action_context(self, live: Live, proposal: Proposal, effects: _Effects, *, again: bool) -> ActionContext:
        looking = self._make_context(live)
        return ActionContext(
            **{name: getattr(looking, name) for name in Context.__dataclass_fields__},
            action=proposal.id,
            again=again,
            decided=proposal.created_at,
            target=proposal.target,
            new_secret=self._desk.system.new_secret,
            post=effects.posts.append,
            amend=lambda key, change: effects.amendments.append((key, change)),
            assign=effects.on_call.extend,
            renew=effects.renewals.append,
            kept=Kept(self._desk.database),
            page=self._mail.open,
            close_page=self._mail.close,
            letter=self._mail.send,
            undo_by=lambda *words: effects.inverse.extend(words),
        )

    async def cut_off(self) -> list[Proposal]:
        """Return the actions that were under way when the last process ended."""
        return await proposals.in_state(self._desk.database, "executing")

    async def resume(self, proposal: Proposal) -> None:
        """Go on with an action that was cut off where that is harmless; otherwise say that its outcome is not known."""
        command = self._commands.get(proposal.verb)
        log.warning("execute.cut_off", request=proposal.id, verb=proposal.verb)
        if command and command.repeatable:
            # What it touches may be changed by its own first half.
            await self.run(proposal, look_again=False, again=True)
            return
        deed = Deed(request_of(proposal, self._desk.system), command, proposal.tokens)
        await self._finish(deed, Ended(Unsure(deed.words, proposal.id), unknown=True), proposal)

    async def say_unrecorded(self, request: Request, result: NotRecorded) -> None:
        """Tell the room that nothing is done because nothing can be recorded; sent directly, under a fixed id."""
        # The event's, for a line that could not be stored gets another request id with every attempt.
        key = Key(f"unrecorded:{request.event}")
        message = Message(request.room, key, self._desk.render(result), reply_to=request.event, request=request.id)
        async with asyncio.timeout(10):
            await self._desk.matrix.send(
                request.room, "m.room.message", content(message, 1), transaction_id(request.room, key, 1)
            )

    async def _run(self, command: Command, function: Handler, ctx: Context, tokens: tuple[str, ...]) -> Ended:
        """Call a command's handler or preview within its time; what goes wrong becomes what to say."""
        request, started = ctx.request.id, self._desk.system.monotonic()
        acts = command.changes and function is command.handler
        limit = command.limit if command.limit and function is command.handler else self._limit
        try:
            bound = command.bind(tokens)
            ctx = replace(ctx, neighbours=ctx.neighbours.at(command.cluster(tokens)))
            async with asyncio.timeout(limit.total_seconds()):
                return Ended(await function(ctx, *bound.args, **bound.kwargs))
        except UsageError as error:
            return Ended(Misread(error.problem, error.hint or command.usage, error.near, request), ok=False)
        except NotBegun:
            return Ended(CutOff(Deed(ctx.request, command, tokens).words, request), ok=False)
        except NeighbourError as error:
            log.warning("execute.failed", verb=command.verb, reason=str(error))
            unknown = acts and isinstance(error, Unreachable)
            return Ended(Failure(command.verb, error, acts, request), ok=False, unknown=unknown)
        except TimeoutError:
            return Ended(TookTooLong(command.verb, limit, acts, request), ok=False, unknown=acts)
        except StoreFailed:
            raise
        except Exception:
            # A fault in one command is answered, with the id that leads to the log, and harms no other.
            log.exception("execute.broken", verb=command.verb)
            return Ended(Broken(command.verb, request), ok=False, unknown=acts)
        finally:
            self._desk.metrics.command_seconds.labels(command.verb).observe(self._desk.system.monotonic() - started)

    async def _finish(self, deed: Deed, ended: Ended, proposal: Proposal) -> None:
        """Write down what became of an action; a disk that is full now may have room later."""
        while True:
            try:
                await self._desk.database.write(self._outcome(deed, ended, proposal))
                break
            except StoreFailed as error:
                log.error("execute.cannot_record", error=str(error))
                await self._desk.system.sleep(1.0)
        self._answered(deed, ended)

    def _outcome(self, deed: Deed, ended: Ended, proposal: Proposal | None) -> Callable[[Transaction], Awaitable[None]]:
        """Return the work that commits outcome, answer and what the action had to send, together."""
        rendered = self._desk.render(ended.result)
        late = proposal is None and self._desk.system.now() - deed.request.at > LONG
        answer = self._message(deed.request, answer_key(deed.request.id), rendered, rings=late)
        messages = [*ended.posts] if _told_by_card(ended, deed.request.room) else [*ended.posts, answer]
        failed = rendered.verdict is Verdict.BAD
        if proposal and (failed or ended.took > LONG):
            nudge = Nudge(deed.words, deed.request.sender, failed, ended.took)
            key = Key(f"nudge:{deed.request.id}")
            messages.append(self._message(deed.request, key, self._desk.render(nudge), rings=True))

        async def store(tx: Transaction) -> None:
            now = self._desk.system.now()
            if proposal:
                if not await proposals.leave(tx, proposal.id, "executing", _state(ended, rendered.verdict)):
                    return
                await proposals.ended(tx, proposal.id, ended.inverse, now)
            await note(tx, self._desk.system, deed, Phase.OUTCOME, rendered.verdict.value)
            for message in messages:
                await outbox.put(tx, message, now)
            for key, change in ended.amendments:
                await self._cards.amend(tx, key, change)
            if ended.on_call:
                await oncall.put(tx, ended.on_call)
            for order in ended.renewals:
                await renewal.put(tx, order)
            await inbox.done(tx, deed.request.event)

        return store

    def _message(self, request: Request, key: Key, rendered: Rendered, *, rings: bool) -> Message:
        return Message(
            request.room,
            key,
            rendered,
            Priority.ANSWER,
            rings=rings,
            mentions=(request.sender,) if rings else (),
            reply_to=request.beneath or request.event,
            request=request.id,
        )

    def _answered(self, deed: Deed, ended: Ended) -> None:
        verb = deed.command.verb if deed.command else ""
        self._desk.metrics.commands.labels(verb, self._desk.render(ended.result).verdict.value).inc()
        log.info("execute.answered", verb=verb, result=type(ended.result).__name__)
        if ended.amendments:
            # A card may stand in another room than the word about it.
            self._outbox.wake_all()
        for room in {deed.request.room, *(each.room for each in ended.posts)}:
            self._outbox.wake(room)


def _where(inverse: list[str], cluster: str) -> tuple[str, ...]:
    """Return the words that take an action back, in the cluster where it was done."""
    return (*inverse, "--cluster", cluster) if inverse and cluster else tuple(inverse)


def _told_by_card(ended: Ended, room: RoomId) -> bool:
    """Tell whether the card that a word or a tap changed says all there is to say, where it was said."""
    if not (ended.amendments and getattr(ended.result, "told_by_card", False)):
        return False
    card = ended.result.card
    return card.room == room and not card.held


def _state(ended: Ended, verdict: Verdict) -> str:
    if ended.unknown or (ended.ok and verdict is Verdict.UNKNOWN):
        return "unknown"
    return "failed" if verdict is Verdict.BAD or not ended.ok else "done"
