"""The one SQLite connection that writes: units of work are committed in groups, each whole or not at all."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from bot.clients.store.schema import MIGRATIONS
from bot.core.errors import StoreFailed

Row = sqlite3.Row
T = TypeVar("T")
_GROUP = 64
"""Most units of work in one commit: a commit costs a disk flush, so those that wait share it."""


class Transaction:
    """Statements that are committed together."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def run(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Execute a statement; return how many rows it changed."""
        async with self._connection.execute(sql, arguments) as cursor:
            return cursor.rowcount

    async def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement once for every row of arguments."""
        await self._connection.executemany(sql, rows)

    async def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """Return the rows a query (or a RETURNING statement) gives."""
        return list(await self._connection.execute_fetchall(sql, arguments))

    async def row(self, sql: str, arguments: Sequence[Any] = ()) -> Row | None:
        """Return the first row a query gives, if any."""
        return next(iter(await self.rows(sql, arguments)), None)


Work = Callable[[Transaction], Awaitable[Any]]


@dataclass(slots=True, eq=False)
class _Unit:
    work: Work
    done: asyncio.Future[Any]
    outcome: Any = None
    error: BaseException | None = None


class Database:
    """The bot's memory. Raises StoreFailed whenever a promise cannot be written down."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._lock_file: int | None = None
        self._waiting: asyncio.Queue[_Unit] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Take the lock, open and migrate the file, and start writing. Raise StoreFailed if another process has it."""
        try:
            self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._take_lock()
            self._connection = await self._connect()
            self._reader = await self._connect()
            await self._migrate()
        except (OSError, sqlite3.Error) as error:
            raise StoreFailed(f"the database under {self._state} cannot be opened: {error}") from error
        self._writer = asyncio.create_task(self._write_groups(), name="store-writer")

    async def close(self) -> None:
        """Commit what waits, then let go of the file and the lock."""
        if self._writer:
            await self._waiting.join()
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
        for connection in ("_connection", "_reader"):
            if hasattr(self, connection):
                await getattr(self, connection).close()
        if self._lock_file is not None:
            os.close(self._lock_file)

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a unit of work and return its result once it is on disk; an exception in it undoes it alone."""
        unit = _Unit(work, asyncio.get_running_loop().create_future())
        self._waiting.put_nowait(unit)
        return await unit.done  # type: ignore[no-any-return]

    async def read(self, sql: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """Return rows as last committed, without waiting for the writer."""
        try:
            return list(await self._reader.execute_fetchall(sql, arguments))
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error

    def _take_lock(self) -> None:
        self._lock_file = os.open(self._state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreFailed(
                f"another bot works in {self._state}; stop it, or give this one a directory of its own"
            ) from error

    async def _connect(self) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self._state / "opsbot.db", isolation_level=None)
        connection.row_factory = sqlite3.Row
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "busy_timeout=5000",
            "foreign_keys=ON",
        ):
            await connection.execute(f"PRAGMA {pragma}")
        return connection

    async def _migrate(self) -> None:
        version = (await Transaction(self._connection).rows("PRAGMA user_version"))[0][0]
        if version > len(MIGRATIONS):
            raise StoreFailed(
                f"the database is of a newer version ({version}); run the bot that wrote it, or a newer one"
            )
        for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
            script = f"BEGIN IMMEDIATE; {statements}; PRAGMA user_version={number}; COMMIT"
            await self._connection.executescript(script)

    async def _write_groups(self) -> None:
        while True:
            units = [await self._waiting.get()]
            while not self._waiting.empty() and len(units) < _GROUP:
                units.append(self._waiting.get_nowait())
            await self._commit(units)
            for _ in units:
                self._waiting.task_done()

    async def _commit(self, units: list[_Unit]) -> None:
        tx = Transaction(self._connection)
        try:
            await tx.run("BEGIN IMMEDIATE")
            for unit in units:
                await self._attempt(tx, unit)
            await tx.run("COMMIT")
        except sqlite3.Error as error:
            await self._undo(units, error)
        for unit in units:
            _settle(unit)

    async def _attempt(self, tx: Transaction, unit: _Unit) -> None:
        await tx.run("SAVEPOINT unit")
        try:
            unit.outcome = await unit.work(tx)
        except sqlite3.OperationalError:
            # A full or failing disk may have rolled everything back: the whole group is undone.
            raise
        except Exception as error:  # noqa: BLE001 - handed to the one who asked, and this unit alone is undone
            unit.error = error
            await tx.run("ROLLBACK TO unit")
        await tx.run("RELEASE unit")

    async def _undo(self, units: list[_Unit], error: sqlite3.Error) -> None:
        with suppress(sqlite3.Error):
            await self._connection.rollback()
        for unit in units:
            failure = StoreFailed(f"the database cannot commit: {error}")
            failure.__cause__ = error
            unit.error = failure


def _settle(unit: _Unit) -> None:
    if unit.done.cancelled():
        return
    if unit.error:
        unit.done.set_exception(unit.error)
    else:
        unit.done.set_result(unit.outcome)
