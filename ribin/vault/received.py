"""What other members' bundles brought: their exhibits by opaque names, and their templates.

    received/BLZ/ab/abcd....npz         a template, named by the SHA-256 of its bytes
    received/BLZ/originals/abcd....     a scan as its owner received it, where it was released

A bundle is a whole statement of what a member shares with us: it takes the place of the one before.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ribin.cases.exhibits import ClassFields, Event, Exhibit, ExhibitKind, Scope
from ribin.errors import StoreError
from ribin.model import MarkType, ScanKind
from ribin.vault.vault import Vault

RECEIVED_FOLDER = "received"


@dataclass(frozen=True)
class ReceivedExhibit:
    """An exhibit of another member: `exhibit` is its opaque name.

    `released` is the exhibit as its owner calls it, with its event; None until it is released.
    """

    exhibit: str
    kind: ExhibitKind
    class_fields: ClassFields
    released: Exhibit | None = None


@dataclass(frozen=True)
class ReceivedMark:
    """A mark of a received scan; its template's file has the SHA-256 `file_sha256`."""

    position: int
    mark_type: MarkType
    kind: ScanKind
    pitch_um: float
    params_id: str
    template_sha256: str
    file_sha256: str


@dataclass(frozen=True)
class ReceivedScan:
    """A scan of another member; `original` is its file name where it was released, else empty."""

    sha256: str
    exhibit: str
    kind: ScanKind
    lighting: str
    original: str
    marks: tuple[ReceivedMark, ...] = field(default=())


@dataclass(frozen=True)
class ReceivedBundle:
    """The last bundle of a member."""

    bundle: str
    number: int
    made_at: str
    at: str


def template_path(folder: Path, member: str, file_sha256: str) -> Path:
    """Where a received template lies in a vault's folder."""
    return folder / RECEIVED_FOLDER / member / file_sha256[:2] / f"{file_sha256}.npz"


def original_path(folder: Path, member: str, sha256: str) -> Path:
    """Where a released original lies in a vault's folder."""
    return folder / RECEIVED_FOLDER / member / "originals" / sha256


def last_bundle(vault: Vault, member: str) -> ReceivedBundle | None:
    """The last bundle that was received of a member."""
    with vault.catalogue.reading() as db:
        row = db.execute(
            "SELECT bundle, number, made_at, at FROM bundles "
            "WHERE direction = 'received' AND member = ? ORDER BY number DESC LIMIT 1",
            (member,),
        ).fetchone()
    return ReceivedBundle(**dict(row)) if row else None


def read_exhibits(db: sqlite3.Connection, member: str) -> Iterator[ReceivedExhibit]:
    """Exhibits of the last bundle of a member."""
    query = "SELECT * FROM received_exhibits WHERE member = ? ORDER BY rowid"
    for row in db.execute(query, (member,)):
        kind = ExhibitKind(row["kind"])
        classes = ClassFields(**{name: row[name] for name in ClassFields.__dataclass_fields__})
        event = Event(row["event"], row["case_number"], row["date"], row["place"])
        released = Exhibit(row["released"], event, kind, classes, Scope.NETWORK, row["firearm"])
        yield ReceivedExhibit(row["exhibit"], kind, classes, released if row["released"] else None)


def read_originals(vault: Vault, member: str, exhibit: str) -> Iterator[tuple[str, str, bytes]]:
    """SHA-256, file name and bytes of the scans that a member's last bundle brought of an exhibit.

    It is named as its owner calls it or by its opaque name.

    Raises
    ------
    StoreError
        A file is missing or not as it was received.
    """
    query = (
        "SELECT s.sha256, s.original FROM received_scans s JOIN received_exhibits e"
        " USING (member, exhibit) WHERE member = ?1 AND original <> ''"
        " AND (e.exhibit = ?2 OR released = ?2)"
    )
    with vault.catalogue.reading() as db:
        rows = db.execute(query, (member, exhibit)).fetchall()
    for sha256, name in rows:
        path = original_path(vault.path, member, sha256)
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StoreError(f"{path}: the original as it was received needed, found another")
        yield sha256, name, content


def as_exhibit(one: ReceivedExhibit) -> Exhibit:
    """As an exhibit that every scope may see: its owner has sent it to us."""
    opaque = Exhibit(one.exhibit, Event(""), one.kind, one.class_fields, Scope.NETWORK)
    return one.released or opaque


def write_exhibit(db: sqlite3.Connection, member: str, one: ReceivedExhibit) -> None:
    """Add a received exhibit."""
    whole = one.released or Exhibit("", Event(""))
    fields = {"member": member, "exhibit": one.exhibit, "kind": str(one.kind)}
    fields |= asdict(one.class_fields) | asdict(whole.event)
    _insert(
        db, "received_exhibits", {**fields, "released": whole.exhibit, "firearm": whole.firearm}
    )


def write_scan(db: sqlite3.Connection, member: str, scan: ReceivedScan) -> None:
    """Add a received scan and its marks."""
    fields = {k: v for k, v in vars(scan).items() if k != "marks"}
    _insert(db, "received_scans", {"member": member, **fields, "kind": str(scan.kind)})
    for mark in scan.marks:
        texts = {"mark_type": str(mark.mark_type), "kind": str(mark.kind)}
        fields = {"member": member, "sha256": scan.sha256, **vars(mark), **texts}
        _insert(db, "received_marks", fields)


def clear_received(db: sqlite3.Connection, member: str) -> None:
    """Take away what earlier bundles of a member brought."""
    for table in ("received_marks", "received_scans", "received_exhibits"):
        db.execute(f"DELETE FROM {table} WHERE member = ?", (member,))


def _insert(db: sqlite3.Connection, table: str, fields: dict) -> None:
    columns, marks = ", ".join(fields), ", ".join("?" * len(fields))
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(fields.values()))
