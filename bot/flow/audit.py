"""Writes the trail: the intent before anything is done, the outcome with the answer; no record, no action."""

from dataclasses import dataclass

from bot.clients.store import audit
from bot.clients.store.database import Transaction
from bot.clients.system import System
from bot.command import Command, Request
from bot.core.audit import Entry, Phase
from bot.core.policy import Risk
from bot.core.scrub import scrub


@dataclass(frozen=True, slots=True)
class Deed:
    """Who wants what: what every row about it repeats."""

    request: Request
    command: Command | None
    """None: the line was not understood, or its sender may not know what there is."""
    tokens: tuple[str, ...] = ()
    rated: Risk | None = None
    """How dangerous it was found to be; None: what the command says."""

    @property
    def risk(self) -> Risk:
        """Its class."""
        return self.rated or (self.command.risk if self.command else Risk.READ)

    @property
    def words(self) -> str:
        """The command as understood."""
        return " ".join((self.command.verb, *self.tokens)) if self.command else ""


async def note(tx: Transaction, system: System, deed: Deed, phase: Phase, result: str = "") -> bool:
    """Append a row about a deed; return False when a crash made us come here twice and it stands there already."""
    entry = Entry(
        at=system.now().isoformat(timespec="milliseconds"),
        request=deed.request.id,
        phase=phase,
        actor=deed.request.sender,
        room=deed.request.room,
        command=scrub(deed.words),
        risk=int(deed.risk),
        result=scrub(result),
    )
    return await audit.add(tx, entry) is not None
