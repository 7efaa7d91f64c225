"""The marks of one type as arrays, with the few facts that a search's rules look at.

A vault of a million marks has some hundreds of distinct combinations of these facts, so a rule is
asked once for each and not a million times. What comes of the catalogue is kept beside the index,
under the token that changes with the catalogue (migration 5), and read again when that differs.
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
from ribin.store.derived import read_derived, remove_derived, write_derived
from ribin.store.records import Holdings, StoredScan

LEDGER_FOLDER = Path("index", "ledgers")


class Facts(NamedTuple):
    """Of a mark or a scan, what decides whether it is shown to whom and can be compared."""

    kind: str
    params_id: str  # empty for a scan
    lighting: str
    sharing: str
    exhibit_kind: str
    calibre: str
    date: str


_FACTS = "s.lighting, e.sharing, e.kind, e.calibre, v.date"
_JOINED = "scans s JOIN exhibits e USING (exhibit) JOIN events v USING (event)"
_MARKS = (
    f"SELECT m.mark_id, m.template_sha256, m.sha256, m.kind, m.params_id, {_FACTS} "
    f"FROM marks m JOIN {_JOINED.replace('scans s', 'scans s USING (sha256)', 1)} "
    "WHERE m.mark_type = ? ORDER BY m.mark_id"
)
_BARE = (
    f"SELECT count(*), s.kind, '', {_FACTS} FROM {_JOINED} WHERE s.sha256 NOT IN "
    f"(SELECT sha256 FROM marks WHERE mark_type = ?) GROUP BY s.kind, {_FACTS}"
)


@dataclass(frozen=True, eq=False)
class Ledger:
    """All marks of one type that a vault holds, oldest first, and its scans without such a mark.

    Attributes
    ----------
    ids : (N,) int64 array
        `StoredMark.mark_id`, ascending.
    templates, scans : (N, 32) uint8 array
        SHA-256 of the template, and of the original.
    which : (N,) int32 array
        Place in `facts`.
    facts : tuple of Facts
        Distinct ones.
    bare : tuple of (Facts, int)
        Of scans without a mark of the type, and how many there are.
    """

    ids: NDArray[np.int64]
    templates: NDArray[np.uint8]
    scans: NDArray[np.uint8]
    which: NDArray[np.int32]
    facts: tuple[Facts, ...]
    bare: tuple[tuple[Facts, int], ...]

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


def ledger_of(holdings: Holdings, mark_type: MarkType) -> Ledger:
    """The ledger of what is held in memory."""
    marks = [mark for mark in holdings.marks if mark.mark_type is mark_type]
    marked = {mark.scan.sha256 for mark in marks}
    bare = Counter(_facts_of(s, str(s.kind), "") for s in holdings.scans if s.sha256 not in marked)
    rows = (
        (m.mark_id, m.template_sha256, m.scan.sha256, *_facts_of(m.scan, str(m.kind), m.params_id))
        for m in marks
    )
    return _gather(rows, sorted(bare.items()))


def read_ledger(db: sqlite3.Connection, folder: Path, mark_type: MarkType, keep: bool) -> Ledger:
    """The ledger of a catalogue, from the file beside the index where that is current.

    The caller's read transaction makes it one moment.

    Parameters
    ----------
    folder : Path
        Of the vault.
    keep : bool
        Whether a file may be written; without one nothing but time is lost.
    """
    token = db.execute("SELECT token FROM content").fetchone()[0]
    place = folder / LEDGER_FOLDER
    for path in place.glob(f"{mark_type}-{token}-*.npz"):
        kept = _load(path)
        if kept is not None:
            return kept
    bare = [(Facts(*row[1:]), int(row[0])) for row in db.execute(_BARE, (str(mark_type),))]
    ledger = _gather(map(tuple, db.execute(_MARKS, (str(mark_type),))), sorted(bare))
    if keep:
        _save(ledger, place, f"{mark_type}-{token}")
    return ledger


def _gather(rows: Iterable[tuple], bare: Iterable[tuple[Facts, int]]) -> Ledger:
    ids, templates, scans, which = [], [], [], []
    places: dict[tuple, int] = {}
    for mark_id, template, scan, *facts in rows:
        ids.append(mark_id)
        templates.append(template)
        scans.append(scan)
        which.append(places.setdefault(tuple(facts), len(places)))
    return Ledger(
        np.array(ids, np.int64),
        _hashes(templates),
        _hashes(scans),
        np.array(which, np.int32),
        tuple(Facts(*facts) for facts in places),
        tuple(bare),
    )


def _hashes(texts: list[str]) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex("".join(texts)), np.uint8).reshape(-1, 32)


def _facts_of(scan: StoredScan, kind: str, params_id: str) -> Facts:
    exhibit = scan.exhibit
    return Facts(
        kind,
        params_id,
        scan.lighting,
        str(exhibit.sharing),
        str(exhibit.kind),
        exhibit.class_fields.calibre,
        exhibit.event.date,
    )


def _save(ledger: Ledger, folder: Path, name: str) -> None:
    """Keep it under a name that tells its hash, and take older ones of the type away."""
    buffer = io.BytesIO()
    texts = json.dumps([ledger.facts, ledger.bare])
    np.savez(
        buffer,
        ids=ledger.ids,
        templates=ledger.templates,
        scans=ledger.scans,
        which=ledger.which,
        texts=np.array(texts),
    )
    path = write_derived(folder, name, ".npz", buffer.getvalue())
    for old in folder.glob(f"{name.partition('-')[0]}-*.npz") if path else ():
        if old != path:
            remove_derived(old)


def _load(path: Path) -> Ledger | None:
    """The ledger of a file; None where its bytes are not those in its name."""
    content = read_derived(path)
    if content is None:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        facts, bare = json.loads(str(kept["texts"]))
        return Ledger(
            ids=kept["ids"],
            templates=kept["templates"],
            scans=kept["scans"],
            which=kept["which"],
            facts=tuple(Facts(*row) for row in facts),
            bare=tuple((Facts(*row), int(number)) for row, number in bare),
        )
