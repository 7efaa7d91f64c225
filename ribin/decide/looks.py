"""A comparison of altered marks, told of the marks as they were read."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

from ribin.comparison import CellFit, Comparison, ScorePart
from ribin.params.defaults import LooksParams

MIRRORED, RESCALED = "mirrored", "at another scale"
_Point = tuple[float, float]


@dataclass(frozen=True)
class SecondLook:
    """What was done to the two sides before they were compared.

    The scale of the reference against the comparison is shared between them, and one of them is
    mirrored, so that it does not matter which is which.
    """

    scale: float = 1.0
    mirrored_reference: bool = False
    mirrored_comparison: bool = False
    inverted: bool = False

    @cached_property
    def mirrored(self) -> bool:
        return self.mirrored_reference or self.mirrored_comparison

    @cached_property
    def half(self) -> float:
        """How much larger the reference was made, and the comparison smaller."""
        return math.sqrt(self.scale)

    @property
    def words(self) -> str:
        """What an examiner should look at."""
        if self.mirrored:
            cast = " and inverted, as a cast" if self.inverted else ""
            return f"agrees mirrored{cast}: check how the scans were made"
        percent = abs(self.scale - 1.0) * 100.0
        size = "larger" if self.scale > 1.0 else "smaller"
        apart = f"the comparison is {percent:.0f} % {size} than the reference"
        return f"agrees if {apart}: check the pitch of both scans"

    def of_reference(self, point: _Point) -> _Point:
        """A point of the altered reference, on the reference."""
        sign = -1.0 if self.mirrored_reference else 1.0
        return point[0] / self.half, sign * point[1] / self.half

    def of_comparison(self, point: _Point) -> _Point:
        """A point of the altered comparison, on the comparison."""
        sign = -1.0 if self.mirrored_comparison else 1.0
        return point[0] * self.half, sign * point[1] * self.half


def as_read(result: Comparison, look: SecondLook, params: LooksParams) -> Comparison:
    """The comparison with motion and cells of the marks as read, its points less, and a note.

    Mirrored, a turn a after an exchange of left and right is a turn -a before one.
    """
    turn = -1.0 if look.mirrored_comparison else 1.0
    name, value = (MIRRORED, 1.0) if look.mirrored else (RESCALED, look.scale)
    taken = ScorePart(name, value, -min(params.points, result.score))
    parts = (*result.score_parts, taken)
    words = look.words if result.score + taken.contribution >= params.note_score else ""
    return replace(
        result,
        rotation_deg=turn * result.rotation_deg,
        shift_um=look.of_comparison(result.shift_um),
        cell_fits=tuple(_fit_as_read(fit, look, turn) for fit in result.cell_fits),
        score=sum(part.contribution for part in parts),
        score_parts=parts,
        scale=look.scale,
        mirrored=look.mirrored,
        inverted=look.inverted,
        note="; ".join(filter(None, (words, result.note))),
    )


def _fit_as_read(fit: CellFit, look: SecondLook, turn: float) -> CellFit:
    own, other = look.of_reference, look.of_comparison
    if fit.direction == "backward":
        own, other = other, own
        turn = -turn if look.mirrored else turn  # the way back of a mirrored turn is itself
    center = own(fit.center_um)
    fell = other((fit.center_um[0] + fit.shift_um[0], fit.center_um[1] + fit.shift_um[1]))
    shift = fell[0] - center[0], fell[1] - center[1]
    return fit._replace(center_um=center, shift_um=shift, rotation_deg=turn * fit.rotation_deg)
