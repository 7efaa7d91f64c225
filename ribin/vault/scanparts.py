"""All parts of a scan's file at once: to write them elsewhere, and to make the same file again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ribin.model import BoolArray, Mark, MarkType, Provenance, Scan, ScanKind, Template
from ribin.vault.scanfile import (
    opened_scan,
    pack_scan,
    read_array,
    read_mark,
    read_original,
    read_template,
)


@dataclass(frozen=True, eq=False)
class ScanParts:
    """What a scan's file holds.

    Attributes
    ----------
    facts : dict
        Kind, shape, pitches and provenance of the scan as it was read.
    original : bytes or None
        The file as it was received; None in a description made later.
    first : int
        Position of the first mark; a description goes on where the scan's file ends.
    outline : (H, W) bool array or None
        True inside the breech face as a person outlined it.
    outlines : dict of MarkType to (H, W) bool array
        Other marks that a person outlined.
    """

    original: bytes | None
    facts: dict[str, Any]
    outline: BoolArray | None
    marks: tuple[Mark, ...]
    templates: tuple[Template, ...]
    first: int = 0
    outlines: dict[MarkType, BoolArray] = field(default_factory=dict)


def read_parts(path: Path) -> ScanParts:
    """The parts of a file; StoreError where it is missing or damaged."""
    with opened_scan(path) as file:
        facts = json.loads(file.attrs["scan"])
        outline = read_array(file["mark_valid"]) if "mark_valid" in file else None
        positions = sorted(int(name) for name in file.get("marks", ()))
        whole = "original" in file
        others = {MarkType(n): read_array(file["outlines"][n]) for n in file.get("outlines", ())}
    marks = tuple(read_mark(path, position) for position in positions)
    templates = tuple(read_template(path, position) for position in positions)
    original = read_original(path) if whole else None
    first = positions[0] if positions else 0
    return ScanParts(original, facts, outline, marks, templates, first, others)


def pack_parts(
    original: bytes | None,
    facts: dict[str, Any],
    outline: BoolArray | None,
    marks: Sequence[Mark],
    templates: Sequence[Template],
    outlines: Mapping[MarkType, BoolArray],
    first: int = 0,
) -> bytes:
    """The file that these parts came from; the libraries of HDF5 may pack it otherwise."""
    shape = tuple(facts["shape"])
    blank = np.broadcast_to(np.float32(0), shape)
    scan = Scan(
        values=blank,
        valid=np.broadcast_to(np.False_, shape),
        row_pitch_um=facts["row_pitch_um"],
        col_pitch_um=facts["col_pitch_um"],
        kind=ScanKind(facts["kind"]),
        provenance=provenance_of(facts),
        mark_valid=outline,
        outlines=dict(outlines),
    )
    return pack_scan(original, scan, marks, templates, first)


def provenance_of(facts: dict[str, Any]) -> Provenance:
    """The provenance in the facts of a scan."""
    told = facts["provenance"]
    return Provenance(**{**told, **{name: tuple(told[name]) for name in ("repairs", "notes")}})
