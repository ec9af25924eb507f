"""Whole conversations as plain text: read from a file, played against a running bot in a real room, and checked.

    # what is promised
    anna> !ping
    bot< ✅ Pong — *
    …
    ~ fire PostgresDown critical data/postgres-1

`name>` is said by a person, `name> ↩ …` as a reply to the bot's last message, `<code>` in it being the four digits that
this asks for; `bot<` is what the bot must then say, its further lines following without a prefix; `bot=` the same as an
edit of a message that stands there; `bot@data<` and `bot@data=` in the room of that short name; `bot!` nothing at all
within a second. In expected lines `*`, and any sample between « and », stand for any characters, and a line `…` for any
number of lines. `~` is something that happens: see `DEEDS`.
"""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.core.names import EventId, UserId
from bot.demo import holders
from bot.demo.cluster.exec import ExecAnswer
from bot.demo.cluster.pods import main_container
from bot.demo.cluster.store import Object
from bot.demo.cluster.troubles import TROUBLE
from bot.demo.stage import Stage
from bot.demo.vault import delete, rewrite
from bot.demo.view import Seen, View
from bot.demo.world import barman, crash_looping, heal, objects_of

_SICK = ("Deployment", "StatefulSet", "DaemonSet", "Cluster", "Certificate", "VaultStaticSecret", "VaultDynamicSecret")
"""Kinds whose objects can be given a trouble."""
_ANSWER_SECONDS = 15.0
_SILENCE_SECONDS = 1.0
_AGAIN_SECONDS = 0.05
_SAYS = re.compile(r"(\w+)> ?(.*)")
# A sample between « and » reads well in a manual, and stands for whatever is there when it is played.
_VARIES = re.compile(r"\*|«[^»]*»")
_CODE = "<code>"
_ASKS = re.compile(r"\byes (\d{4})\b")
_ANSWERS = re.compile(r"bot(?:@(\w+))?([<=!]) ?(.*)")


class NotAsExpected(AssertionError):
    """The room saw something else."""


@dataclass
class Step:
    """One step of a conversation."""

    number: int
    """The line it stands on."""
    who: str
    """A person; `bot` for what is expected; `~` for what happens."""
    words: list[str] = field(default_factory=list)
    form: str = ""
    """Of what is expected: `<`, `=` or `!`."""
    room: str = ""
    """Where it is expected, by its short name; empty: in the first room."""


def read(text: str) -> list[Step]:
    """Read a conversation; raise ValueError for a line that is none of the forms."""
    steps: list[Step] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("~"):
            steps.append(Step(number, "~", [line[1:].strip()]))
        elif match := _ANSWERS.fullmatch(line):
            steps.append(Step(number, "bot", [match[3]], match[2], match[1] or ""))
        elif match := _SAYS.fullmatch(line):
            steps.append(Step(number, match[1], [match[2]]))
        elif steps and steps[-1].who == "bot":
            steps[-1].words.append(line)
        else:
            raise ValueError(f"line {number}: nobody says this")
    return steps


def matches(expected: list[str], body: str) -> bool:
    """Tell whether a message is as expected."""
    parts = [r"(?:.*\n)*" if line.strip() == "…" else _glob(line.strip()) + r"\n" for line in expected]
    lines = "".join(f"{line.strip()}\n" for line in body.splitlines())
    return re.fullmatch("".join(parts), lines) is not None


def _glob(line: str) -> str:
    return ".*".join(re.escape(part) for part in _VARIES.split(line))


class Player:
    """Plays conversations on a stage; what the bot says is matched in order, each message once."""

    def __init__(
        self, stage: Stage, *, heard: Callable[[str, str], None] = lambda _who, _words: None, pace: float = 0.0
    ) -> None:
        """`pace`: seconds of quiet before somebody speaks or something happens, for those who read along."""
        assert stage.homeserver
        self.stage = stage
        self._pace = pace
        rooms = stage.rooms.values()
        self.views = {name: View(stage.homeserver, session, *rooms) for name, session in stage.sessions.items()}
        self.view = self.views["anna"]
        self._heard = heard
        self._unmatched: list[Seen] = []
        self.tap: EventId | None = None
        """The last reaction."""
        self.last: Seen | None = None
        """The bot's message that was matched last."""

    async def open(self) -> None:
        """Look from now on."""
        await self.view.open()

    async def play(self, text: str) -> None:
        """Play a conversation; raise NotAsExpected at the first thing that is not as it says."""
        for step in read(text):
            if step.who != "bot":
                await asyncio.sleep(self._pace)
            await self._step(step)

    async def _step(self, step: Step) -> None:
        if step.who == "~":
            await self._happen(step)
        elif step.who != "bot":
            # Said as a reply where the line begins with ↩: to the bot's last message.
            words = step.words[0]
            reply = (self.last.edits or self.last.event_id) if words.startswith("↩") and self.last else None
            said = words.removeprefix("↩").strip().replace(_CODE, self._code())
            self._heard(step.who, said)
            await self.views[step.who].say(said, reply)
        elif step.form == "!":
            await self._nothing(step)
        else:
            await self._expect(step)

    def _code(self) -> str:
        """Return the digits that the bot's last message asks for."""
        asked = _ASKS.search(self.last.body) if self.last else None
        return asked[1] if asked else _CODE

    async def _happen(self, step: Step) -> None:
        verb, *words = step.words[0].split()
        deed = DEEDS.get(verb)
        if deed is None:
            raise ValueError(f"line {step.number}: nothing is called {verb}")
        await deed(self, words)

    async def _expect(self, step: Step) -> None:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                while not self._match(step):
                    await self.look(5.0)
        except TimeoutError:
            seen = "\n---\n".join(message.body for message in self._unmatched) or "nothing"
            expected = "\n".join(step.words)
            raise NotAsExpected(f"line {step.number}: expected\n{expected}\nbut the bot said\n{seen}") from None

    def _match(self, step: Step) -> bool:
        room = self.stage.rooms[step.room] if step.room else self.stage.room
        for message in self._unmatched:
            form = "<" if message.edits is None else "="
            if (message.room, form) == (room, step.form) and matches(step.words, message.body):
                self._unmatched.remove(message)
                self._forget_steps(message)
                self.last = message
                return True
        return False

    def _forget_steps(self, message: Seen) -> None:
        """Pass over what an edited message said on its way to what was expected of it."""
        if message.edits:
            self._unmatched = [each for each in self._unmatched if message.edits not in {each.edits, each.event_id}]

    async def _nothing(self, step: Step) -> None:
        try:
            async with asyncio.timeout(_SILENCE_SECONDS):
                while True:
                    await self.look(_SILENCE_SECONDS)
        except TimeoutError:
            pass
        if self._unmatched:
            raise NotAsExpected(f"line {step.number}: expected silence, but the bot said\n{self._unmatched[0].body}")

    async def look(self, seconds: float) -> None:
        """Take in what the bot says, waiting for it at most so long."""
        for message in await self.view.look(seconds):
            # Said once a minute after the start, whatever the conversation is about.
            if message.sender == self.stage.user and message.kind != "stranger-seen":
                self._unmatched.append(message)
                self._heard("bot" if message.edits is None else "bot, editing", message.body)

    @property
    def bot(self) -> UserId:
        """The bot's Matrix ID."""
        return self.stage.user


async def _fire(player: Player, words: list[str]) -> None:
    """`fire NAME SEVERITY NAMESPACE/POD [summary…]`: an alert begins to fire in Alertmanager."""
    labels = _labels(words)
    annotations = {"summary": " ".join(words[3:])} if words[3:] else {}
    player.stage.monitoring.alertmanager.fire(labels, annotations)


async def _resolve(player: Player, words: list[str]) -> None:
    """`resolve NAME SEVERITY NAMESPACE/POD`: the alert is over."""
    player.stage.monitoring.alertmanager.resolve(_labels(words))


async def _storm(player: Player, words: list[str]) -> None:
    """`storm FIRST LAST NAME SEVERITY NAMESPACE`: alerts NAME1, NAME2, … begin to fire at once, in a group each."""
    for name in _numbered(words):
        await _fire(player, [name, words[3], f"{words[4]}/{name.lower()}"])


async def _lull(player: Player, words: list[str]) -> None:
    """`lull FIRST LAST NAME SEVERITY NAMESPACE`: these alerts are over."""
    for name in _numbered(words):
        await _resolve(player, [name, words[3], f"{words[4]}/{name.lower()}"])


def _numbered(words: list[str]) -> list[str]:
    return [f"{words[2]}{number}" for number in range(int(words[0]), int(words[1]) + 1)]


async def _tap(player: Player, words: list[str]) -> None:
    """`tap PERSON EMOJI`: a reaction to the bot's message that was matched last."""
    assert player.last
    # An edit cannot be tapped: people tap the message that it edits.
    player.tap = await player.views[words[0]].tap(player.last.edits or player.last.event_id, words[1])


async def _untap(player: Player, words: list[str]) -> None:
    """`untap PERSON`: they take their last reaction back."""
    assert player.tap
    await player.views[words[0]].take_back(player.tap)


async def _down(player: Player, words: list[str]) -> None:
    """`down NAMESPACE/SERVICE`: its health endpoint answers no more."""
    namespace, service = words[0].split("/")
    player.stage.monitoring.down.add((namespace, service))


async def _up(player: Player, words: list[str]) -> None:
    """`up NAMESPACE/SERVICE`: it answers again."""
    namespace, service = words[0].split("/")
    player.stage.monitoring.down.discard((namespace, service))


def _labels(words: list[str]) -> dict[str, str]:
    namespace, _, pod = words[2].partition("/")
    return {"alertname": words[0], "severity": words[1], "namespace": namespace, "pod": pod}


async def _crash(player: Player, words: list[str]) -> None:
    """`crash NAMESPACE/WORKLOAD`: its pods die again and again."""
    namespace, name = words[0].split("/")
    store = player.stage.cluster.store
    objects = objects_of(store, namespace)
    crash_looping(objects, namespace, name, store.clock())
    store.put_all(objects)


async def _heal(player: Player, words: list[str]) -> None:
    """`heal NAMESPACE/WORKLOAD`: it is well again."""
    namespace, name = words[0].split("/")
    store = player.stage.cluster.store
    objects = objects_of(store, namespace)
    heal(objects, namespace, name, store.clock())
    store.put_all(objects)


async def _sick(player: Player, words: list[str]) -> None:
    """`sick NAMESPACE/NAME [TROUBLE]`: new pods, issues of a certificate or syncs of a secret get into it.

    Without a trouble, none does any more.
    """
    namespace, name = words[0].split("/")
    store = player.stage.cluster.store
    kind = next(kind for kind in _SICK if store.find(kind, namespace, name))
    trouble = words[1] if len(words) > 1 else ""

    def edit(draft: Object) -> None:
        draft["metadata"].setdefault("annotations", {})[TROUBLE] = trouble

    store.change(kind, namespace, name, edit)
    if kind.startswith("Vault"):
        wanted = "False" if trouble else "True"
        await _noticed(player, kind, (namespace, name), lambda conditions: conditions[0]["status"] == wanted)
    if kind == "Certificate" and not trouble:
        # What its challenge kept goes on: conversations share one world, and the next one finds it at rest.
        await _noticed(
            player,
            kind,
            (namespace, name),
            lambda conditions: all(each["type"] != "Issuing" for each in conditions),
        )


async def _noticed(player: Player, kind: str, place: tuple[str, str], noticed: Callable[[list[Object]], bool]) -> None:
    """Wait until the operator has noticed, as the conditions show."""
    async with asyncio.timeout(_ANSWER_SECONDS):
        for _ in itertools.count():
            if noticed(player.stage.cluster.store.get(kind, *place)["status"]["conditions"]):
                return
            await asyncio.sleep(_AGAIN_SECONDS)


async def _seal(player: Player, _: list[str]) -> None:
    """`seal`: OpenBao seals itself, as after a restart."""
    assert player.stage.openbao
    await asyncio.to_thread(player.stage.openbao.seal)


async def _give(player: Player, words: list[str]) -> None:
    """`give PERSON NUMBER|wrong`: a key holder opens the page in their direct chat and gives a share."""
    stage = player.stage
    assert stage.openbao
    assert stage.homeserver
    address = await holders.page_of(stage.homeserver, stage.sessions[words[0]], stage.user)
    await asyncio.to_thread(holders.give, address, holders.share_of(stage.openbao.keys.shares, words[1]))


async def _value(player: Player, words: list[str]) -> None:
    """`value PERSON WORDS…`: they open the page in their direct chat and give a value."""
    stage = player.stage
    assert stage.homeserver
    address = await holders.page_of(stage.homeserver, stage.sessions[words[0]], stage.user)
    await asyncio.to_thread(holders.give, address, " ".join(words[1:]))


async def _bao(player: Player, words: list[str]) -> None:
    """`bao write|delete PATH`: somebody else writes a secret anew, or deletes its newest version."""
    bao = player.stage.openbao
    assert bao
    await asyncio.to_thread(rewrite if words[0] == "write" else delete, bao, words[1])


async def _refuse(player: Player, words: list[str]) -> None:
    """`refuse VERB RESOURCE GROUP [NAMESPACE[/NAME]]`: the API server no longer lets the bot do that; group `core`."""
    verb, resource, group, *where = words
    namespace, _, name = "".join(where).partition("/")
    group = "" if group == "core" else group
    player.stage.cluster.access.deny(verb, resource, group=group, namespace=namespace, name=name)


async def _rest(_: Player, words: list[str]) -> None:
    """`rest SECONDS`: nothing happens for so long."""
    await asyncio.sleep(float(words[0]))


async def _allow(player: Player, _: list[str]) -> None:
    """`allow`: the API server lets the bot do everything again."""
    player.stage.cluster.access.clear()


async def _unseal(player: Player, words: list[str]) -> None:
    """`unseal [NUMBER]`: so many shares are given to OpenBao by its own command; enough of them unless told."""
    bao = player.stage.openbao
    assert bao
    number = int(words[0]) if words else bao.status()["t"]
    await asyncio.to_thread(bao.unseal, bao.keys.shares[:number])


async def _reset(player: Player, _: list[str]) -> None:
    """`reset`: a stranger has OpenBao discard the shares that it was given so far."""
    assert player.stage.openbao
    await asyncio.to_thread(player.stage.openbao.reset)


async def _reboot(player: Player, _: list[str]) -> None:
    """`reboot`: OpenBao's pod restarts."""
    bao = player.stage.openbao
    assert bao
    await asyncio.to_thread(bao.stop)
    await asyncio.to_thread(bao.start)


async def _keys(player: Player, words: list[str]) -> None:
    """`keys present|empty|placeholder`: the Secret with the unseal keys gets such values, and is checked."""
    await player.stage.keep_keys(words[0])


async def _power(player: Player, words: list[str]) -> None:
    """`power 0`: the bot gets this power in the room; 50 may take out what others said."""
    await asyncio.to_thread(player.stage.empower, int(words[0]))


async def _gone(player: Player, words: list[str]) -> None:
    """`gone WORD`: another member who scrolls back does not find that word."""
    if words[0] in await player.views["cleo"].history():
        raise NotAsExpected(f"{words[0]} still stands in the room")


async def _barman(player: Player, words: list[str]) -> None:
    """`barman there|gone`: the house runs barman itself, as the playbook says, or has CloudNativePG alone."""
    store = player.stage.cluster.store
    if words[0] == "there":
        store.put_all(barman(store.clock()))
    else:
        store.delete("statefulsets", "data", "barman")


async def _run(player: Player, words: list[str]) -> None:
    """`run NAMESPACE/POD CODE words…`: barman in that pod prints these words and exits so; `-`: without a code."""
    namespace, pod = words[0].split("/")
    code = None if words[1] == "-" else int(words[1])
    player.stage.cluster.execs.answer(namespace, pod, ("barman", "…"), ExecAnswer(" ".join(words[2:]), exit_code=code))


async def _say(player: Player, words: list[str]) -> None:
    """`say NAMESPACE/WORKLOAD words…`: its first pod writes a line."""
    namespace, name = words[0].split("/")
    cluster = player.stage.cluster
    pod = next(pod for pod in cluster.store.list("pods", namespace) if pod["metadata"]["name"].startswith(f"{name}-"))
    await cluster.logs.add(namespace, pod["metadata"]["name"], main_container(pod)["name"], " ".join(words[1:]))


DEEDS: dict[str, Callable[[Player, list[str]], Awaitable[None]]] = {
    "fire": _fire,
    "resolve": _resolve,
    "storm": _storm,
    "lull": _lull,
    "tap": _tap,
    "untap": _untap,
    "down": _down,
    "up": _up,
    "crash": _crash,
    "heal": _heal,
    "say": _say,
    "barman": _barman,
    "run": _run,
    "sick": _sick,
    "seal": _seal,
    "give": _give,
    "value": _value,
    "bao": _bao,
    "refuse": _refuse,
    "allow": _allow,
    "rest": _rest,
    "unseal": _unseal,
    "reset": _reset,
    "reboot": _reboot,
    "keys": _keys,
    "power": _power,
    "gone": _gone,
}
"""What can happen in a conversation besides words."""
