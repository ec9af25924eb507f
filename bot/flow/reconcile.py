"""Keeps the cards true: tells what Alertmanager's webhooks did not, closes what it no longer knows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import structlog

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.store import cards as store
from bot.clients.store import renewal
from bot.clients.store.database import Transaction
from bot.core import truth
from bot.core.alerts import Card, News, reads_the_same
from bot.core.errors import UsageError
from bot.core.firing import AlertGroup, FiringAlert
from bot.core.names import RoomId
from bot.core.trips import Trips
from bot.core.truth import Absences, Told
from bot.flow.cards import Cards, Change
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.outbox import Outbox
from bot.flow.rooms import Rooms
from bot.flow.routes import Routes

log = structlog.get_logger("reconcile")


class Reconciler:
    """Compares cards with Alertmanager at fixed times; a question it does not answer changes nothing."""

    def __init__(
        self,
        desk: Desk,
        posts: Outbox,
        cards: Cards,
        rooms: Rooms,
        routes: Routes,
        trips: Trips,
        alertmanager: AlertmanagerApi,
    ) -> None:
        self._desk = desk
        self._outbox = posts
        self._cards = cards
        self._rooms = rooms
        self._routes = routes
        self._trips = trips
        self._alertmanager = alertmanager
        self._missing: Absences = {}

    async def run(self) -> None:
        """Compare until cancelled."""
        await every(self._desk.system, self._desk.settings.limits.reconcile, self.once, "reconcile")

    async def once(self) -> None:
        """Compare now; raise OpsError when Alertmanager does not answer every question."""
        # First the cards, then the question: what changes in between is left for the next time.
        known = await self._known()
        heard = await store.receivers(self._desk.database, but=truth.ASSUMED)
        said = await self._ask(truth.shown_by(known, heard), by_name=bool(heard))
        now = self._desk.system.now()
        steady = self._desk.system.monotonic()
        self._missing = truth.missing(self._missing, known, said, steady)
        gone = truth.gone(self._missing, steady, self._desk.settings.limits.gone)
        restate = partial(truth.restated, cards=known, said=said, gone=gone, now=now)
        for card in known:
            await self._restate(card, restate)
        watchdog = self._desk.settings.alerts.watchdog

        def cardless(alert: FiringAlert) -> bool:
            return alert.name == watchdog or self._trips.owns(alert.labels)

        for group in truth.untold(said, known, heard, now, but=cardless):
            await self._tell(group, heard)

    async def _known(self) -> list[Card]:
        """Return the outlines of the cards that burn."""
        database = self._desk.database
        keys = await store.open_keys(database)
        return [truth.outline(card) for key in keys if (card := await store.get(database, key))]

    async def _ask(self, shown: Mapping[tuple[str, str], datetime], *, by_name: bool) -> Told:
        """Ask for everything, one question after the other: the same connection leads to the same Alertmanager."""

        def known(receiver: str, alert: FiringAlert) -> bool:
            return truth.is_shown(shown, receiver if by_name else "", alert)

        groups = await self._alertmanager.groups(known=known)
        silences = await self._alertmanager.silences()
        receivers = await self._alertmanager.receivers()
        status = await self._alertmanager.status()
        orders = await renewal.all_orders(self._desk.database)
        now, gone_after = self._desk.system.now(), self._desk.settings.limits.gone
        return truth.told(groups, silences, receivers, status, orders=orders, now=now, gone_after=gone_after)

    async def _restate(self, before: Card, restate: Change) -> None:
        """Bring a card to what is true, unless it changed since it was compared; `before`: its outline then."""
        after = restate(before)
        if after == before:
            return

        def change(card: Card) -> Card:
            return restate(card) if truth.outline(card) == before else card

        changed = await self._desk.database.write(lambda tx: self._cards.amend(tx, before.key, change))
        if changed is None or truth.outline(changed) != after or reads_the_same(before, after):
            return
        self._outbox.wake(before.room)
        how = "changed" if after.members == before.members else "closed"
        self._desk.metrics.reconciled.labels(how).inc()
        log.info("reconcile.restated", card=before.handle, how=how, muted=after.muted is not None)

    async def _tell(self, group: AlertGroup, heard: Mapping[str, Sequence[RoomId]]) -> None:
        """Take in what a lost webhook would have said, each room's part of it."""
        receiver = group.receiver.name
        parts: dict[RoomId | None, list[FiringAlert]] = {}
        for alert in group.alerts:
            parts.setdefault(self._routes.room(alert, receiver), []).append(alert)
        for room, alerts in parts.items():
            await self._tell_part(room, group.model_copy(update={"alerts": tuple(alerts)}), heard.get(receiver, ()))

    async def _tell_part(self, room: RoomId | None, group: AlertGroup, posted: Sequence[RoomId]) -> None:
        """Take in what goes to one room; None: where the receiver posts."""
        usual = self._usual(posted)

        async def work(tx: Transaction) -> tuple[RoomId, News]:
            known = await store.of_group(tx, group.labels)
            there = {room} if room else {*posted, usual}
            card = truth.home([card for card in known if card.room in there], group)
            hook = truth.as_webhook(group, card, self._desk.system.now())
            target = room or (card.room if card and card.room in self._rooms.all else usual)
            if hook is None:
                return target, News.NOTHING
            return target, await self._cards.fold(tx, target, hook, posted=usual if room else None)

        try:
            target, news = await self._desk.database.write(work)
        except UsageError as error:
            log.warning("reconcile.untellable", receiver=group.receiver.name, reason=error.problem)
            return
        if news is not News.NOTHING:
            self._outbox.wake(target)
            self._desk.metrics.reconciled.labels("told").inc()
            log.warning("reconcile.told", receiver=group.receiver.name, alerts=len(group.alerts), news=news.value)

    def _usual(self, posted: Sequence[RoomId]) -> RoomId:
        """Return where a receiver's alerts go: into the alerts room, or where they were always posted."""
        usual = self._rooms.usual
        ours = [room for room in posted if room in self._rooms.all]
        return ours[0] if ours and usual not in ours else usual
