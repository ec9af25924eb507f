"""The one door to every command: who may, how fast, and with whose confirmation."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.clients.store import inbox, outbox, proposals
from bot.clients.store.database import Transaction
from bot.clients.store.inbox import Arrival
from bot.clients.system import System
from bot.command import Command, Plan, Request
from bot.core.audit import Phase
from bot.core.confirmation import (
    ALONE,
    LIFE,
    TRIES,
    Answer,
    Moment,
    Outcome,
    Proposal,
    code_hash,
    expired,
    judge,
)
from bot.core.heard import Heard, RoomFacts, Sort
from bot.core.message import Message, Priority
from bot.core.names import UserId
from bot.core.policy import Attempt, Refuse, Risk, Role, Ruling, decide
from bot.core.replies import Prompt, PromptHint, PromptOver
from bot.flow.audit import Deed, note
from bot.flow.desk import Desk
from bot.flow.live import answer_key
from bot.flow.outbox import Outbox
from bot.flow.rooms import Rooms

log = structlog.get_logger("gate")

_OVER = {Outcome.CANCELLED: (Phase.CANCELLED, "cancelled"), Outcome.EXPIRED: (Phase.EXPIRED, "expired")}
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody's answer to a prompt."""

    answer: Answer
    arrival: Arrival


class Gate:
    """Rules on attempts, keeps the prompts, and hands out each confirmed action exactly once."""

    def __init__(self, desk: Desk, posts: Outbox, rooms: Rooms, commands: Mapping[str, Command]) -> None:
        self._desk = desk
        self._outbox = posts
        self._rooms = rooms
        self._commands = commands
        self._recent: dict[UserId, deque[float]] = defaultdict(deque)

    def role(self, user: UserId) -> Role | None:
        """Return what a person is trusted with; None for everybody who is not in the configuration, to the letter."""
        person = self._desk.settings.people.get(user)
        return person.role if person else None

    async def rule(
        self,
        arrival: Arrival,
        risk: Risk,
        *,
        least: Role = Role.VIEWER,
        skip_prompt: bool,
        approves_itself: bool = False,
        again: bool = False,
    ) -> Ruling:
        """Decide on a command that has just been read, or `again` once its risk is known better."""
        heard = arrival.heard
        facts = await self._rooms.facts(heard.room) if self.role(heard.sender) else None
        attempt = Attempt(
            risk=risk,
            role=self.role(heard.sender),
            is_bot=heard.sender in self._desk.settings.bots,
            age=self._desk.system.now() - heard.sent_at,
            room_is_open=facts is None or facts.open_to_anybody,
            plaintext_in_encrypted_room=_is_plain(heard, facts),
            recent=0 if again else self._count(heard.sender),
            per_minute=self._desk.settings.limits.per_person,
            skip_prompt=skip_prompt,
            least=least,
            approves_itself=approves_itself,
        )
        ruling = decide(attempt)
        if isinstance(ruling, Refuse):
            self._desk.metrics.gate_refusals.labels(ruling.reason.value).inc()
            log.info("gate.refused", request=arrival.request, sender=heard.sender, reason=ruling.reason.value)
        return ruling

    def _count(self, sender: UserId) -> int:
        """Return how many commands a person sent within the last minute, and count this one."""
        now = self._desk.system.monotonic()
        recent = self._recent[sender]
        while recent and now - recent[0] > _MINUTE:
            recent.popleft()
        recent.append(now)
        return len(recent) - 1

    async def propose(
        self, command: Command, tokens: tuple[str, ...], request: Request, plan: Plan | None = None
    ) -> None:
        """Show a prompt for an action, recorded before it is shown."""
        code = self._desk.system.new_code()
        proposal = self._proposal(command, tokens, request, code, plan)
        prompt = Prompt(
            what=" ".join((command.verb, *tokens)),
            plan=plan.what if plan else None,
            risk=proposal.risk,
            code=code,
            requester=request.sender,
            others=self._others(request.sender) if proposal.risk is Risk.DANGEROUS else (),
            solo=self._desk.settings.access.solo,
            life=LIFE,
        )

        async def store(tx: Transaction) -> None:
            now = self._desk.system.now()
            if await note(tx, self._desk.system, Deed(request, command, tokens, proposal.risk), Phase.PROMPTED):
                await proposals.add(tx, proposal)
                await outbox.put(tx, self._prompt_message(proposal, prompt), now)
            await inbox.done(tx, request.event)

        await self._desk.database.write(store)
        self._outbox.wake(request.room)

    async def begin(
        self, command: Command, tokens: tuple[str, ...], request: Request, plan: Plan | None = None
    ) -> Proposal:
        """Record an action that needs no prompt, before anything of it is done; return it, under way."""
        proposal = self._proposal(command, tokens, request, "", plan)

        async def store(tx: Transaction) -> None:
            await note(tx, self._desk.system, Deed(request, command, tokens, proposal.risk), Phase.INTENT)
            await proposals.add(tx, proposal, state="executing")
            await inbox.done(tx, request.event)

        await self._desk.database.write(store)
        return proposal

    async def hear(self, said: Said) -> Proposal | None:
        """Take an answer to a prompt; return the action it confirmed, now under way and nobody else's to start."""
        heard = said.arrival.heard
        facts = await self._rooms.facts(heard.room)
        if _is_plain(heard, facts):
            # Whoever runs the homeserver can put plain words into anybody's mouth (research T17).
            log.warning("gate.plaintext_answer", sender=heard.sender)
            await self._desk.database.write(lambda tx: inbox.done(tx, heard.event_id))
            return None
        confirmed = await self._desk.database.write(lambda tx: self._judge(tx, said))
        self._outbox.wake(heard.room)
        return confirmed

    async def expire(self) -> None:
        """Say of every prompt whose time is over that it is."""
        for proposal in await proposals.in_state(self._desk.database, "pending"):
            if expired(proposal, self._moment()):
                await self._desk.database.write(lambda tx, over=proposal: self._end(tx, over, Outcome.EXPIRED, None))  # type: ignore[misc]
                self._outbox.wake(proposal.room)

    async def _judge(self, tx: Transaction, said: Said) -> Proposal | None:
        heard = said.arrival.heard
        await inbox.done(tx, heard.event_id)
        proposal = await self._meant(tx, said)
        if proposal is None:
            return None
        may_act = self.role(heard.sender) in {Role.OPERATOR, Role.ADMIN}
        outcome = judge(
            proposal, said.answer, heard.sender, self._moment(), may_act=may_act, solo=self._desk.settings.access.solo
        )
        match outcome:
            case Outcome.CONFIRMED:
                return await self._confirm(tx, proposal, heard.sender)
            case Outcome.CANCELLED | Outcome.EXPIRED:
                await self._end(tx, proposal, outcome, heard.sender)
            case Outcome.IGNORED:
                log.info("gate.answer_ignored", proposal=proposal.id, sender=heard.sender)
            case _:
                await self._hint(tx, proposal, outcome, said)
        return None

    async def _meant(self, tx: Transaction, said: Said) -> Proposal | None:
        """Return the proposal an answer is about: the one it points at, the one its code fits, the asker's newest."""
        heard = said.arrival.heard
        pending = await proposals.in_state(tx, "pending", heard.room)
        if heard.target:
            for proposal in pending:
                if await outbox.event_of(tx, proposal.room, answer_key(proposal.id)) == heard.target:
                    return proposal
        if said.answer.tapped or (heard.target and not said.answer.code):
            # Put on, or said in reply to, something else: it is not about a prompt.
            return None
        for proposal in pending:
            if said.answer.code and code_hash(proposal.id, said.answer.code) == proposal.code_hash:
                return proposal
        own = [proposal for proposal in pending if proposal.requester == heard.sender]
        return next(iter(own or (pending if said.answer.code or not said.answer.agrees else ())), None)

    async def _confirm(self, tx: Transaction, proposal: Proposal, by: UserId) -> Proposal | None:
        if not await proposals.leave(tx, proposal.id, "pending", "executing", by):
            return None
        deed = self._deed(proposal)
        await note(tx, self._desk.system, deed, Phase.CONFIRMED, result=by)
        await note(tx, self._desk.system, deed, Phase.INTENT)
        return proposal

    async def _end(self, tx: Transaction, proposal: Proposal, outcome: Outcome, by: UserId | None) -> None:
        phase, state = _OVER[outcome]
        if await proposals.leave(tx, proposal.id, "pending", state, by):
            await note(tx, self._desk.system, self._deed(proposal), phase, result=by or "")
            over = PromptOver(self._deed(proposal).words, outcome, by)
            await outbox.put(tx, self._message(proposal, over), self._desk.system.now())

    async def _hint(self, tx: Transaction, proposal: Proposal, outcome: Outcome, said: Said) -> None:
        left = TRIES
        if outcome is Outcome.WRONG_CODE:
            left = TRIES - await proposals.wrong_code(tx, proposal.id)
            if left <= 0 and await proposals.leave(tx, proposal.id, "pending", "void"):
                await note(tx, self._desk.system, self._deed(proposal), Phase.CANCELLED, result="three wrong codes")
                over = PromptOver(self._deed(proposal).words, outcome, said.arrival.heard.sender)
                await outbox.put(tx, self._message(proposal, over), self._desk.system.now())
                return
        request = said.arrival.request
        hint = PromptHint(self._deed(proposal).words, outcome, left, request)
        message = Message(
            proposal.room,
            answer_key(request),
            self._desk.render(hint),
            Priority.ANSWER,
            reply_to=said.arrival.heard.event_id,
            request=request,
        )
        await outbox.put(tx, message, self._desk.system.now())

    def _proposal(
        self, command: Command, tokens: tuple[str, ...], request: Request, code: str, plan: Plan | None
    ) -> Proposal:
        now = self._desk.system.monotonic()
        return Proposal(
            id=request.id,
            event=request.event,
            room=request.room,
            requester=request.sender,
            verb=command.verb,
            tokens=tokens,
            risk=(plan.risk if plan else None) or command.risk,
            target=(plan.target if plan else "") or " ".join((command.verb, *tokens)),
            code_hash=code_hash(request.id, code),
            tries=0,
            boot=self._desk.system.boot,
            not_before=now + ALONE.total_seconds(),
            deadline=now + LIFE.total_seconds(),
            sent_at=request.sent_at,
            about=request.about,
            beneath=request.beneath,
            created_at=self._desk.system.now(),
        )

    def _deed(self, proposal: Proposal) -> Deed:
        command = self._commands.get(proposal.verb)
        return Deed(request_of(proposal, self._desk.system), command, proposal.tokens, proposal.risk)

    def _others(self, requester: UserId) -> tuple[UserId, ...]:
        return tuple(
            user
            for user, person in self._desk.settings.people.items()
            if person.role is not Role.VIEWER and user != requester
        )

    def _prompt_message(self, proposal: Proposal, prompt: Prompt) -> Message:
        message = self._message(proposal, prompt)
        if not prompt.others or prompt.solo:
            return message
        return Message(
            message.room,
            message.key,
            message.rendered,
            Priority.ANSWER,
            rings=True,
            mentions=prompt.others,
            reply_to=proposal.event,
            request=proposal.id,
        )

    def _message(self, proposal: Proposal, result: Any) -> Message:
        return Message(
            proposal.room,
            answer_key(proposal.id),
            self._desk.render(result),
            Priority.ANSWER,
            reply_to=proposal.event,
            request=proposal.id,
        )

    def _moment(self) -> Moment:
        return Moment(self._desk.system.monotonic(), self._desk.system.boot)


def _is_plain(heard: Heard, facts: RoomFacts | None) -> bool:
    """Tell whether words came in clear into an encrypted room; reactions always do, and do little."""
    return bool(facts and facts.encrypted and not heard.encrypted and heard.sort is Sort.MESSAGE)


def request_of(proposal: Proposal, system: System) -> Request:
    """Return the request that a proposal came from."""
    return Request(
        proposal.id,
        proposal.event,
        proposal.room,
        proposal.requester,
        system.now(),
        proposal.sent_at,
        proposal.about,
        proposal.beneath,
    )
