"""What a scan file keeps beside the original bytes, so that it can be read again as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ribin.model import BoolArray, MarkType, Provenance, ScanKind
from ribin.vault.scanfile import opened_scan, read_array, scan_facts

_CIRCLE = re.compile(r"(\w+) outlined by circle ([\d.e+-]+),([\d.e+-]+),([\d.e+-]+),([\d.e+-]+) px")
_CAST = "Declared a cast"


@dataclass(frozen=True, eq=False)
class Kept:
    """How a person had a scan read.

    Attributes
    ----------
    row_pitch_um, col_pitch_um : float
        As it was read; of an image that does not state its own.
    outlines : dict of MarkType to (H, W) bool array
        True inside what a person outlined, in the frame of the scan after `replica`.
    """

    original: bytes
    kind: ScanKind
    row_pitch_um: float
    col_pitch_um: float
    provenance: Provenance
    replica: bool
    outlines: dict[MarkType, BoolArray] = field(default_factory=dict)


def read_kept(path: Path) -> Kept:
    """From a scan file; StoreError where it is missing or damaged.

    Files of the first version hold no circles and not whether the scan shows a cast. Their notes
    say both.
    """
    with opened_scan(path) as file:
        facts, provenance = scan_facts(file)
        outlines = {}
        if "mark_valid" in file:
            outlines[MarkType.BREECH_FACE] = read_array(file["mark_valid"])
        for name in file.get("outlines", ()):
            outlines[MarkType(name)] = read_array(file["outlines"][name])
        original = read_array(file["original"]).tobytes()
    replica = provenance.replica or any(note.startswith(_CAST) for note in provenance.notes)
    drawn = _circles_in_notes(provenance, tuple(facts["shape"]), replica)
    return Kept(
        original=original,
        kind=ScanKind(facts["kind"]),
        row_pitch_um=float(facts["row_pitch_um"]),
        col_pitch_um=float(facts["col_pitch_um"]),
        provenance=provenance,
        replica=replica,
        outlines={**drawn, **outlines},
    )


def _circles_in_notes(
    provenance: Provenance, shape: tuple[int, int], replica: bool
) -> dict[MarkType, BoolArray]:
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    drawn = {}
    for note in provenance.notes:
        if found := _CIRCLE.match(note):
            row, col, radius, inner = (float(text) for text in found.groups()[1:])
            away = np.hypot(rows - row, cols - col)
            inside = np.asarray((away <= radius) & (away >= inner), np.bool_)
            turned = inside[:, ::-1] if replica else inside  # drawn before it was mirrored
            drawn[MarkType(found[1].lower())] = np.ascontiguousarray(turned)
    return drawn
