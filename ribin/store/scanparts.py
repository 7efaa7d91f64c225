"""All parts of a scan's file at once: to write them elsewhere, and to make the same file again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ribin.model import BoolArray, Mark, MarkType, Provenance, Scan, ScanKind, Template
from ribin.store.scanfile import (
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
    outline : (H, W) bool array or None
        True inside the breech face as a person outlined it.
    outlines : dict of MarkType to (H, W) bool array
        Other marks that a person outlined.
    """

    original: bytes
    facts: dict[str, Any]
    outline: BoolArray | None
    marks: tuple[Mark, ...]
    templates: tuple[Template, ...]
    outlines: dict[MarkType, BoolArray] = field(default_factory=dict)


def read_parts(path: Path) -> ScanParts:
    """The parts of a file; StoreError where it is missing or damaged."""
    with opened_scan(path) as file:
        facts = json.loads(file.attrs["scan"])
        outline = read_array(file["mark_valid"]) if "mark_valid" in file else None
        number = len(file["marks"]) if "marks" in file else 0
        others = {MarkType(n): read_array(file["outlines"][n]) for n in file.get("outlines", ())}
    marks = tuple(read_mark(path, position) for position in range(number))
    templates = tuple(read_template(path, position) for position in range(number))
    return ScanParts(read_original(path), facts, outline, marks, templates, others)


def pack_parts(
    original: bytes,
    facts: dict[str, Any],
    outline: BoolArray | None,
    marks: Sequence[Mark],
    templates: Sequence[Template],
    outlines: Mapping[MarkType, BoolArray],
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
    return pack_scan(original, scan, marks, templates)


def provenance_of(facts: dict[str, Any]) -> Provenance:
    """The provenance in the facts of a scan."""
    told = facts["provenance"]
    return Provenance(**{**told, **{name: tuple(told[name]) for name in ("repairs", "notes")}})
