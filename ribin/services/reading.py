"""How a person wants scans to be read: pitch, outlines, cast; and who says so."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ribin.comparison import Comparison
from ribin.errors import ParameterError, RibinError, ScanError
from ribin.extract.find import find_regions
from ribin.extract.outlines import (
    add_notes,
    keep_all,
    mirrored,
    note_of,
    outline_by_circles,
    parse_circle,
    set_outlines,
    state_lighting,
    unfold_replica,
)
from ribin.extract.strokes import DrawnOutline, outline_by_strokes
from ribin.model import (
    BoolArray,
    Lamp,
    MarkType,
    Scan,
    ScanKind,
    known_lighting,
    parse_lighting,
    stated_lighting,
)
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.read.scan import read_mask, read_scan
from ribin.synth.render import Camera, Light, render_scan
from ribin.vault.scanfile import ScanContents


@dataclass(frozen=True)
class MaskFile:
    """An image that outlines a mark, white inside."""

    mark_type: MarkType
    path: Path


def parse_mask(text: str) -> MaskFile:
    """A mask as it is written on the command line: FILE of the breech face, or MARK:FILE."""
    name, colon, file = text.partition(":")
    if colon and name in list(MarkType):
        return MaskFile(MarkType(name), Path(file))
    return MaskFile(MarkType.BREECH_FACE, Path(text))


@dataclass(frozen=True)
class ReadOptions:
    """The options of one command about the scans it reads."""

    pixel_pitch_um: float | None = None
    masks: tuple[MaskFile, ...] = ()
    circles: tuple[str, ...] = ()
    replica: bool = False
    who: str = ""
    why: str = ""
    lighting: str = ""
    keep_all: bool = False  # nothing is left out of a mark as dust, drag or flowback
    drawn: tuple[DrawnOutline, ...] = ()  # by hand, over a picture of the scan

    @property
    def outlines_anew(self) -> bool:
        """Whether more is said than what a scan does not state itself, so that marks change."""
        said = self.masks or self.circles or self.drawn or self.replica or self.keep_all
        return bool(said)

    @property
    def states_more(self) -> bool:
        """Whether anything is said that the vault may have otherwise of an enrolled scan."""
        return self.outlines_anew or bool(self.lighting) or self.pixel_pitch_um is not None

    def scan(self, path: Path, params: Params) -> Scan:
        """Read a file; outlines replace what the file says, and the provenance notes by whom.

        A lighting is that of images; a topography read by the same command has none.

        Raises RibinError: as `read_scan`; or a circle or a mask cannot be used.
        """
        faces = [mask.path for mask in self.masks if mask.mark_type is MarkType.BREECH_FACE]
        face = faces[-1] if faces else None
        scan = read_scan(
            path, pixel_pitch_um=self.pixel_pitch_um, mask_path=face, params=params.read
        )
        scan = self._with_outlines(scan, params)
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
        scan = self._with_outlines(scan, params)
        known = known_lighting(scan.provenance.lighting) is not None
        if self.lighting and scan.kind is ScanKind.IMAGE and not known:
            scan = state_lighting(scan, self.lighting, self.who, self.why)
        return unfold_replica(scan, self.who, self.why) if self.replica else scan

    def _with_outlines(self, scan: Scan, params: Params) -> Scan:
        for mask in self.masks:
            inside = read_mask(mask.path, scan.shape, scan.provenance.source, params.read)
            words = [f"{mask.mark_type.words} outlined by mask {mask.path.name}"]
            scan = set_outlines(scan, {mask.mark_type: inside})
            scan = add_notes(scan, words, self.who, self.why)
        circles = [parse_circle(text) for text in self.circles]
        if circles:
            scan = outline_by_circles(scan, circles, self.who, self.why)
        if self.keep_all and not scan.provenance.keep_all:
            scan = keep_all(scan, self.who, self.why)
        return self._with_drawn(scan, params)

    def _with_drawn(self, scan: Scan, params: Params) -> Scan:
        """With what was drawn by hand; it may begin with what the program finds without it."""
        if not self.drawn:
            return scan
        found: dict[MarkType, BoolArray] = {}
        if any(outline.from_found for outline in self.drawn):
            found = {one.mark_type: one.inside for one in find_regions(scan, params)}
        inside = {
            one.mark_type: outline_by_strokes(scan, one, found.get(one.mark_type))
            for one in self.drawn
        }
        words = [outline.words for outline in self.drawn]
        return add_notes(set_outlines(scan, inside), words, self.who, self.why)


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


def reading_anew(
    kept: ScanContents, reading: ReadOptions, params: Params, replica: bool | None, found: bool
) -> Scan:
    """An enrolled scan read otherwise than it was: what `reading` says stands for what was said.

    Mask and circles are drawn in the scan as `ribin extract` shows it. `replica`: whether it is a
    cast after all; None where that stays. `found`: outlines of persons are forgotten first.

    Raises ParameterError: it is stated to be what it is already; ScanError: a topography has a
    lighting or a pitch of its own; RibinError: as `ReadOptions.enrolled_scan`.
    """
    source, was_cast = kept.provenance.source, kept.provenance.replica
    if replica is False and not was_cast:
        raise ParameterError(f"{source}: a scan of a cast needed, found one of the case")
    if found:
        as_found = replace(kept.provenance, keep_all=False)
        kept = replace(kept, outlines={}, provenance=as_found)
        kept = _noted(kept, "outlines of persons forgotten", reading)
    if replica is False:
        flipped = {mark: np.ascontiguousarray(one[:, ::-1]) for mark, one in kept.outlines.items()}
        kept = replace(kept, outlines=flipped, provenance=replace(kept.provenance, replica=False))
        kept = _noted(_with_light(kept, mirrored(kept.provenance.lighting)), "not a cast", reading)
    if reading.pixel_pitch_um is not None:
        if kept.kind is not ScanKind.IMAGE:
            raise ScanError(f"{source}: an image needed to state a pitch, found a topography")
        pitch_um = reading.pixel_pitch_um
        kept = replace(kept, row_pitch_um=pitch_um, col_pitch_um=pitch_um)
        kept = _noted(kept, f"pixel pitch stated as {pitch_um:g} um", reading)
    if reading.lighting:
        if kept.kind is not ScanKind.IMAGE:
            raise ScanError(f"{source}: an image needed to have a lighting")
        stated = stated_lighting(reading.lighting)
        light = mirrored(stated) if kept.provenance.replica else stated
        kept = _noted(_with_light(kept, light), f"lighting stated as {stated}", reading)
    outlines = replace(reading, lighting="", replica=bool(replica))
    return outlines.enrolled_scan(kept, params)


def reading_differences(
    path: Path, reading: ReadOptions, kept: ScanContents, params: Params
) -> list[str]:
    """What a file read as is asked for has otherwise than an enrolled scan of it, in words."""
    scan, found = reading.scan(path, params), []
    if scan.kind is ScanKind.IMAGE and scan.row_pitch_um != kept.row_pitch_um:
        found.append(f"pixel pitch {kept.row_pitch_um:g} um, found {scan.row_pitch_um:g} um")
    if scan.provenance.replica != kept.provenance.replica:
        words = ("of a case", "of a cast")
        was, asked = words[kept.provenance.replica], words[scan.provenance.replica]
        found.append(f"a scan {was}, found one {asked}")
    elif reading.lighting and scan.provenance.lighting != kept.provenance.lighting:
        was, asked = kept.provenance.lighting or "unknown", scan.provenance.lighting
        found.append(f"lighting {was}, found {asked}")
    if scan.provenance.keep_all != kept.provenance.keep_all:
        words = ("without dust, drag and flowback", "with them")
        was, asked = words[kept.provenance.keep_all], words[scan.provenance.keep_all]
        found.append(f"marks {was}, found {asked}")
    drawn = {**scan.outlines}
    if scan.mark_valid is not None:
        drawn[MarkType.BREECH_FACE] = scan.mark_valid
    stated = reading.masks or reading.circles or reading.drawn
    for mark_type, inside in drawn.items() if stated else ():
        before = kept.outlines.get(mark_type)
        if before is None or not np.array_equal(inside, before):
            was = "no outline" if before is None else "another outline"
            found.append(f"{was} of the {mark_type.words}")
    return found


def _with_light(kept: ScanContents, lighting: str) -> ScanContents:
    return replace(kept, provenance=replace(kept.provenance, lighting=lighting))


def _noted(kept: ScanContents, words: str, reading: ReadOptions) -> ScanContents:
    note = note_of(words, reading.who, reading.why)
    provenance = kept.provenance
    return replace(kept, provenance=replace(provenance, notes=(*provenance.notes, note)))


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


def as_image_pairs(one: Scan, two: Scan, params: Params) -> tuple[tuple[Scan, Scan], ...]:
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
