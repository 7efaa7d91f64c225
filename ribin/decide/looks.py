"""A comparison of altered marks, told of the marks as they were read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ribin.comparison import UNALTERED, Alteration, CellFit, Comparison, ScorePart
from ribin.params.defaults import LooksParams

MIRRORED, RESCALED = "mirrored", "at another scale"
_Point = tuple[float, float]


@dataclass(frozen=True)
class SecondLook:
    """What was done to one of two sides before they were compared, whichever comes first.

    It is enlarged, never made smaller, or mirrored, and the other is as it was read: so it does not
    matter which is which, and what was made of the other serves again.
    """

    reference: Alteration = UNALTERED
    comparison: Alteration = UNALTERED

    @property
    def mirrored(self) -> bool:
        return self.reference.mirrored or self.comparison.mirrored

    @property
    def inverted(self) -> bool:
        return self.reference.inverted or self.comparison.inverted

    @property
    def scale(self) -> float:
        """Of the reference against the comparison."""
        return self.reference.scale / self.comparison.scale

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


def _as_read(point: _Point, how: Alteration) -> _Point:
    """A point of an altered side, on the side as it was read."""
    return point[0] / how.scale, (-1.0 if how.mirrored else 1.0) * point[1] / how.scale


def as_read(result: Comparison, look: SecondLook, params: LooksParams) -> Comparison:
    """The comparison with motion and cells of the marks as read, its points less, and a note.

    Mirrored, a turn a after an exchange of left and right is a turn -a before one.
    """
    turn = -1.0 if look.comparison.mirrored else 1.0
    name, value = (MIRRORED, 1.0) if look.mirrored else (RESCALED, look.scale)
    taken = ScorePart(name, value, -min(params.points, result.score))
    parts = (*result.score_parts, taken)
    score = sum(part.contribution for part in parts)
    # Also of a low score where a note says what it is made of: so that its points add up.
    said = score >= params.note_score or result.note
    words = f"{look.words} ({-taken.contribution:g} points less)" if said else ""
    return replace(
        result,
        rotation_deg=turn * result.rotation_deg,
        shift_um=_as_read(result.shift_um, look.comparison),
        cell_fits=tuple(_fit_as_read(fit, look, turn) for fit in result.cell_fits),
        score=score,
        score_parts=parts,
        scale=look.scale,
        mirrored=look.mirrored,
        inverted=look.inverted,
        note="; ".join(filter(None, (words, result.note))),
    )


def _fit_as_read(fit: CellFit, look: SecondLook, turn: float) -> CellFit:
    own, other = look.reference, look.comparison
    if fit.direction == "backward":
        own, other = other, own
        turn = -turn if look.mirrored else turn  # the way back of a mirrored turn is itself
    center = _as_read(fit.center_um, own)
    fell = fit.center_um[0] + fit.shift_um[0], fit.center_um[1] + fit.shift_um[1]
    fell = _as_read(fell, other)
    shift = fell[0] - center[0], fell[1] - center[1]
    return fit._replace(center_um=center, shift_um=shift, rotation_deg=turn * fit.rotation_deg)
