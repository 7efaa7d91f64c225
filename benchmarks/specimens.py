"""Labelled scans with known truth: which firearm, and how each lies on its mates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from motion import STILL, Motion, Points, apart_um, found_motion

from ribin.evaluate.pairs import read_labels
from ribin.model import Mark, Provenance, Scan, Template
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.read import read_scan
from ribin.synth.cartridge import fire
from ribin.synth.firearm import FirearmSpec, consecutive_slides

ROOT = Path(__file__).parents[1]
FADUL = ROOT.parent / "shared" / "data" / "fadul"
SAMPLE = ROOT / "sample_data"


@dataclass(frozen=True, eq=False)
class Specimen:
    """One scan and its truth.

    Attributes
    ----------
    center_um : (2,) float64 array
        Middle of the whole ring in the scan's frame.
    motion : Motion
        From the frame of the firearm's first scan, as it was read, to this scan's frame.
    area_um2 : float
        Of the mark before anything was done to it.
    """

    name: str
    firearm: str
    scan: Scan
    center_um: Points
    motion: Motion
    area_um2: float


@dataclass(frozen=True)
class Truth:
    """How sure the motions are: mates that are not a first scan, compared directly."""

    pairs: int
    worst_um: float  # direct comparison against the way round by the first scan


def default_folder() -> Path:
    """The real scans where they are, else the sample data."""
    return FADUL if FADUL.is_dir() else SAMPLE


def load_scans(folder: Path) -> list[tuple[str, str, Scan]]:
    """Name, firearm and scan of everything labels.csv names, in the order of the names."""
    labels = sorted(read_labels(folder), key=lambda label: label.file)
    return [(la.file, la.firearm, read_scan(folder / la.file)) for la in labels]


def slide_scans(
    slides: int, shots: int, shared: float, mark_strength: float, seed: int
) -> list[tuple[str, str, Scan]]:
    """Cases fired in slides cut one after the other; `shared` of the relief is the tool's."""
    made = consecutive_slides(slides, seed, shared, FirearmSpec())
    return [
        (f"slide-{n:02d}-{shot}", f"slide-{n:02d}", _named(scan, f"slide-{n:02d}-{shot}"))
        for n, slide in enumerate(made, start=1)
        for shot in range(1, shots + 1)
        for scan in [fire(slide, shot, mark_strength=mark_strength)]
    ]


def find_truth(scans: list[tuple[str, str, Scan]]) -> tuple[list[Specimen], Truth]:
    """Lay each scan on the first of its firearm, undegraded, and check the ways round."""
    marks = [extract_marks(scan)[0] for _, _, scan in scans]
    templates = [describe_mark(mark) for mark in marks]
    first: dict[str, int] = {}
    specimens: list[Specimen] = []
    worst = [0.0]
    for i, (name, firearm, scan) in enumerate(scans):
        anchor = first.setdefault(firearm, i)
        motion = STILL if anchor == i else _motion(anchor, i, marks, templates)
        area = float(scan.valid.sum()) * scan.row_pitch_um * scan.col_pitch_um
        specimens.append(Specimen(name, firearm, scan, mark_center(marks[i]), motion, area))
        for j in range(anchor + 1, i):
            if specimens[j].firearm == firearm:
                direct = _motion(j, i, marks, templates)
                round_about = motion.after(specimens[j].motion.inverse())
                worst.append(apart_um(direct, round_about, measured_points(scans[j][2])))
    return specimens, Truth(len(worst) - 1, max(worst))


def mark_center(mark: Mark) -> Points:
    """Middle of a mark's frame, (2,) in um in the frame of its scan."""
    half = (np.array(mark.surface.shape) - 1) / 2.0 * mark.pitch_um
    return np.asarray(mark.origin_um) + half


def measured_points(scan: Scan, every: int = 50) -> Points:
    """One measured pixel in `every`, (K, 2) in um."""
    return np.argwhere(scan.valid)[::every] * np.array([scan.row_pitch_um, scan.col_pitch_um])


def _motion(i: int, j: int, marks: list[Mark], templates: list[Template]) -> Motion:
    result = compare_marks(templates[i], templates[j], DEFAULT_PARAMS)
    return found_motion(result, mark_center(marks[i]), mark_center(marks[j]))


def _named(scan: Scan, name: str) -> Scan:
    made = scan.provenance
    given = Provenance(name, made.sha256, made.size_bytes, made.reader)
    return Scan(scan.values, scan.valid, scan.row_pitch_um, scan.col_pitch_um, scan.kind, given)
