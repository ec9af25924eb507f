"""What the memory promises: whole units or none, one revision once, in order, and a trail that cannot be rewritten."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.store import audit, inbox, meta, outbox
from bot.clients.store.audit import AuditLog
from bot.clients.store.database import Database, Transaction
from bot.clients.store.outbox import Parcel
from bot.clients.store.schema import MIGRATIONS
from bot.core.audit import Entry, Phase, broken_at
from bot.core.errors import StoreFailed
from bot.core.facts import Verdict
from bot.core.heard import Heard, Sort
from bot.core.message import FIELD, File, Message, Priority, Rendered
from bot.core.names import EventId, Key, RequestId, RoomId, UserId

ROOM = RoomId("!ops:demo.test")
OTHER = RoomId("!dev:demo.test")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HELLO = Rendered("hello", Verdict.OK, "hello", "<b>hello</b>")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path)
    await database.open()
    yield database
    await database.close()


def message(
    key: str, body: str = "hello", priority: Priority = Priority.ORDINARY, room: RoomId = ROOM, file: File | None = None
) -> Message:
    return Message(room, Key(key), replace(HELLO, body=body, file=file), priority)


async def put(database: Database, *messages: Message) -> None:
    for each in messages:
        await database.write(lambda tx, each=each: outbox.put(tx, each, NOW))  # type: ignore[misc]


async def take(database: Database, count: int = 16, *busy: str, room: RoomId = ROOM) -> list[Parcel]:
    keys = tuple(Key(key) for key in busy)
    return await database.write(lambda tx: outbox.take(tx, room, count, keys, NOW))


async def deliver(database: Database, parcel: Parcel) -> None:
    event = EventId(f"${parcel.key}:{parcel.rev}")
    await database.write(lambda tx: outbox.delivered(tx, parcel, event, NOW))


async def put_back(database: Database, parcel: Parcel, *, unsure: bool) -> None:
    await database.write(lambda tx: outbox.put_back(tx, parcel, unsure=unsure))


def keys(parcels: list[Parcel]) -> list[str]:
    return [parcel.key for parcel in parcels]


def bodies(parcels: list[Parcel]) -> list[str]:
    return [parcel.content["body"] for parcel in parcels]


class TestUnits:
    async def test_what_was_written_is_there_after_the_process_is_gone(self, tmp_path: Path) -> None:
        first = Database(tmp_path)
        await first.open()
        await first.write(lambda tx: meta.put(tx, "since", "s1"))

        # Not closed: a killed process closes nothing. Only the lock is let go, which its death would do.
        with sqlite3.connect(tmp_path / "opsbot.db") as crashed:
            found = crashed.execute("SELECT value FROM meta WHERE name = 'since'").fetchone()
        crashed.close()
        await first.close()

        assert found == ("s1",)

    async def test_units_that_wait_share_a_commit(self, database: Database, tmp_path: Path) -> None:
        def commits() -> int:
            """Return how many commits the log holds: frames whose header says how large the database became."""
            raw = (tmp_path / "opsbot.db-wal").read_bytes()
            size = int.from_bytes(raw[8:12], "big") + 24
            return sum(any(raw[at + 4 : at + 8]) for at in range(32, len(raw), size))

        before = commits()
        await asyncio.gather(
            *(database.write(lambda tx, n=n: meta.put(tx, f"n{n}", "x")) for n in range(50))  # type: ignore[misc]
        )

        assert len(await database.read("SELECT 1 FROM meta")) == 50
        assert commits() - before <= 3

    async def test_a_failing_unit_undoes_itself_and_no_other(self, database: Database) -> None:
        async def fails(tx: Transaction) -> None:
            await meta.put(tx, "half", "written")
            raise ValueError("no")

        results = await asyncio.gather(
            database.write(lambda tx: meta.put(tx, "before", "x")),
            database.write(fails),
            database.write(lambda tx: meta.put(tx, "after", "x")),
            return_exceptions=True,
        )

        names = {row["name"] for row in await database.read("SELECT name FROM meta")}
        assert isinstance(results[1], ValueError)
        assert names == {"before", "after"}

    async def test_a_unit_whose_asker_has_gone_is_written_all_the_same(self, database: Database) -> None:
        task = asyncio.create_task(database.write(lambda tx: meta.put(tx, "name", "value")))
        await asyncio.sleep(0)
        task.cancel()
        await database.write(lambda tx: meta.put(tx, "other", "value"))

        assert await database.write(lambda tx: meta.get(tx, "name")) == "value"

    @pytest.mark.usefixtures("database")
    async def test_a_second_process_is_sent_away(self, tmp_path: Path) -> None:
        with pytest.raises(StoreFailed, match="another bot works in"):
            await Database(tmp_path).open()

    async def test_a_file_of_a_newer_version_is_refused_in_words(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "opsbot.db") as newer:
            newer.execute("PRAGMA user_version = 99")
        newer.close()
        database = Database(tmp_path)

        with pytest.raises(StoreFailed, match=r"newer version \(99\)"):
            await database.open()

    async def test_a_broken_file_is_a_store_that_failed(self, tmp_path: Path) -> None:
        (tmp_path / "opsbot.db").write_bytes(b"this is no database, and it is long enough to be told" * 100)
        database = Database(tmp_path)

        with pytest.raises(StoreFailed, match="cannot be opened"):
            await database.open()


class TestMerging:
    async def test_an_update_replaces_what_nobody_tried_to_send(self, database: Database) -> None:
        await put(database, message("a", "1"), message("b", "other"), message("a", "2"), message("a", "3"))

        parcels = await take(database)

        assert bodies(parcels) == ["3", "other"]
        assert parcels[0].rev == 3
        assert parcels[0].content[FIELD]["rev"] == 3

    async def test_what_was_once_attempted_is_never_merged_away(self, database: Database) -> None:
        await put(database, message("a", "1"))
        (first,) = await take(database)
        await put(database, message("a", "2"))
        await put_back(database, first, unsure=True)
        await put(database, message("a", "3"))

        (again,) = await take(database)
        await deliver(database, again)
        (last,) = await take(database)

        assert (again.rev, bodies([again])) == (1, ["1"])
        assert again.unsure
        assert (last.rev, bodies([last]), last.edits) == (3, ["3"], "$a:1")

    async def test_what_was_surely_not_taken_is_merged_with_what_came_meanwhile(self, database: Database) -> None:
        await put(database, message("a", "1"), message("b", "other"))
        (first,) = await take(database, 1)
        await put(database, message("a", "2"))
        await put_back(database, first, unsure=False)
        await put(database, message("a", "3"))

        parcels = await take(database)

        assert bodies(parcels) == ["3", "other"]
        assert await take(database) == []

    async def test_an_update_that_grows_critical_takes_its_priority_along(self, database: Database) -> None:
        await put(database, message("a"), message("b"), message("b", "worse", Priority.CRITICAL))

        assert keys(await take(database)) == ["b", "a"]

    async def test_a_long_message_brings_its_file_behind_it(self, database: Database) -> None:
        await put(database, message("a", file=File("log.txt", "lines")))

        parcels = await take(database)

        assert keys(parcels) == ["a", "a/file"]
        assert [parcel.attachment for parcel in parcels] == [None, b"lines"]

    async def test_a_file_that_waited_while_the_bot_was_renewed_is_attached_all_the_same(self, tmp_path: Path) -> None:
        with contextlib.closing(sqlite3.connect(tmp_path / "opsbot.db")) as older:
            older.executescript(";".join(MIGRATIONS[:2]))
            older.execute(
                "INSERT INTO outbox (room, key, rev, priority, content, file_name, file_text, created_at)"
                " VALUES (?, 'a/file', 1, 1, ?, 'log.txt', 'lång', ?)",
                (ROOM, json.dumps({"body": "log.txt", FIELD: {"key": "a/file", "rev": 1}}), NOW.isoformat()),
            )
            older.execute("PRAGMA user_version = 2")
            older.commit()
        database = Database(tmp_path)
        await database.open()

        (parcel,) = await take(database)

        await database.close()
        assert parcel.attachment == "lång".encode()
        assert parcel.content == {
            "msgtype": "m.file",
            "body": "log.txt",
            "filename": "log.txt",
            "info": {"mimetype": "text/plain", "size": 5},
            "m.mentions": {},
            FIELD: {"key": "a/file", "rev": 1},
        }


class TestOrder:
    async def test_criticals_go_first_then_answers_then_the_rest_in_their_order(self, database: Database) -> None:
        await put(
            database,
            message("a"),
            message("b"),
            message("answer", priority=Priority.ANSWER),
            message("fire", priority=Priority.CRITICAL),
            message("c"),
        )

        assert keys(await take(database)) == ["fire", "answer", "a", "b", "c"]

    async def test_of_one_key_only_the_oldest_is_under_way(self, database: Database) -> None:
        await put(database, message("a", "1"))
        (first,) = await take(database)
        await put(database, message("a", "2"), message("b"))

        assert keys(await take(database, 16, "a")) == ["b"]
        await deliver(database, first)
        assert bodies(await take(database)) == ["2"]

    async def test_as_many_are_taken_as_were_asked_for_whatever_is_busy(self, database: Database) -> None:
        await put(database, *(message(f"k{number}") for number in range(5)))
        await put_back(database, (await take(database, 1))[0], unsure=True)

        assert keys(await take(database, 2, "k0")) == ["k1", "k2"]

    async def test_rooms_do_not_wait_for_each_other(self, database: Database) -> None:
        await put(database, message("a"), message("a", room=OTHER))

        assert keys(await take(database)) == ["a"]
        assert keys(await take(database, room=OTHER)) == ["a"]

    async def test_a_later_revision_edits_the_event_of_the_first(self, database: Database) -> None:
        await put(database, message("a", "1"))
        await deliver(database, (await take(database))[0])
        await put(database, message("a", "2"))
        await deliver(database, (await take(database))[0])
        await put(database, message("a", "3"))

        (parcel,) = await take(database)

        assert (parcel.rev, parcel.edits) == (3, "$a:1")

    async def test_a_revision_is_never_given_twice(self, database: Database) -> None:
        """Not even when one that was refused was shortened, and so renumbered, behind one that waited."""
        await put(database, message("a", "long"))
        (first,) = await take(database)
        await put(database, message("a", "2"))
        await database.write(lambda tx: outbox.replace(tx, first, first.content | {"body": "short"}))
        revisions = []
        for body in ("3", "4", "5"):
            while parcels := await take(database):
                for parcel in parcels:
                    revisions.append(parcel.rev)
                    await deliver(database, parcel)
            await put(database, message("a", body))

        assert len(set(revisions)) == len(revisions)

    async def test_what_no_homeserver_takes_is_set_aside_and_stands_in_nobodys_way(self, database: Database) -> None:
        await put(database, message("a", "1"))
        (first,) = await take(database)
        await database.write(lambda tx: outbox.replace(tx, first, None))
        await put(database, message("a", "2"))

        (second,) = await take(database)

        assert (second.rev, second.edits) == (2, None)
        assert (await outbox.depth(database))[0] == 1


class TestCrash:
    async def test_what_was_being_sent_waits_again_and_is_unsure(self, tmp_path: Path) -> None:
        database = Database(tmp_path)
        await database.open()
        await put(database, message("a"), message("b"))
        await take(database, 1)
        await database.close()
        again = Database(tmp_path)
        await again.open()

        recovered = await again.write(outbox.recover)
        parcels = await take(again)
        await again.close()

        assert recovered == 1
        assert [(parcel.key, parcel.unsure, parcel.attempts) for parcel in parcels] == [("a", True, 1), ("b", False, 0)]

    async def test_doubt_sticks(self, database: Database) -> None:
        await put(database, message("a"))
        await put_back(database, (await take(database))[0], unsure=True)
        await put_back(database, (await take(database))[0], unsure=False)

        (parcel,) = await take(database)

        assert parcel.unsure

    async def test_the_moment_of_the_first_attempt_is_kept(self, database: Database) -> None:
        later = NOW + timedelta(hours=1)
        await put(database, message("a"))
        await put_back(database, (await take(database))[0], unsure=True)

        await database.write(lambda tx: outbox.take(tx, ROOM, 1, (), later))
        (row,) = await database.read("SELECT first_try FROM outbox")

        assert datetime.fromisoformat(row["first_try"]) == NOW


class TestInbox:
    async def test_an_event_that_is_told_twice_is_heard_once(self, database: Database) -> None:
        heard = Heard(EventId("$1"), ROOM, UserId("@anna:demo.test"), Sort.MESSAGE, "!ping", NOW, None, False)
        for request in ("r1", "r2"):
            await database.write(lambda tx, request=request: inbox.add(tx, heard, RequestId(request), NOW))  # type: ignore[misc]

        (arrival,) = await inbox.open_arrivals(database)
        await database.write(lambda tx: inbox.done(tx, heard.event_id))
        await database.write(lambda tx: inbox.add(tx, heard, RequestId("r3"), NOW))

        assert arrival.request == "r1"
        assert await inbox.open_arrivals(database) == []
        assert not [row["body"] for row in await database.read("SELECT body FROM inbox") if row["body"]]


def entry(request: str, phase: Phase = Phase.INTENT) -> Entry:
    return Entry(
        at=NOW.isoformat(),
        request=RequestId(request),
        phase=phase,
        actor=UserId("@anna:demo.test"),
        room=ROOM,
        command="ping",
        risk=0,
        result="",
    )


class TestAudit:
    async def test_a_phase_of_a_request_is_on_record_once(self, database: Database) -> None:
        first = await database.write(lambda tx: audit.add(tx, entry("r1")))
        second = await database.write(lambda tx: audit.add(tx, entry("r1")))
        third = await database.write(lambda tx: audit.add(tx, entry("r1", Phase.OUTCOME)))

        assert first
        assert second is None
        assert third
        assert [link.seq for link in await AuditLog(database).whole()] == [1, 2]

    async def test_rows_of_one_commit_are_chained_too(self, database: Database) -> None:
        await asyncio.gather(
            *(database.write(lambda tx, n=n: audit.add(tx, entry(f"r{n}"))) for n in range(20))  # type: ignore[misc]
        )

        links = await AuditLog(database).whole()

        assert [link.seq for link in links] == list(range(1, 21))
        assert broken_at(links) is None
        assert await AuditLog(database).last(3) == links[-3:]

    @pytest.mark.parametrize(
        "tampering",
        [
            "UPDATE audit SET entry = json_set(entry, '$.actor', '@eve:demo.test') WHERE seq = 3",
            "DELETE FROM audit WHERE seq = 3",
            "UPDATE audit SET hash = 'x' WHERE seq = 3",
        ],
    )
    async def test_whoever_changes_the_past_breaks_the_chain(self, database: Database, tampering: str) -> None:
        for number in range(5):
            await database.write(lambda tx, n=number: audit.add(tx, entry(f"r{n}")))  # type: ignore[misc]

        await database.write(lambda tx: tx.run(tampering))

        assert broken_at(await AuditLog(database).whole()) is not None
