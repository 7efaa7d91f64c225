"""The catalogue of a vault: its connection, its schema, and whose vault it is."""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ribin.errors import ParameterError, RibinError, StoreError
from ribin.input_file import read_input
from ribin.vault.files import write_durably, write_synced

CATALOGUE_FILE = "catalogue.sqlite"
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


class Catalogue:
    """One connection, for one thread. Reads see one moment; writes wait for their turn.

    Raises StoreError: from every method: the file is missing, damaged, no catalogue, locked or
    read-only.
    """

    def __init__(self, folder: Path, writable: bool, wait_s: float) -> None:
        self.path = folder / CATALOGUE_FILE
        self.writable = writable
        self._wait_s = wait_s
        self._writes = False
        if not self.path.is_file():
            raise StoreError(f"{self.path}: the catalogue of a vault needed, found none")
        with self._one_line_errors():
            self._db = self._connect()

    @classmethod
    def create(cls, folder: Path, wait_s: float) -> Catalogue:
        """Make the file with empty tables in write-ahead mode, which is a property of the file."""
        path = folder / CATALOGUE_FILE
        write_synced(path, b"")  # with the folder's mode, which SQLite gives to the files beside it
        try:
            db = sqlite3.connect(path, isolation_level=None, timeout=wait_s)
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                create_tables(db)
            finally:
                db.close()
        except sqlite3.Error as error:
            raise StoreError(f"{path}: cannot be made: {error}") from error
        return cls(folder, writable=True, wait_s=wait_s)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection inside one read transaction: every query sees the same moment, that of the
        transaction around it where there is one."""
        if self._db.in_transaction:
            yield self._db
            return
        with self._one_line_errors():
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._leave()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection holding the only write lock; committed at the end, or rolled back. Within
        another such block it is a part of that one, and rolled back alone where the other goes on
        after its error."""
        if not self.writable:
            raise StoreError(f"{self.path.parent}: a writable vault needed, found a read-only one")
        if self._writes:
            with self._part():
                yield self._db
            return
        with self._one_line_errors():
            self._db.execute("BEGIN IMMEDIATE")
            self._writes = True
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                self._writes = False
                self._leave()

    @contextmanager
    def _part(self) -> Iterator[None]:
        with self._one_line_errors():
            self._db.execute("SAVEPOINT part")
            try:
                yield
                self._db.execute("RELEASE part")
            except BaseException:
                if self._db.in_transaction:  # a full disk ends the whole of it
                    self._db.execute("ROLLBACK TO part")
                    self._db.execute("RELEASE part")
                raise

    def copy_to(self, path: Path) -> None:
        """Write the catalogue as it is at this moment to a new file; others may write meanwhile."""
        write_synced(path, b"")
        with self._one_line_errors():
            copy = sqlite3.connect(path, isolation_level=None)
            try:
                copy.execute("PRAGMA synchronous = FULL")
                self._db.backup(copy)
            finally:
                copy.close()

    def close(self) -> None:
        self._db.close()

    def _leave(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        uri = self.path.resolve().as_uri()
        try:
            return self._opened(f"{uri}?mode={'rw' if self.writable else 'ro'}")
        except sqlite3.OperationalError as error:
            unfinished = self.path.with_name(CATALOGUE_FILE + "-wal")
            if self.writable or unfinished.exists() or _code(error) in _LOCKED:
                raise
            # Write-ahead mode needs a file beside the catalogue even to read. Where none can be
            # made, nobody writes here either, and the catalogue alone is complete.
            return self._opened(f"{uri}?mode=ro&immutable=1")

    def _opened(self, uri: str) -> sqlite3.Connection:
        db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=self._wait_s)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA synchronous = FULL")
            found = db.execute("PRAGMA application_id").fetchone()[0]
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except BaseException:
            db.close()
            raise
        if found != APPLICATION_ID:
            db.close()
            raise StoreError(f"{self.path}: a catalogue of ribin needed, found another database")
        return db

    @contextmanager
    def _one_line_errors(self) -> Iterator[None]:
        try:
            yield
        except RibinError:  # said by whoever works inside; ParameterError is a ValueError too
            raise
        except sqlite3.Error as error:
            text, hint = f"the catalogue cannot be used: {error}", ""
            if _code(error) in _LOCKED:
                text = f"locked by another program; waited {self._wait_s:g} s"
                hint = "try again when that one is done"
            elif _code(error) in _READ_ONLY:
                text = "a writable catalogue needed, found a read-only one"
            raise StoreError(f"{self.path}: {text}", hint=hint) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # A record that no writer of ours can have made.
            raise StoreError(f"{self.path}: a record is damaged: {error}") from error


def may_write(folder: Path) -> bool:
    """Whether this user may write the folder and the catalogue in it."""
    return os.access(folder, os.W_OK) and os.access(folder / CATALOGUE_FILE, os.W_OK)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; its extended codes carry it in the low byte."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


# vault.toml: whose vault a folder is, and in which schema. Written last, so it says "complete".

IDENTITY_FILE = "vault.toml"
_MEMBER_CODE = re.compile(r"[A-Z]{3}")


def checked_member_code(code: str, where: str) -> str:
    """The code itself when it has the form of ISO 3166 alpha-3.

    Raises ParameterError: it is not three capital letters.
    """
    if not _MEMBER_CODE.fullmatch(code):
        needed = "a member code of three capital letters (ISO 3166 alpha-3) needed"
        raise ParameterError(f"{where}: {needed}, found {code!r}")
    return code


def write_identity(folder: Path, member: str) -> None:
    """Declare the folder to be the finished vault of this member."""
    write_durably(folder / IDENTITY_FILE, _as_written(member))


def identity_problems(folder: Path) -> list[str]:
    """A sentence where vault.toml says the right thing in other bytes than we write."""
    path, wanted = folder / IDENTITY_FILE, _as_written(read_member(folder))
    return [] if path.read_bytes() == wanted else [f"{path}: not as it was written"]


def _as_written(member: str) -> bytes:
    return f'member = "{member}"\nschema = {SCHEMA_VERSION}\n'.encode()


def read_member(folder: Path) -> str:
    """The member that a vault belongs to (ISO 3166 alpha-3), from its checked vault.toml.

    Raises StoreError: the folder is missing or no vault, the file is damaged, or its schema is not
    ours.
    """
    if not folder.is_dir():
        raise StoreError(
            f"{folder}: the folder of a vault needed, found none",
            hint="`ribin init FOLDER --member CODE` makes one where there is none yet",
        )
    path = folder / IDENTITY_FILE
    if not path.is_file():
        raise StoreError(f"{folder}: not a vault: {IDENTITY_FILE} needed, found none")
    try:
        table = tomllib.loads(read_input(path, 1).decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StoreError(f"{path}: cannot be read: {error}") from error
    member, schema = table.get("member"), table.get("schema")
    if set(table) != {"member", "schema"} or not isinstance(schema, int):
        raise StoreError(f"{path}: keys member and schema needed, found {', '.join(table)}")
    if not isinstance(member, str) or not _MEMBER_CODE.fullmatch(member):
        raise StoreError(f"{path}: member of three capital letters needed, found {member!r}")
    if schema != SCHEMA_VERSION:
        age = "a newer" if schema > SCHEMA_VERSION else "an older"
        needed = f"schema {SCHEMA_VERSION} needed, found {schema}"
        raise StoreError(f"{path}: {needed}: {age} ribin made this vault")
    return member


APPLICATION_ID = 0x52494249  # "RIBI": tells a catalogue from other SQLite files
_FIRST_VERSION = 9  # that of schema.sql
# Steps that lead from schema.sql to today's tables, each with the version that it leads to. There
# are none until 1.0: another version is refused.
STEPS: tuple[tuple[int, str], ...] = ()
SCHEMA_VERSION = max((version for version, _ in STEPS), default=_FIRST_VERSION)


def create_tables(db: sqlite3.Connection) -> None:
    """Make an empty catalogue. It is one transaction: there is all of it, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    for text in (_schema_text(), *(step for _, step in STEPS)):
        for statement in _statements(text):
            db.execute(statement)  # `executescript` would commit the transaction
    db.execute("INSERT INTO settings VALUES ('opaque_key', ?)", (secrets.token_hex(32),))
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("COMMIT")


def check_schema(db: sqlite3.Connection, where: Path) -> None:
    """Refuse a catalogue of another version, or one that lacks a table or a column.

    Raises StoreError: it names the version, or the first table that is another one.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        needed = f"schema {SCHEMA_VERSION} needed as in vault.toml"
        raise StoreError(f"{where}: {needed}, found {version}")
    found = _schema_of(db)
    for name, sql in sorted(schema_as_made().items()):
        if sql.startswith("CREATE TABLE") and found.get(name) != sql:
            columns = ", ".join(str(row[1]) for row in db.execute(f"PRAGMA table_info({name})"))
            raise StoreError(
                f"{where}: table {name} of schema {SCHEMA_VERSION} needed, found one of the "
                f"columns {columns or 'none'}"
            )


def schema_problems(db: sqlite3.Connection) -> list[str]:
    """One sentence for each table, index and trigger that is not as it was made."""
    found, made = _schema_of(db), schema_as_made()
    names = sorted(found.keys() | made.keys())
    return [f"schema: {name} is not as made" for name in names if found.get(name) != made.get(name)]


@cache
def schema_as_made() -> dict[str, str]:
    """The statement of each table, index and trigger by its name; SQLite keeps them as written."""
    found = (_MADE.match(statement) for statement in _statements(_schema_text()))
    return {made[1]: made.string for made in found if made}


def _schema_of(db: sqlite3.Connection) -> dict[str, str]:
    rows = db.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {
        str(name): sql
        if str(kind).islower() and sql.startswith(f"CREATE {str(kind).upper()} ")
        else f"{kind}: {sql}"
        for kind, name, sql in rows
        if not str(name).startswith("sqlite_")
    }


_MADE = re.compile(r"CREATE (?:TABLE|INDEX|TRIGGER) (\w+)")


def _schema_text() -> str:
    return Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")


def _statements(text: str) -> Iterator[str]:
    """Statements end at a semicolon, which a trigger has inside as well; SQLite knows which."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += "" if line.startswith("--") else line
        if sqlite3.complete_statement(statement):
            yield statement.strip().removesuffix(";")
            statement = ""
