"""Where a mark lies in a scan, and how good the scan is there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ribin.model import BoolArray, MarkType, Scan


class Origin(StrEnum):
    """Who drew the outline of a mark."""

    OUTLINED = "outlined"  # a person: in the file, in a mask beside it, or by circles
    CUT_OUT = "cut out"  # whoever made the file: all else is unmeasured
    FOUND = "found"  # this program, in a whole head


@dataclass(frozen=True, eq=False)
class Region:
    """One mark in the frame of its scan.

    Attributes
    ----------
    inside : (H, W) bool array
        True on the measured pixels of the mark.
    center_um : (float, float)
        Row and column of the centre of the circle on which the outer edge lies, in um from
        pixel (0, 0).
    radius_um : float
        Radius of that circle.
    """

    mark_type: MarkType
    inside: BoolArray
    center_um: tuple[float, float]
    radius_um: float
    origin: Origin

    def center_px(self, scan: Scan) -> tuple[float, float]:
        """Row and column of the centre on the scan's grid."""
        return self.center_um[0] / scan.row_pitch_um, self.center_um[1] / scan.col_pitch_um


class Verdict(StrEnum):
    """Whether a mark can be compared."""

    USABLE = "usable"
    POOR = "poor"
    UNUSABLE = "unusable"


@dataclass(frozen=True)
class Quality:
    """The verdict on one mark, the figures it rests on, and the reasons against it.

    A figure that does not apply to the kind of scan is NaN.
    """

    mark_type: MarkType
    verdict: Verdict
    reasons: tuple[str, ...]
    valid_share: float  # of the outlined pixels, measured
    area_mm2: float  # measured
    coverage: float  # share of the directions from the centre in which the mark was measured
    relief_um: float  # RMS of the band that is compared (images: grey contrast)
    noise_um: float  # RMS of what changes from pixel to pixel only
    signal_to_noise: float  # relief over noise
    saturation: float  # share of pixels at an end of the range
    blur_um: float  # correlation length of the band's finest part
