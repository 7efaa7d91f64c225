"""What the stages know of one surface: Scan, Mark, Template; `comparison.py` is about two.

Arrays are (row, col), points are (row, col), row 0 is at the top as displayed. Masks are True
where measured. Angles are counter-clockwise as displayed, in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ribin.shown import Shown

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]


class ScanKind(StrEnum):
    """What the values of a scan are."""

    TOPOGRAPHY = "topography"  # heights in um
    IMAGE = "image"  # grey values, 0 to 1


class MarkType(StrEnum):
    """The regions of a cartridge case that a firearm marks."""

    BREECH_FACE = "breech_face"
    FIRING_PIN = "firing_pin"
    EJECTOR = "ejector"

    @property
    def words(self) -> str:
        """As a person says it: breech face."""
        return self.value.replace("_", " ")


def one_mark(mark_type: str | None) -> str:
    """A type of mark with its article, as a person says it: a breech face, an ejector, a mark."""
    name = (mark_type or "mark").replace("_", " ")
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


@dataclass(frozen=True)
class Provenance:
    """Where a scan came from, and what was done to read it."""

    source: str  # file name without its folder
    sha256: str  # of the original bytes
    size_bytes: int
    reader: str  # program and version that decoded the file
    instrument: str = ""
    creator: str = ""
    measured_on: str = ""  # ISO 8601, as the file states it
    repairs: tuple[str, ...] = ()  # known deviations mended in memory, one sentence each
    notes: tuple[str, ...] = ()  # facts a reader should know (mask found, axis flipped, ...)
    lighting: str = ""  # of an image, where known: ring, side, or side and degrees (lighting.py)
    replica: bool = False  # declared a cast: mirrored and inverted after reading


@dataclass(frozen=True, eq=False)
class Scan:
    """One acquisition as read: nothing levelled, nothing filtered.

    Attributes
    ----------
    values : (H, W) float32 array
        Heights in um (topography) or grey values from 0 to 1 (image); 0 where not `valid`.
    valid : (H, W) bool array
        True where the pixel was measured.
    row_pitch_um, col_pitch_um : float
        Distance of neighbouring rows and of neighbouring columns.
    mark_valid : (H, W) bool array or None
        True inside the breech face as a person outlined it; None where nobody did.
    outlines : dict of MarkType to (H, W) bool array
        Other marks that a person outlined.
    """

    values: FloatArray
    valid: BoolArray
    row_pitch_um: float
    col_pitch_um: float
    kind: ScanKind
    provenance: Provenance
    mark_valid: BoolArray | None = None
    outlines: dict[MarkType, BoolArray] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return self.values.shape

    @property
    def pixel_pitch_um(self) -> float:
        """The pitch of square pixels; of others, the finer one."""
        return min(self.row_pitch_um, self.col_pitch_um)


@dataclass(frozen=True, eq=False)
class Mark(Shown):
    """One region of a scan, levelled, band-passed and at the working pitch of its type.

    Attributes
    ----------
    surface : (H, W) float32 array
        Filtered heights in um (or grey contrast); 0 where not `valid`.
    valid : (H, W) bool array
        True where the mark was measured.
    pitch_um : float
        Distance of neighbouring pixels, the same for rows and columns.
    origin_um : (float, float)
        Row and column of pixel (0, 0) in the scan's frame. The middle of the frame is the
        centre of the circle on which the mark's outer edge lies.
    """

    mark_type: MarkType
    kind: ScanKind
    surface: FloatArray
    valid: BoolArray
    pitch_um: float
    origin_um: tuple[float, float]
    provenance: Provenance


@dataclass(frozen=True, eq=False)
class Template:
    """All that a comparison needs of one side, computed once; see `ribin.describe`.

    `arrays` holds what is stored, by name; `params_id` says which parameters made it: their
    `Params.template_id`. Templates of different `params_id`, mark type or kind are never compared.
    """

    mark_type: MarkType
    kind: ScanKind
    pitch_um: float
    params_id: str
    provenance: Provenance
    arrays: dict[str, NDArray] = field(repr=False)
