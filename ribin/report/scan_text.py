"""What was read from a file, for people and for programs."""

from __future__ import annotations

import dataclasses
from typing import Any

from ribin.model import Scan
from ribin.report.text import facts


def scan_summary(scan: Scan) -> dict[str, Any]:
    """The contract of `ribin info --json`."""
    return {
        "file": scan.provenance.source,
        "kind": scan.kind,
        "shape": scan.shape,
        "pixel_pitch_um": scan.pixel_pitch_um,
        "row_pitch_um": scan.row_pitch_um,
        "col_pitch_um": scan.col_pitch_um,
        "valid_fraction": float(scan.valid.mean()),
        "outlined": scan.mark_valid is not None,
        "lighting": scan.provenance.lighting,
        "provenance": dataclasses.asdict(scan.provenance),
        "repairs": scan.provenance.repairs,
        "notes": scan.provenance.notes,
    }


def scan_facts(scan: Scan) -> str:
    """One fact a line; what the file does not state is left out."""
    provenance = scan.provenance
    known: list[tuple[str, object]] = [
        ("file", provenance.source),
        ("kind", scan.kind),
        ("shape", f"{scan.shape[0]} x {scan.shape[1]} (rows x columns)"),
        ("pitch", f"{scan.row_pitch_um:g} x {scan.col_pitch_um:g} um (rows x columns)"),
        ("measured", f"{scan.valid.mean():.1%} of the pixels"),
        ("outlined", "yes" if scan.mark_valid is not None else "no"),
        ("sha256", provenance.sha256),
        ("size", f"{provenance.size_bytes} bytes"),
        ("reader", provenance.reader),
        ("instrument", provenance.instrument),
        ("creator", provenance.creator),
        ("measured on", provenance.measured_on),
        ("lighting", provenance.lighting),
    ]
    known += [("repaired", repair) for repair in provenance.repairs]
    known += [("note", note) for note in provenance.notes]
    return facts([(name, value) for name, value in known if value])
