"""How a person wants scans to be read: pitch, outlines, cast; and who says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ribin.comparison import Comparison
from ribin.errors import ParameterError, ScanError
from ribin.extract.find import find_regions
from ribin.extract.outlines import (
    add_notes,
    outline_by_circles,
    parse_circle,
    state_lighting,
    unfold_replica,
)
from ribin.model import (
    NO_TRACE,
    Lamp,
    Mark,
    MarkType,
    Origin,
    Scan,
    ScanKind,
    Template,
    Trace,
    Verdict,
    mark_with_article,
    parse_lighting,
)
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.pipeline import (
    describe_mark,
    extract_marks,
    find_marks,
    judge_mark,
)
from ribin.read import read_scan
from ribin.synth.render import Camera, Light, render_scan


@dataclass(frozen=True)
class ReadOptions:
    """The options of one command about the scans it reads."""

    pixel_pitch_um: float | None = None
    mask: Path | None = None
    circles: tuple[str, ...] = ()
    replica: bool = False
    who: str = ""
    why: str = ""
    lighting: str = ""

    def scan(self, path: Path, params: Params) -> Scan:
        """Read a file; outlines replace what the file says, and the provenance notes by whom.

        A lighting is that of images; a topography read by the same command has none.

        Raises
        ------
        RibinError
            As `read_scan`; or a circle or a mask cannot be used.
        """
        circles = [parse_circle(text) for text in self.circles]
        scan = read_scan(
            path, pixel_pitch_um=self.pixel_pitch_um, mask_path=self.mask, params=params.read
        )
        if self.mask:
            words = [f"breech face outlined by mask {self.mask.name}"]
            scan = add_notes(scan, words, self.who, self.why)
        if circles:
            scan = outline_by_circles(scan, circles, self.who, self.why)
        if self.lighting and scan.kind is ScanKind.IMAGE:
            scan = state_lighting(scan, self.lighting, self.who, self.why)
        return unfold_replica(scan, self.who, self.why) if self.replica else scan


# EXPERIMENTAL: an image against a topography.
#
# The topography is rendered under the light of the image and compared as an image. What it reaches
# is measured by `benchmarks/images.py` on rendered images whose lamp and metal the rendering does
# not know; on real images of real cases it has not been measured.

# Under a ring light the slopes of a mark are dark where the metal is matt or the lamps stand high,
# and bright where it shines and they stand low. An image does not say which: both are tried.
_DARK_SLOPES = Light(Lamp.RING)
_BRIGHT_SLOPES = Light(Lamp.RING, elevation_deg=30.0, specular=1.0, shininess=30.0)


def as_images(scan: Scan, lighting: str, params: Params = DEFAULT_PARAMS) -> tuple[Scan, ...]:
    """A topography as an image of its breech face, in each way in which the light may show it.

    Parameters
    ----------
    lighting : str
        As `ribin.model` writes it: "ring", or "side 90".

    Returns
    -------
    tuple of Scan
        Images of the breech face as it was found in the heights: two for a ring light, one for
        a light at a side.

    Raises
    ------
    ParameterError
        No lighting is called so, or a side light does not say where it stood.
    ScanError
        The scan is an image, or holds no breech face.
    """
    lights = _lights(lighting)
    face = next(r.inside for r in find_regions(scan, params) if r.mark_type is _FACE)
    # Exposed for the face: the walls of a head would take the whole range of grey levels.
    seen = replace(scan, valid=face, mark_valid=face, outlines={})
    return tuple(render_scan(seen, light, Camera(noise_grey=0.0)) for light in lights)


_FACE = MarkType.BREECH_FACE


def _lights(lighting: str) -> tuple[Light, ...]:
    light = parse_lighting(lighting)
    if light.lamp is Lamp.RING:
        return _DARK_SLOPES, _BRIGHT_SLOPES
    if light.azimuth_deg is None:
        raise ParameterError("lighting: side:DEG needed to render a topography, found side")
    return (Light(Lamp.SIDE, azimuth_deg=light.azimuth_deg),)


def as_image_pairs(
    one: Scan, two: Scan, params: Params = DEFAULT_PARAMS
) -> tuple[tuple[Scan, Scan], ...]:
    """The pairs of images to compare in place of an image and a topography, in their order.

    Raises
    ------
    ParameterError
        Nobody said how the image was lit.
    ScanError
        The topography holds no mark.
    """
    image = one if one.kind is ScanKind.IMAGE else two
    if not image.provenance.lighting:
        raise ParameterError(
            f"{image.provenance.source}: its lighting needed to render the other scan under it, "
            "found none: --lighting ring or side:DEG"
        )
    other = two if image is one else one
    rendered = as_images(other, image.provenance.lighting, params)
    return tuple((one, r) if image is one else (r, two) for r in rendered)


def best_of(results: Sequence[Comparison]) -> int:
    """Which comparison agrees best; one that could not be made is the last choice."""
    return max(range(len(results)), key=lambda k: results[k].score if results[k].compared else -1.0)


def experimental(result: Comparison, lighting: str) -> Comparison:
    """The comparison with a note on how it was made."""
    note = f"experimental: a topography rendered under {lighting} light, compared as an image"
    return replace(result, note="; ".join(part for part in (note, result.note) if part))


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison."""

    mark: Mark
    template: Template
    trace: Trace
    scan: Scan | None = None  # that the mark was cut from, where it was read for this work


def read_side(
    path: Path,
    reading: ReadOptions,
    params: Params,
    mark_type: MarkType | str | None = None,
    trace: Trace = NO_TRACE,
) -> Side:
    """Read, extract and describe the mark of one type, by default the first one found.

    Raises
    ------
    ScanError
        The scan has no such mark.
    """
    return side_of(reading.scan(path, params), params, mark_type, trace)


def side_of(
    scan: Scan,
    params: Params,
    mark_type: MarkType | str | None = None,
    trace: Trace = NO_TRACE,
) -> Side:
    """As `read_side`, of a scan that has been read."""
    marks = extract_marks(scan, params, trace)
    for mark in marks:
        if mark_type in (None, mark.mark_type):
            return Side(mark, describe_mark(mark, params, trace), trace, scan)
    found = ", ".join(mark.mark_type.words for mark in marks) or "none"
    needed = mark_with_article(mark_type)
    raise ScanError(
        f"{scan.provenance.source}: {needed} needed, found {found}",
        hint="`ribin extract FILE --overlay found.png` shows what was seen, --circle outlines it",
    )


def sides_of(scan: Scan, params: Params) -> tuple[list[Side], tuple[str, ...]]:
    """Every mark of a scan that can be compared, and a note of each that is left out.

    What was found beside others and is unusable, or cannot be described, is left out, as at
    enrolment; the first mark and what a person outlined are not.

    Raises
    ------
    ScanError
        There is no mark, or one that may not be left out has too little relief.
    """
    sides: list[Side] = []
    notes = []
    for one in find_marks(scan, params):
        may_go = bool(sides) and one.region.origin is Origin.FOUND
        quality = judge_mark(scan, one, params) if may_go else None
        if quality and quality.verdict is Verdict.UNUSABLE:
            reasons = "; ".join(quality.reasons)
            notes.append(f"{one.mark.mark_type.words} of the query not searched with: {reasons}")
            continue
        try:
            sides.append(Side(one.mark, describe_mark(one.mark, params), NO_TRACE, scan))
        except ScanError as error:
            if not may_go:
                raise
            notes.append(f"{one.mark.mark_type.words} of the query not searched with: {error}")
    return sides, tuple(notes)
