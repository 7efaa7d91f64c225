"""How a person wants scans to be read: pitch, outlines, cast; and who says so."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ribin.comparison import Comparison
from ribin.errors import ParameterError, RibinError, ScanError
from ribin.extract.find import find_regions
from ribin.extract.outlines import (
    add_notes,
    outline_by_circles,
    parse_circle,
    set_outlines,
    state_lighting,
    unfold_replica,
)
from ribin.model import Lamp, MarkType, Scan, ScanKind, known_lighting, parse_lighting
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.read.scan import read_mask, read_scan
from ribin.synth.render import Camera, Light, render_scan
from ribin.vault.scanfile import ScanContents


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

    @property
    def outlines_anew(self) -> bool:
        """Whether more is said than what a scan does not state itself, so that marks change."""
        return bool(self.mask or self.circles or self.replica)

    def scan(self, path: Path, params: Params) -> Scan:
        """Read a file; outlines replace what the file says, and the provenance notes by whom.

        A lighting is that of images; a topography read by the same command has none.

        Raises RibinError: as `read_scan`; or a circle or a mask cannot be used.
        """
        scan = read_scan(
            path, pixel_pitch_um=self.pixel_pitch_um, mask_path=self.mask, params=params.read
        )
        if self.mask:
            words = [f"breech face outlined by mask {self.mask.name}"]
            scan = add_notes(scan, words, self.who, self.why)
        scan = self._with_circles(scan)
        if self.lighting and scan.kind is ScanKind.IMAGE:
            scan = state_lighting(scan, self.lighting, self.who, self.why)
        return unfold_replica(scan, self.who, self.why) if self.replica else scan

    def enrolled_scan(self, kept: ScanContents, params: Params) -> Scan:
        """Read an enrolled scan as at its enrolment, and then with what these options say.

        Mask and circles are drawn in the scan as `ribin extract` shows it: of a cast, as it was
        unfolded. A pitch or a lighting stands for one that the enrolment did not know.

        Raises ParameterError: a scan that was enrolled as one of a cast is called a cast again;
        RibinError: as `read_again`; or a circle or a mask cannot be used.
        """
        source = kept.provenance.source
        if self.replica and kept.provenance.replica:
            raise ParameterError(f"{source}: enrolled as a cast already, found --replica")
        scan = read_again(kept, params)
        if self.mask:
            inside = read_mask(self.mask, scan.shape, source, params.read)
            words = [f"breech face outlined by mask {self.mask.name}"]
            scan = set_outlines(scan, {MarkType.BREECH_FACE: inside})
            scan = add_notes(scan, words, self.who, self.why)
        scan = self._with_circles(scan)
        known = known_lighting(scan.provenance.lighting) is not None
        if self.lighting and scan.kind is ScanKind.IMAGE and not known:
            scan = state_lighting(scan, self.lighting, self.who, self.why)
        return unfold_replica(scan, self.who, self.why) if self.replica else scan

    def _with_circles(self, scan: Scan) -> Scan:
        circles = [parse_circle(text) for text in self.circles]
        return outline_by_circles(scan, circles, self.who, self.why) if circles else scan


AS_STATED = ReadOptions()  # as the file states it, or the vault


def read_original(content: bytes, source: str, pitch_um: float | None, params: Params) -> Scan:
    """Read a file as it was received; the ending of its name says how. Errors as `read_scan`."""
    with tempfile.TemporaryDirectory(prefix="ribin-") as folder:
        path = Path(folder) / f"scan{Path(source).suffix}"
        path.write_bytes(content)
        return read_scan(path, pixel_pitch_um=pitch_um, params=params.read)


def read_again(kept: ScanContents, params: Params) -> Scan:
    """The scan as it was read at enrolment: its pitch, light and outlines, and whether a cast.

    Raises ScanError: today's reader refuses the original, or reads it in another shape than the
    outlines have.
    """
    source = kept.provenance.source
    pitch = kept.row_pitch_um if kept.kind is ScanKind.IMAGE else None
    try:
        scan = read_original(kept.original, source, pitch, params)
    except RibinError as error:
        raise ScanError(f"{source}: cannot be read again: {error}") from error
    if kept.provenance.lighting and scan.kind is ScanKind.IMAGE and not kept.provenance.replica:
        scan = state_lighting(scan, kept.provenance.lighting)
    if kept.provenance.replica:
        scan = unfold_replica(scan)
    provenance = replace(kept.provenance, reader=scan.provenance.reader)
    return replace(
        set_outlines(scan, kept.outlines),
        row_pitch_um=kept.row_pitch_um,
        col_pitch_um=kept.col_pitch_um,
        provenance=provenance,
    )


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
    """A topography as an image of its breech face, in each way in which the light may show it: two
    for a ring light, one for a light at a side. `lighting`: "ring", or "side 90".

    Raises ParameterError: no lighting is called so, or a side light does not say where it stood;
    ScanError: the scan is an image, or holds no breech face.
    """
    lights = _lights(lighting)
    regions = find_regions(scan, params)
    face = next(r.inside for r in regions if r.mark_type is MarkType.BREECH_FACE)
    # Exposed for the face: the walls of a head would take the whole range of grey levels.
    seen = replace(scan, valid=face, mark_valid=face, outlines={})
    return tuple(render_scan(seen, light, Camera(noise_grey=0.0)) for light in lights)


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

    Raises ParameterError: nobody said how the image was lit; ScanError: the topography holds no
    mark.
    """
    image = one if one.kind is ScanKind.IMAGE else two
    if known_lighting(image.provenance.lighting) is None:
        raise ParameterError(
            f"{image.provenance.source}: its lighting needed to render the other scan under it, "
            f"found {image.provenance.lighting or 'none'}: --lighting ring or side:DEG"
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
