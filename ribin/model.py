"""What the stages know of one surface: its scan, marks, template, light, quality and trace.

Arrays are (row, col), points are (row, col), row 0 is at the top as displayed. Masks are True
where measured. Angles are counter-clockwise as displayed, in degrees. What is known of two marks
laid on each other is in `comparison.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ribin.errors import ParameterError

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

UM_PER_M = 1e6
UM_PER_MM = 1e3
UM_PER_INCH = 25_400.0

_NEAR_DEG = 15.0  # two side lights nearer than this show the same flanks


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


def mark_with_article(mark_type: str | None) -> str:
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
    lighting: str = ""  # of an image, where known: ring, side, or side and degrees
    replica: bool = False  # declared a cast: mirrored and inverted after reading
    keep_all: bool = False  # a person said: nothing of the mark is left out as dirt or drag


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


class LeftOut(IntEnum):
    """Why a pixel of a mark is left out before it is filtered."""

    DUST = 1  # and fibres, spikes of the instrument, other dirt
    DRAG = 2  # of the firing pin, beside the aperture
    FLOWBACK = 3  # of the primer into the aperture

    @property
    def words(self) -> str:
        """As a person says it."""
        return self.name.lower()


LeftOutShares = dict[str, float]  # of a mark, by the words of each `LeftOut`

_LEAST_SHARE = 0.005  # of a mark: what is left out less is not worth a word


def left_out_words(shares: LeftOutShares) -> str:
    """What is left out of a mark, such as: dust 0.08, flowback 0.12. Empty where next to nothing
    is."""
    said = [f"{name} {share:.2f}" for name, share in shares.items() if share >= _LEAST_SHARE]
    return ", ".join(said)


@dataclass(frozen=True, eq=False)
class Mark:
    """One region of a scan, levelled, band-passed and at the working pitch of its type.

    Attributes
    ----------
    surface : (H, W) float32 array
        Filtered heights in um (or grey contrast); 0 where not `valid`.
    valid : (H, W) bool array
        True where the mark was measured and is not left out, or is so narrowly left out that
        its surroundings tell the heights.
    pitch_um : float
        Distance of neighbouring pixels, the same for rows and columns.
    origin_um : (float, float)
        Row and column of pixel (0, 0) in the scan's frame. The middle of the frame is the
        centre of the circle on which the mark's outer edge lies.
    left_out : (H, W) uint8 array or None
        A `LeftOut` where the mark was measured and is left out; 0 elsewhere. None: nothing is.
    """

    mark_type: MarkType
    kind: ScanKind
    surface: FloatArray
    valid: BoolArray
    pitch_um: float
    origin_um: tuple[float, float]
    provenance: Provenance
    left_out: NDArray[np.uint8] | None = None

    def leaves_out(self, kind: LeftOut) -> bool:
        """Whether anything is left out as this kind."""
        return self.left_out is not None and bool((self.left_out == kind).any())

    @property
    def measured_mm2(self) -> float:
        """Measured surface, also where it is left out, counted in pixels of the working pitch."""
        measured = self.valid if self.left_out is None else self.valid | (self.left_out > 0)
        return np.count_nonzero(measured) * (self.pitch_um / 1000.0) ** 2

    @property
    def left_out_shares(self) -> LeftOutShares:
        """Of what was measured within its outline, the share that is left out as each kind."""
        if self.left_out is None:
            return {kind.words: 0.0 for kind in LeftOut}
        total = max(1, np.count_nonzero(self.valid | (self.left_out > 0)))
        number = np.bincount(self.left_out.ravel(), minlength=len(LeftOut) + 1)
        return {kind.words: float(number[kind] / total) for kind in LeftOut}


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


# Which lamp an image was taken under, as files, tables and commands write it.
#
# `ring`, `side`, or `side 90`: a lamp at the side, and where it stood, in degrees counter-clockwise
# from the right as displayed. `unknown` where a person said that nobody knows, empty where nobody
# said anything.

UNKNOWN_LIGHT = "unknown"


class Lamp(StrEnum):
    """The two lights that laboratories photograph cartridge cases under."""

    RING = "ring"  # from all sides at one height
    SIDE = "side"  # from one side


@dataclass(frozen=True)
class Lighting:
    """A lamp; of one at the side, where it stood, or None where that is not known."""

    lamp: Lamp
    azimuth_deg: float | None = None

    def __str__(self) -> str:
        return str(self.lamp) if self.azimuth_deg is None else f"side {self.azimuth_deg:g}"


def parse_lighting(text: str) -> Lighting:
    """`ring`, `side`, or `side` and degrees after a blank or a colon.

    Raises
    ------
    ParameterError
    """
    name, _, degrees = text.strip().lower().replace(":", " ").partition(" ")
    try:
        lamp = Lamp(name)
        azimuth_deg = float(degrees) % 360.0 if degrees.strip() else None
    except ValueError as error:
        raise ParameterError(f"lighting: ring, side or side:DEG needed, found {text!r}") from error
    if azimuth_deg is not None and (lamp is Lamp.RING or not math.isfinite(azimuth_deg)):
        raise ParameterError(f"lighting: ring, side or side:DEG needed, found {text!r}")
    return Lighting(lamp, azimuth_deg)


def stated_lighting(text: str) -> str:
    """A light as it is kept, also `unknown`; ParameterError as `parse_lighting`."""
    if text.strip().lower() == UNKNOWN_LIGHT:
        return UNKNOWN_LIGHT
    return str(parse_lighting(text))


@lru_cache(maxsize=64)
def known_lighting(text: str) -> Lighting | None:
    """As `parse_lighting`; None for `unknown`, an empty text and one that says something else."""
    try:
        return parse_lighting(text)
    except ParameterError:
        return None


def light_words(scan: Scan) -> str:
    """The light of an image as a person says it; empty for a topography."""
    if scan.kind is not ScanKind.IMAGE:
        return ""
    return scan.provenance.lighting or "not stated"


def light_hindrance(reference: str, comparison: str) -> str:
    """Why two images cannot be compared for their light; empty where they can, or might."""
    one, two = known_lighting(reference), known_lighting(comparison)
    if one is None or two is None or one.lamp is two.lamp:
        return ""
    return f"{one.lamp} light against {two.lamp} light"


def light_note(reference: str, comparison: str) -> str:
    """What an examiner should know of a light that is unknown, and of two side lights that stood
    in different places."""
    if UNKNOWN_LIGHT in (reference, comparison):
        return "the light of a photograph is unknown: under unlike light a true pair scores low"
    places = [
        light.azimuth_deg
        for light in (known_lighting(reference), known_lighting(comparison))
        if light is not None and light.azimuth_deg is not None
    ]
    if len(places) < 2:
        return ""
    apart = abs((places[0] - places[1] + 180.0) % 360.0 - 180.0)
    if apart <= _NEAR_DEG:
        return ""
    return (
        f"lit from {places[0]:g} and from {places[1]:g} degrees: "
        "other flanks of the mark shine, true pairs score lower"
    )


# Where a mark lies in a scan, and how good the scan is there.


class Origin(StrEnum):
    """Who drew the outline of a mark."""

    OUTLINED = "outlined"  # a person: in the file, in a mask beside it, or by circles
    CUT_OUT = "cut out"  # whoever made the file: all else is unmeasured
    FOUND = "found"  # this program, in a whole head


@dataclass(frozen=True, eq=False)
class Region:
    """One mark in the frame of its scan, and the circle on which its outer edge lies."""

    mark_type: MarkType
    inside: BoolArray  # (H, W) True on the measured pixels of the mark
    center_um: tuple[float, float]  # row and column of the circle's centre from pixel (0, 0)
    radius_um: float
    origin: Origin
    kept_share: float = 1.0  # of the mark as it is seen without the outline; 1 where it is not
    left_out: NDArray[np.uint8] | None = None  # (H, W) of `LeftOut`, 0 where the pixel is kept

    @property
    def kept(self) -> BoolArray:
        """(H, W), True on the measured pixels of the mark that are not left out."""
        return self.inside if self.left_out is None else self.inside & (self.left_out == 0)

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
    area_mm2: float  # measured, as `Mark.measured_mm2`
    coverage: float  # share of the directions from the centre in which the mark was measured
    relief_um: float  # RMS of the band that is compared (images: grey contrast)
    noise_um: float  # RMS of what changes from pixel to pixel only
    signal_to_noise: float  # relief over noise
    saturation: float  # share of pixels at an end of the range
    blur_um: float  # correlation length of the band's finest part
    left_out: LeftOutShares  # of the measured pixels, left out before filters

    @property
    def words(self) -> str:
        """The verdict, and where it is against the mark, why."""
        return ": ".join(filter(None, (str(self.verdict), "; ".join(self.reasons))))


# Named intermediate results, kept only when somebody asks for them.


class Trace:
    """What each stage made, in order, under the stage's name.

    Stages call `trace.keep("levelled", surface_um=..., valid=...)`. The default trace of every
    function is `NO_TRACE`, which keeps nothing and costs nothing.
    """

    def __init__(self) -> None:
        self._stages: list[tuple[str, dict[str, Any]]] = []

    def keep(self, stage: str, **results: Any) -> None:
        """Keep a copy of each result (arrays, numbers or text) under `stage`."""
        copied = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in results.items()}
        self._stages.append((stage, copied))

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        return iter(self._stages)

    def __len__(self) -> int:
        return len(self._stages)


class _NoTrace(Trace):
    def keep(self, stage: str, **results: Any) -> None:
        pass


NO_TRACE = _NoTrace()
