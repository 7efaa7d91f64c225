"""The received exhibits of one member, searched like a vault of that member."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Sequence

from ribin.errors import FormatError, StoreError
from ribin.model import MarkType, Provenance, ScanKind, Template
from ribin.vault.exhibits import Holdings, StoredMark, StoredScan
from ribin.vault.mark_table import Ledger, ledger_of
from ribin.vault.received import RECEIVED_FOLDER, as_exhibit, read_exhibits, template_path
from ribin.vault.templatefile import decode_arrays
from ribin.vault.vault import Vault

_SCANS = "SELECT * FROM received_scans WHERE member = ? ORDER BY rowid"
_MARKS = "SELECT * FROM received_marks WHERE member = ? ORDER BY mark_id"


class ReceivedGallery:
    """What a vault holds of one other member, to be searched like a vault of that member.

    Attributes
    ----------
    path : Path
        The folder of its files; an index lies there too.
    member : str
        Code of the other member.
    """

    def __init__(self, vault: Vault, member: str) -> None:
        self.path = vault.path / RECEIVED_FOLDER / member
        self.member = member
        self.writable = vault.writable
        self._vault = vault

    def holdings(self) -> Holdings:
        """All scans and marks of the last bundle, under the names that were told."""
        with self._vault.catalogue.reading() as db:
            exhibits = {e.exhibit: as_exhibit(e) for e in read_exhibits(db, self.member)}
            scans = {
                row["sha256"]: StoredScan(
                    sha256=row["sha256"],
                    exhibit=exhibits[row["exhibit"]],
                    source=row["original"] or exhibits[row["exhibit"]].exhibit,
                    kind=ScanKind(row["kind"]),
                    file_sha256="",
                    lighting=row["lighting"],
                )
                for row in db.execute(_SCANS, (self.member,))
            }
            rows = db.execute(_MARKS, (self.member,)).fetchall()
        marks = tuple(_stored_mark(row, scans[row["sha256"]]) for row in rows)
        digest = hashlib.sha256(repr(exhibits).encode())
        digest.update(repr([(m.scan.sha256, m.template_sha256) for m in marks]).encode())
        return Holdings(tuple(scans.values()), marks, digest.hexdigest())

    def marks_known_as(self, names: Collection[str]) -> list[int]:
        """Ids of the marks of exhibits by these names: opaque ones, or those that were told."""
        with self._vault.catalogue.reading() as db:
            received = list(read_exhibits(db, self.member))
        told = {as_exhibit(e).exhibit for e in received if e.exhibit in names}
        chosen = told.union(names)
        return [m.mark_id for m in self.holdings().marks if m.scan.exhibit.exhibit in chosen]

    def ledger(self, mark_type: MarkType) -> Ledger:
        """As `Vault.ledger`."""
        return ledger_of(self.holdings(), mark_type)

    def stored_marks(self, ids: Sequence[int]) -> list[StoredMark]:
        """As `Vault.stored_marks`."""
        known = {mark.mark_id: mark for mark in self.holdings().marks}
        return [known[int(mark_id)] for mark_id in ids if int(mark_id) in known]

    def template(self, stored: StoredMark) -> Template:
        """The template of a received mark; StoreError where it is missing or damaged."""
        with self._vault.catalogue.reading() as db:
            row = db.execute(
                "SELECT * FROM received_marks WHERE mark_id = ?", (stored.mark_id,)
            ).fetchone()
        if row is None:
            raise StoreError(f"{self.path}: mark {stored.mark_id} is there no more")
        path = template_path(self._vault.path, self.member, row["file_sha256"])
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: a received template needed, {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != row["file_sha256"]:
            raise StoreError(f"{path}: a received template is damaged")
        try:
            arrays = decode_arrays(content, str(path))
        except FormatError as error:
            raise StoreError(str(error)) from error
        scan = stored.scan
        provenance = Provenance(scan.source, scan.sha256, 0, "bundle", lighting=scan.lighting)
        return Template(
            stored.mark_type, stored.kind, row["pitch_um"], stored.params_id, provenance, arrays
        )


def _stored_mark(row: sqlite3.Row, scan: StoredScan) -> StoredMark:
    return StoredMark(
        mark_id=row["mark_id"],
        scan=scan,
        position=row["position"],
        mark_type=MarkType(row["mark_type"]),
        kind=ScanKind(row["kind"]),
        params_id=row["params_id"],
        template_sha256=row["template_sha256"],
    )
