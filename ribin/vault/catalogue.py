"""The connection to catalogue.sqlite: how it is opened, read, written, and how it fails."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ribin.errors import RibinError, StoreError
from ribin.vault.rest import take_rest
from ribin.vault.schema import APPLICATION_ID, SCHEMA_VERSION, create_tables

CATALOGUE_FILE = "catalogue.sqlite"
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


class Catalogue:
    """One connection, for one thread. Reads see one moment; writes wait for their turn.

    Raises
    ------
    StoreError
        From every method: the file is missing, damaged, no catalogue, locked or read-only.
    """

    def __init__(self, folder: Path, writable: bool, wait_s: float) -> None:
        self.path = folder / CATALOGUE_FILE
        self.writable = writable
        self._wait_s = wait_s
        if not self.path.is_file():
            raise StoreError(f"{self.path}: the catalogue of a vault needed, found none")
        with self._one_line_errors():
            self._db = self._connect()

    @classmethod
    def create(cls, folder: Path, wait_s: float, schema: int = SCHEMA_VERSION) -> Catalogue:
        """Make the file with empty tables in write-ahead mode, which is a property of the file.

        Of an older schema for what an older ribin exported; the caller migrates it.
        """
        path = folder / CATALOGUE_FILE
        try:
            db = sqlite3.connect(path, isolation_level=None, timeout=wait_s)
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                create_tables(db, schema)
            finally:
                db.close()
        except sqlite3.Error as error:
            raise StoreError(f"{path}: cannot be made: {error}") from error
        return cls(folder, writable=True, wait_s=wait_s)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection inside one read transaction: every query sees the same moment."""
        with self._one_line_errors():
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._leave()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection holding the only write lock; committed at the end, or rolled back."""
        if not self.writable:
            raise StoreError(f"{self.path.parent}: a writable vault needed, found a read-only one")
        with self._one_line_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                self._leave()

    def copy_to(self, path: Path) -> None:
        """Write the catalogue as it is at this moment to a new file; others may write meanwhile."""
        with self._one_line_errors():
            copy = sqlite3.connect(path, isolation_level=None)
            try:
                copy.execute("PRAGMA synchronous = FULL")
                self._db.backup(copy)
            finally:
                copy.close()

    def close(self) -> None:
        """Close the connection, and note the hash of the file where nobody else has it open."""
        head = self._head() if self.writable else ""
        self._db.close()
        if head:
            take_rest(self.path, head)

    def _head(self) -> str:
        try:
            row = self._db.execute("SELECT sha256 FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        except sqlite3.Error:  # damaged, or closed already
            return ""
        return str(row[0]) if row else ""

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
            raise StoreError(self._sentence(error)) from error
        except (ValueError, KeyError) as error:  # a record that no writer of ours can have made
            raise StoreError(f"{self.path}: a record is damaged: {error}") from error

    def _sentence(self, error: sqlite3.Error) -> str:
        if _code(error) in _LOCKED:
            return f"{self.path}: locked by another program; waited {self._wait_s:g} s"
        if _code(error) in _READ_ONLY:
            return f"{self.path}: a writable catalogue needed, found a read-only one"
        return f"{self.path}: the catalogue cannot be used: {error}"


def may_write(folder: Path) -> bool:
    """Whether this user may write the folder and the catalogue in it."""
    return os.access(folder, os.W_OK) and os.access(folder / CATALOGUE_FILE, os.W_OK)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; its extended codes carry it in the low byte."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
