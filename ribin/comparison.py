"""What the stages know of two marks laid on each other: Registration, CellFit, Comparison.

Points are (row, col) in um from the centre of a mark, angles counter-clockwise as displayed, in
degrees; `model.py` is about one surface.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.model import MarkType


def turn_matrix(angle_deg: float) -> NDArray[np.float64]:
    """(2, 2) matrix that turns (row, col) points counter-clockwise as displayed."""
    cosine, sine = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    return np.array([[cosine, -sine], [sine, cosine]])


def shown_score(score: float) -> float:
    """A score to three decimals as people read it; 100 only where it is all of 100."""
    return min(round(score, 3), 99.999) if score < 100.0 else score


def score_text(score: float) -> str:
    """A score as every list, page and report writes it."""
    return f"{shown_score(score):.3f}"


class RigidMotion(NamedTuple):
    """A turn about a mark's centre, counter-clockwise, then a shift (row, col)."""

    rotation_deg: float
    shift_um: tuple[float, float]

    def inverse(self) -> RigidMotion:
        """The motion that undoes it."""
        row, col = (-turn_matrix(-self.rotation_deg) @ np.array(self.shift_um)).tolist()
        return RigidMotion(-self.rotation_deg, (row, col))


class CellFit(NamedTuple):
    """Where one cell of one side fell on the other side.

    Its centre, (row, col) in um from the centre of the mark that was cut into cells, falls on
    centre + shift from the centre of the other mark, and the cell lies there turned by
    `rotation_deg`.
    """

    direction: str  # "forward": cell of the reference on the comparison; "backward": the reverse
    center_um: tuple[float, float]
    shift_um: tuple[float, float]  # from the cell's place to where it fell
    rotation_deg: float
    ccf: float
    fill: float  # share of the cell that was measured on its own side
    congruent: bool
    reason: str = ""  # why not congruent: "correlation", "place", "angle" or "surface"


class PlacedCells(NamedTuple):
    """Where the K cells of one side fell on the other, before anything is decided.

    `ccf` is the exact masked correlation at that place; NaN where too little was measured on both
    sides.
    """

    center_um: NDArray[np.float64]  # (K, 2) from its mark's centre, in the order of the template
    fell_um: NDArray[np.float64]  # (K, 2) from the other mark's centre
    rotation_deg: NDArray[np.float64]  # (K,) how the cell lies there, turned
    ccf: NDArray[np.float64]  # (K,)
    fill: NDArray[np.float64]  # (K,) share of the cell that was measured on its own side


@dataclass(frozen=True, eq=False)
class Registration:
    """Two marks laid on each other, and their cells, before anything is decided.

    A point x of the reference, (row, col) in um from its centre, falls on R(rotation) x + shift
    of the comparison; `back` lays the comparison on the reference.
    """

    ahead: RigidMotion
    back: RigidMotion
    agreement: float  # joint surface at this placement: Fisher values over the root of the cells
    whole: float  # correlation of the whole marks in the wide band, times the root of the overlap
    ccf: float  # of the whole marks at this placement, in the fine band
    beyond: bool  # whether it lies beyond the stated mounting
    forward: PlacedCells  # cells of the reference
    backward: PlacedCells  # cells of the comparison


@dataclass(frozen=True)
class Alteration:
    """How a side is altered for a second comparison: its size, then left and right exchanged, then
    hills and valleys."""

    scale: float = 1.0
    mirrored: bool = False
    inverted: bool = False


UNALTERED = Alteration()


@dataclass(frozen=True)
class ScorePart:
    """One visible part of a score: score = sum of the contributions."""

    name: str
    value: float
    contribution: float


@dataclass(frozen=True)
class Comparison:
    """How two marks agree. A pair that could not be compared has NaN figures and a `reason`.

    A point x of the reference, (row, col) in um from its centre, falls on R(rotation) x + shift
    of the comparison.

    Attributes
    ----------
    reference, comparison : str
        What the sides are called.
    cells : int
        Cells of both sides that could be compared.
    cmc, cmc_fraction : float
        Congruent ones of them, and their share from 0 to 1.
    ccf : float
        Correlation of the whole marks as they were laid, from -1 to 1.
    score, score_parts : float, tuple of ScorePart
        Similarity from 0 to 100, no probability; the points that it is the sum of.
    along : str
        "parallel lines" or "lines about one centre", where the marks agree along them more than
        what they share beyond allows to count.
    laid : str
        "with their lines" or "without their lines", where a mark has lines and they were compared
        both ways: of which way cells, ccf, rotation and shift are. The score has points of both.
    rotation_deg, shift_um : float, (float, float)
        Counter-clockwise as displayed; down and right.
    cell_fits : tuple of CellFit
        Every cell of the reference and of the comparison, and where it fell on the other.
    params_id, version : str
        What the figures were made with: equal ones are comparable.
    """

    reference: str
    comparison: str
    mark: MarkType
    cells: int
    cmc: float
    cmc_fraction: float
    ccf: float
    score: float
    score_parts: tuple[ScorePart, ...]
    rotation_deg: float
    shift_um: tuple[float, float]
    cell_fits: tuple[CellFit, ...]
    params_id: str
    version: str
    elapsed_s: float = 0.0
    reason: str = ""
    caution: str = ""  # of marks of this type: not validated on real ones
    note: str = ""  # what an examiner should look at
    scale: float = 1.0  # the pair agrees where the reference is taken as so many times as large,
    mirrored: bool = False  # or where its left and right are exchanged, before it is turned,
    inverted: bool = False  # and heights of one side are taken as depths: one scan is of a cast
    along: str = ""  # lines that the score rests on, which other firearms may share; or empty
    laid: str = ""

    @property
    def altered(self) -> str:
        """What was done to the reference before it was turned, in words that a turn follows."""
        size = f"at {100.0 * self.scale:.0f} % of its size, " if self.scale != 1.0 else ""
        hand = "mirrored and inverted, " if self.inverted else "mirrored, " if self.mirrored else ""
        return hand + size

    @property
    def compared(self) -> bool:
        return not math.isnan(self.score)
