"""The one SQLite connection that writes: units of work are committed in groups, each whole or not at all."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
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
    """Statements that are committed together; they run at once, in the connection's own thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def run(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Execute a statement; return how many rows it changed."""
        return self._connection.execute(sql, arguments).rowcount

    async def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement once for every row of arguments."""
        self._connection.executemany(sql, rows)

    async def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """Return the rows a query (or a RETURNING statement) gives."""
        return self._connection.execute(sql, arguments).fetchall()

    async def row(self, sql: str, arguments: Sequence[Any] = ()) -> Row | None:
        """Return the first row a query gives, if any."""
        return next(iter(await self.rows(sql, arguments)), None)


Work = Callable[[Transaction], Awaitable[Any]]


@dataclass(slots=True, eq=False)
class _Unit:
    work: Work
    done: asyncio.Future[Any]
    context: Context
    """The asker's, so that what is logged on the way names the request."""
    outcome: Any = None
    error: BaseException | None = None


class Database:
    """The bot's memory. Raises StoreFailed whenever a promise cannot be written down."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._lock_file: int | None = None
        self._waiting: asyncio.Queue[_Unit] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None
        self._opened: list[aiosqlite.Connection] = []

    async def open(self) -> None:
        """Take the lock, open and migrate the file, and start writing. Raise StoreFailed if another process has it."""
        try:
            self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._take_lock()
            self._connection = await self._connect()
            self._reader = await self._connect()
            await self._migrate()
        except BaseException as error:
            # Each connection is a thread, and one that is left open keeps the process from ending.
            await self.close()
            if isinstance(error, OSError | sqlite3.Error):
                raise StoreFailed(f"the database under {self._state} cannot be opened: {error}") from error
            raise
        self._writer = asyncio.create_task(self._write_groups(), name="store-writer")

    async def close(self) -> None:
        """Commit what waits, then let go of the file and the lock."""
        if self._writer:
            await self._waiting.join()
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
        while self._opened:
            await self._opened.pop().close()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a unit of work and return its result once it is on disk; an exception in it undoes it alone.

        The work runs outside the event loop's thread and may wait for nothing but its statements.
        """
        unit = _Unit(work, asyncio.get_running_loop().create_future(), copy_context())
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
        self._opened.append(connection)
        # Whatever the directory admits, the file is ours alone; the files beside it follow.
        (self._state / "opsbot.db").chmod(0o600)
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
        version = next(iter(await self._connection.execute_fetchall("PRAGMA user_version")))[0]
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
            # One trip to the connection's thread for the group: with one for each statement, the trips cost most.
            await self._connection._execute(_commit, self._connection._conn, units)  # type: ignore[no-untyped-call]  # noqa: SLF001 - it offers no other
            for unit in units:
                _settle(unit)
            for _ in units:
                self._waiting.task_done()


def _commit(connection: sqlite3.Connection, units: list[_Unit]) -> None:
    """Run a group of units and commit it; what became of each stands in it."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        for unit in units:
            _attempt(connection, unit)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        _undo(connection, units, error)


def _attempt(connection: sqlite3.Connection, unit: _Unit) -> None:
    connection.execute("SAVEPOINT unit")
    try:
        unit.outcome = unit.context.run(_finished, unit.work(Transaction(connection)))
    except sqlite3.OperationalError:
        # A full or failing disk may have rolled everything back: the whole group is undone.
        raise
    except Exception as error:  # noqa: BLE001 - handed to the one who asked, and this unit alone is undone
        unit.error = error
        connection.execute("ROLLBACK TO unit")
    connection.execute("RELEASE unit")


def _finished(work: Awaitable[T]) -> T:
    """Run to its end what waits for nothing, and return its result."""
    try:
        next(work.__await__())
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise RuntimeError("a unit of work may wait for nothing but its statements")


def _undo(connection: sqlite3.Connection, units: list[_Unit], error: sqlite3.Error) -> None:
    with suppress(sqlite3.Error):
        connection.rollback()
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


async def query(source: Transaction | Database, sql: str, *arguments: Any) -> list[Row]:
    """Return rows as a transaction sees them, or as last committed."""
    if isinstance(source, Transaction):
        return await source.rows(sql, arguments)
    return await source.read(sql, arguments)
