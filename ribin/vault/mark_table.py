"""The marks of one type as arrays, with the few facts that a search's rules look at.

A vault of a million marks has some hundreds of distinct combinations of these facts, so a rule is
asked once for each and not a million times.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.model import MarkType
from ribin.vault.audit import AuditHead, read_head
from ribin.vault.exhibits import MARKS_IN_USE, MARKS_OF_SET, Holdings, StoredScan
from ribin.vault.files import read_derived, remove_derived, write_derived


class MarkFacts(NamedTuple):
    """Of a mark or a scan, what decides whether it is shown to whom and can be compared."""

    kind: str
    params_id: str  # empty for a scan
    lighting: str
    sharing: str
    exhibit_kind: str
    calibre: str
    date: str
    firing_pin_shape: str = ""
    breech_face_type: str = ""
    ammunition: str = ""
    make: str = ""
    model: str = ""


_FIRST_OF_MORE = MarkFacts._fields.index("firing_pin_shape")  # class fields beside the calibre


@dataclass(frozen=True, eq=False)
class MarkTable:
    """All marks of one type that a vault holds, oldest first, and its scans without such a mark."""

    ids: NDArray[np.int64]  # (N,) `StoredMark.mark_id`, ascending
    templates: NDArray[np.uint8]  # (N, 32) SHA-256 of the template
    scans: NDArray[np.uint8]  # (N, 32) SHA-256 of the original
    which: NDArray[np.int32]  # (N,) place in `facts`
    facts: tuple[MarkFacts, ...]  # distinct ones
    bare: tuple[tuple[MarkFacts, int], ...]  # of scans without a mark of the type, and their number
    last_scan: int = 0  # row of the catalogue's last scan

    @cached_property
    def snapshot(self) -> str:
        """SHA-256 over all of it: equal snapshots, equal content."""
        digest = hashlib.sha256(repr((self.facts, self.bare)).encode())
        for part in (self.ids, self.templates, self.scans, self.which):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def of_scan(self, sha256: str) -> NDArray[np.bool_]:
        """Marks of the scan with this original, (N,)."""
        wanted = np.frombuffer(bytes.fromhex(sha256), np.uint8)
        return np.asarray((self.scans == wanted).all(axis=1))


def mark_table_of(holdings: Holdings, mark_type: MarkType) -> MarkTable:
    """The mark table of what is held in memory."""
    marks = [mark for mark in holdings.marks if mark.mark_type is mark_type]
    marked = {mark.scan.sha256 for mark in marks}
    bare = Counter(_facts_of(s, str(s.kind), "") for s in holdings.scans if s.sha256 not in marked)
    rows = (
        (m.mark_id, m.template_sha256, m.scan.sha256, *_facts_of(m.scan, str(m.kind), m.params_id))
        for m in marks
    )
    return extended(EMPTY, rows, bare, len(holdings.scans))


def extended(
    old: MarkTable, rows: Iterable[tuple], bare: Counter[MarkFacts], last_scan: int
) -> MarkTable:
    """A mark table with more marks, and more scans without one, behind those that it has."""
    ids, templates, scans, which = [], [], [], []
    places = {facts: place for place, facts in enumerate(old.facts)}
    for mark_id, template, scan, *facts in rows:
        ids.append(mark_id)
        templates.append(template)
        scans.append(scan)
        which.append(places.setdefault(MarkFacts(*facts), len(places)))
    return MarkTable(
        np.concatenate([old.ids, np.array(ids, np.int64)]),
        np.concatenate([old.templates, _hashes(templates)]),
        np.concatenate([old.scans, _hashes(scans)]),
        np.concatenate([old.which, np.array(which, np.int32)]),
        tuple(places),
        tuple(sorted((Counter(dict(old.bare)) + bare).items())),
        last_scan,
    )


def _hashes(texts: list[str]) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex("".join(texts)), np.uint8).reshape(-1, 32)


def _facts_of(scan: StoredScan, kind: str, params_id: str) -> MarkFacts:
    exhibit = scan.exhibit
    return MarkFacts(
        kind,
        params_id,
        scan.lighting,
        str(exhibit.sharing),
        str(exhibit.kind),
        exhibit.class_fields.calibre,
        exhibit.event.date,
        *(getattr(exhibit.class_fields, name) for name in MarkFacts._fields[_FIRST_OF_MORE:]),
    )


_NO_HASHES = np.zeros((0, 32), np.uint8)
EMPTY = MarkTable(
    np.zeros(0, np.int64), _NO_HASHES, _NO_HASHES, np.zeros(0, np.int32), facts=(), bare=()
)


# The mark table of a catalogue, kept in a file beside the index.
#
# The file's name holds the token that changes when rows of the catalogue are changed (schema.sql);
# where that differs the catalogue is read again, and rows that were added since are read on. A row
# of the audit log stands in it, too: a catalogue that was taken back to an earlier state lacks it.

MARK_TABLE_FOLDER = Path("index", "ledgers")
_ARRAYS = ("ids", "templates", "scans", "which")
_LAYOUT = 4  # of what is in a file; another number is another name
_FACTS = "s.lighting, e.sharing, e.kind, e.calibre, v.date, " + ", ".join(
    f"e.{name}" for name in MarkFacts._fields[_FIRST_OF_MORE:]
)
_JOINED = "JOIN exhibits e USING (exhibit) JOIN events v USING (event)"
_MARKS = (
    f"SELECT m.mark_id, m.template_sha256, m.sha256, m.kind, m.params_id, {_FACTS} "
    f"FROM %s m JOIN scans s USING (sha256) {_JOINED} "
    "WHERE m.mark_type = ? AND m.mark_id > ? ORDER BY m.mark_id"
)
_BARE = (
    f"SELECT s.kind, '', {_FACTS}, count(*) FROM scans s {_JOINED} WHERE s.%s ? AND NOT "
    "EXISTS (SELECT 1 FROM marks m WHERE m.sha256 = s.sha256 AND m.mark_type = ?) "
    f"GROUP BY s.kind, {_FACTS}"
)
_WORTH_KEEPING = 4096  # marks read on; fewer are read in less time than the file is written


def content_token(db: sqlite3.Connection) -> str:
    """What is another one after any change of what was enrolled before; ValueError: it is lost."""
    content = db.execute("SELECT token FROM content").fetchone()
    if content is None:
        raise ValueError("a token of its content needed, found none")
    return str(content[0])


def read_mark_table(
    db: sqlite3.Connection, folder: Path, mark_type: MarkType, keep: bool, params_id: str
) -> MarkTable:
    """The mark table of a catalogue, from the file beside the index where that is current.

    The caller's read transaction makes it one moment. `keep`: whether a file may be written;
    without one nothing but time is lost. Where scans were described anew the marks are those of
    `params_id`; of a scan that has none, and where no set is named, those in use.
    """
    if not db.execute("SELECT 1 FROM descriptions LIMIT 1").fetchone():
        params_id = ""
    token = content_token(db)
    of_set = f"{mark_type}.{params_id}" if params_id else str(mark_type)
    place, name = folder / MARK_TABLE_FOLDER, f"{of_set}-{_LAYOUT}-{token}"
    found = (kept for path in place.glob(f"{name}-*.npz") if (kept := _load(path, db)))
    old = max(found, key=lambda kept: len(kept.ids), default=EMPTY)
    last_mark = int(old.ids[-1]) if len(old.ids) else 0
    last_scan = db.execute("SELECT coalesce(max(rowid), 0) FROM scans").fetchone()[0]
    marks = _MARKS % (MARKS_OF_SET if params_id else MARKS_IN_USE)
    asked = (*([params_id] if params_id else []), str(mark_type), last_mark)
    rows = map(tuple, db.execute(marks, asked))
    bare = read_bare(db, mark_type, after=old.last_scan)
    mark_table = extended(old, rows, bare, last_scan)
    added = len(mark_table.ids) - len(old.ids)
    if keep and (old is EMPTY or added >= _WORTH_KEEPING):
        _save(mark_table, place, name, read_head(db))
    return mark_table


def read_bare(
    db: sqlite3.Connection, mark_type: MarkType, after: int = 0, exhibit: str = ""
) -> Counter[MarkFacts]:
    """Scans without a mark of a type: those behind a row of the catalogue, or of one exhibit."""
    which, value = ("exhibit =", exhibit) if exhibit else ("rowid >", after)
    found = db.execute(_BARE % which, (value, str(mark_type)))
    return Counter({MarkFacts(*row[:-1]): row[-1] for row in found})


def _save(mark_table: MarkTable, folder: Path, name: str, head: AuditHead) -> None:
    """Keep it under a name that tells its hash, and take older ones of the type away."""
    buffer = io.BytesIO()
    texts = json.dumps(
        [mark_table.facts, mark_table.bare, mark_table.last_scan, head.seq, head.sha256]
    )
    arrays = {part: getattr(mark_table, part) for part in _ARRAYS}
    np.savez(buffer, **arrays, texts=np.array(texts))
    path = write_derived(folder, name, ".npz", buffer.getvalue())
    for old in folder.glob(f"{name.partition('-')[0]}-*.npz") if path else ():
        if old != path:
            remove_derived(old)


def _load(path: Path, db: sqlite3.Connection) -> MarkTable | None:
    """The mark table of a file; None where its bytes or its row of the audit log are others."""
    content = read_derived(path)
    if content is None:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        facts, bare, last_scan, seq, sha256 = json.loads(str(kept["texts"]))
        row = db.execute("SELECT sha256 FROM audit WHERE seq = ?", (seq,)).fetchone()
        if row is None or row[0] != sha256:
            return None
        return MarkTable(
            **{part: kept[part] for part in _ARRAYS},
            facts=tuple(MarkFacts(*row) for row in facts),
            bare=tuple((MarkFacts(*row), int(number)) for row, number in bare),
            last_scan=int(last_scan),
        )
