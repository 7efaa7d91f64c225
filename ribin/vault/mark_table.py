"""The marks of one type as arrays, with the few facts that a search's rules look at.

A vault of a million marks has some hundreds of distinct combinations of these facts, so a rule is
asked once for each and not a million times.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.model import MarkType
from ribin.vault.exhibits import Holdings, StoredScan


class Facts(NamedTuple):
    """Of a mark or a scan, what decides whether it is shown to whom and can be compared."""

    kind: str
    params_id: str  # empty for a scan
    lighting: str
    sharing: str
    exhibit_kind: str
    calibre: str
    date: str


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
    last_scan : int
        Row of the catalogue's last scan.
    """

    ids: NDArray[np.int64]
    templates: NDArray[np.uint8]
    scans: NDArray[np.uint8]
    which: NDArray[np.int32]
    facts: tuple[Facts, ...]
    bare: tuple[tuple[Facts, int], ...]
    last_scan: int = 0

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
    return extended(EMPTY, rows, bare, len(holdings.scans))


def extended(old: Ledger, rows: Iterable[tuple], bare: Counter[Facts], last_scan: int) -> Ledger:
    """A ledger with more marks, and more scans without one, behind those that it has."""
    ids, templates, scans, which = [], [], [], []
    places = {facts: place for place, facts in enumerate(old.facts)}
    for mark_id, template, scan, *facts in rows:
        ids.append(mark_id)
        templates.append(template)
        scans.append(scan)
        which.append(places.setdefault(Facts(*facts), len(places)))
    return Ledger(
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


EMPTY = Ledger(
    np.zeros(0, np.int64),
    np.zeros((0, 32), np.uint8),
    np.zeros((0, 32), np.uint8),
    np.zeros(0, np.int32),
    (),
    (),
)
