# SPDX-License-Identifier: GPL-3.0-or-later
"""One cache of facts about files, by what they are facts of: a file's stamp, or the digest of its content.

Who asks keeps the spelling of its own facts; here they are bytes. All of it may be lost, and then
is learned again: a damaged database is started anew, and where none can be written work goes on
without it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from smedoit.errors import os_error_text
from smedoit.runtime import progress

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

# Whose database it is, "smef", and the version of the table and of all values: whoever changes how a fact
# is spelled raises it, or makes a check stricter that a fact says was passed.
OURS = 0x736D6566, 1
PATIENCE = 60.0  # seconds that another process may take for what it learned
ENOUGH = 8 << 20  # bytes of facts that wait to be written together
HONEST = "typeof(value) = 'blob' AND typeof(key) = 'text'"  # a damaged row may hold what we never wrote
UNDECODABLE = "Could not decode"  # how Python's sqlite3 begins when a text is no UTF-8
PASSING = "disk I/O error"  # what SQLite says where another process removes the journal that it looks at
AT_ONCE = 500  # keys in one question; older SQLites take 999
TABLE = (
    "CREATE TABLE fact (kind TEXT NOT NULL, key TEXT NOT NULL, file TEXT NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY (kind, key))",
    "CREATE INDEX fact_file ON fact (file, kind)",
)


class Fact(NamedTuple):
    """What is known of a file.

    file  where the file lies that it was learned from: the fact goes when that goes, or learns something else
    """

    kind: str
    key: str
    file: str
    value: bytes


class FactCache:
    """Kind and key -> bytes, shared by all processes of a run; nothing is opened before something is asked.

    Facts that are put are written together, at the latest when the cache is closed. No transaction is
    left open in between, so workers may fork at any time.

    writes  whether anything is written; who only asks leaves all as it is
    """

    writes = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database: sqlite3.Connection | None = None
        self._usable = True
        self._waiting: dict[tuple[str, str], Fact] = {}
        self._size = 0
        self._learned = False

    def __enter__(self) -> FactCache:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def get(self, kind: str, key: str) -> bytes | None:
        """Return one fact, None if it is not known."""
        if waiting := self._waiting.get((kind, key)):
            return waiting.value
        question = f"SELECT value FROM fact WHERE kind = ? AND key = ? AND {HONEST}"
        found = self._ask(lambda database: database.execute(question, (kind, key)).fetchone(), None)
        return bytes(found[0]) if found else None

    def get_many(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return key -> fact, for those that are known."""
        wanted = list(dict.fromkeys(keys))
        nothing = dict[str, bytes]()
        found = self._ask(lambda database: dict(_select_facts(database, "key, value", kind, wanted)), nothing)
        waiting = {key: self._waiting[kind, key].value for key in wanted if (kind, key) in self._waiting}
        return {**found, **waiting}

    def known_keys(self, kind: str, keys: Iterable[str]) -> set[str]:
        """Return the keys whose facts are known; that costs less than the facts themselves."""
        wanted = list(dict.fromkeys(keys))
        nothing = set[str]()
        found = self._ask(lambda database: {key for (key,) in _select_facts(database, "key", kind, wanted)}, nothing)
        return found | {key for key in wanted if (kind, key) in self._waiting}

    def put(self, kind: str, key: str, file: str | Path, value: bytes) -> None:
        """Remember a fact; what was known of this kind about the same file under another key is forgotten."""
        self._waiting[kind, key] = Fact(kind, key, os.fspath(file), value)
        self._size += len(value)
        if self._size > ENOUGH:
            self._write()

    def close(self) -> None:
        """Write what was learned; forget the facts of files that are gone."""
        self._write()
        if self._learned:
            self._ask(_forget_missing_files, None)
        if self._database is not None:
            self._database.close()
        self._database, self._learned = None, False

    def _write(self) -> None:
        """Write the facts that wait. Where that is impossible they stay, for whoever asks in this process."""
        self._size = 0
        facts = list(self._waiting.values()) if self.writes else []
        written = bool(facts) and self._ask(lambda database: _write_facts(database, facts), False)
        if written:
            self._waiting.clear()
            self._learned = True

    def _ask(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Return what work makes of the database, or otherwise where there is none that can be used."""
        import sqlite3

        for again in (True, False):
            if not self._usable or not (self.writes or self.path.exists()):
                break
            try:
                if self._database is None:
                    self._database = _connect_checked(self.path)
                return work(self._database)
            except sqlite3.OperationalError as error:  # full, locked, read-only: it is as good as it was
                self._disconnect()
                if again and PASSING in str(error):
                    continue
                if UNDECODABLE not in str(error) or not again or not _remove_damaged(self.path, str(error)):
                    self._do_without(str(error))
            except OSError as error:
                self._do_without(os_error_text(error))
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._disconnect()
                if not again or not _remove_damaged(self.path, ""):
                    self._do_without(str(error))
        return otherwise

    def _do_without(self, reason: str) -> None:
        """Say that the cache cannot be used, and why, and use it no more."""
        self._usable = False
        self._disconnect()
        progress.show_line(f"{self.path}: cannot be used, {reason}; going on without it, which takes longer")

    def _disconnect(self) -> None:
        """Close the database, whatever state it is in."""
        import sqlite3

        database, self._database = self._database, None
        if database is not None:
            with contextlib.suppress(sqlite3.Error):
                database.close()


def _is_damage(error: Exception) -> bool:
    """Return whether the file is damaged, or no database: SQLite has subclasses for all else that can be wrong."""
    import sqlite3

    return type(error) is sqlite3.DatabaseError


def _remove_damaged(path: Path, seen: str) -> bool:
    """Remove a database that is damaged, of another version, or of somebody else; return whether one may be begun.

    seen  damage that SQLite itself does not look for, "" if there is none

    Only one process does that at a time, and looks first whether another one has done it already.
    """
    import sqlite3

    try:
        with open(path.with_name(f"{path.name}.lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                with contextlib.closing(_connect_checked(path)) as database:
                    found = [text for (text,) in database.execute("PRAGMA integrity_check")]
            except sqlite3.OperationalError:  # busy, full, read-only: whoever tries again will see
                found = ["ok"]
            except sqlite3.DatabaseError as error:
                found = [str(error)]
            if found != ["ok"] or seen:
                progress.log_line(f"{path}: started anew, {seen or found[0]}")
                for suffix in ("-journal", "-wal", "-shm", ""):  # the next one, that others begin at once, has its own
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
        return True
    except OSError:
        return False


def _connect_checked(path: Path) -> sqlite3.Connection:
    """Return the database at path, made if there is none. Raises OSError, sqlite3.DatabaseError if it is not ours."""
    import sqlite3

    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        database.execute("PRAGMA synchronous = OFF")  # a power failure may cost the cache, nothing else
        if _database_format(database) != OURS:
            _create_table(database)
        database.execute("SELECT kind, key, file, value FROM fact LIMIT 0")
        return database
    except sqlite3.DatabaseError as error:
        database.close()
        if "no such" in str(error):  # it says to be ours, and is not
            raise sqlite3.DatabaseError(str(error)) from None
        raise


def _database_format(database: sqlite3.Connection) -> tuple[int, int]:
    """Return whose database it is, and of which version; of a new one both are 0. Raises sqlite3.DatabaseError."""
    ((application,),) = database.execute("PRAGMA application_id")
    ((version,),) = database.execute("PRAGMA user_version")
    return application, version


def _create_table(database: sqlite3.Connection) -> None:
    """Make the one table in an empty database. Raises sqlite3.DatabaseError if it is not empty."""
    import sqlite3

    with _transaction(database):
        if _database_format(database) == OURS:
            return  # another process came first
        ((count,),) = database.execute("SELECT count(*) FROM sqlite_master")
        if count or _database_format(database) != (0, 0):
            raise sqlite3.DatabaseError("it was written by another version, or by another program")
        for statement in TABLE:
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {OURS[0]}")
        database.execute(f"PRAGMA user_version = {OURS[1]}")


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Let the block write; what it wrote is there as a whole or not at all."""
    import sqlite3

    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # a full disk has rolled back already
            database.execute("ROLLBACK")
        raise


def _select_facts(database: sqlite3.Connection, columns: str, kind: str, keys: Sequence[str]) -> Iterator[Any]:
    """Yield columns of the facts that are known."""
    for first in range(0, len(keys), AT_ONCE):
        some = keys[first : first + AT_ONCE]
        marks = ", ".join("?" * len(some))
        yield from database.execute(
            f"SELECT {columns} FROM fact WHERE kind = ? AND key IN ({marks}) AND {HONEST}", (kind, *some)
        )


def _write_facts(database: sqlite3.Connection, facts: Sequence[Fact]) -> bool:
    """Write facts in the place of what was known of the same files; return True."""
    with _transaction(database):
        database.executemany(
            "DELETE FROM fact WHERE file = ? AND kind = ? AND key <> ?",
            [(fact.file, fact.kind, fact.key) for fact in facts],
        )
        database.executemany("INSERT OR REPLACE INTO fact (kind, key, file, value) VALUES (?, ?, ?, ?)", facts)
    return True


def _is_there(path: str) -> bool:
    """Return whether there is anything at a path, which may be none."""
    try:
        return os.path.lexists(path)
    except ValueError:
        return False


def _forget_missing_files(database: sqlite3.Connection) -> None:
    """Drop the facts of files that are not there any more."""
    files = [file for (file,) in database.execute("SELECT DISTINCT file FROM fact")]
    gone = [(file,) for file in files if not (isinstance(file, str) and _is_there(file))]
    if gone:
        with _transaction(database):
            database.executemany("DELETE FROM fact WHERE file = ?", gone)
