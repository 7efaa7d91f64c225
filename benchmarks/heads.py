"""Whole heads as an instrument sees them: primer, pocket, headstamp, firing pin, ejector.

A head is drawn by chance, or put together by hand from a `HeadSpec`, and scanned with tilt,
outliers, holes and a frame that may cut it. What each mark covers is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ribin.model import BoolArray, FloatArray, MarkType, Provenance, Scan, ScanKind
from ribin.synth.breech import FACE_PITCH_UM
from ribin.synth.cartridge import INSTRUMENT_NAME, Primer, Shot, press_primer, primer_texture
from ribin.synth.firearm import Aperture, Firearm
from ribin.synth.relief import Grid, random_stream, rotate_points, rough_field

_HEAD, _PIN, _EJECTOR = 4, 5, 6  # keep their random streams apart from those of firearms
_TOOL_SHAPE = (384, 384)  # 2.4 mm: larger than the tip of any firing pin or ejector
_EJECTOR_RELIEF_UM = 1.5  # RMS
_FLAT_UM = 4.0  # below the flat by more than this the breech face no longer pressed
_FOOT_UM = 20.0  # how far the collar's foot reaches beyond the aperture
_PIN_RELIEF_UM = 1.2  # RMS, about that of the bowl in K013sA1 (1.6 with its form's remains)


@dataclass(frozen=True, eq=False)
class SynthHead:
    """A scan of a whole head, with its truth."""

    scan: Scan
    truth: dict[MarkType, BoolArray]  # (H, W) True on the measured pixels of each mark there is
    center_um: tuple[float, float]  # row and column of the middle of the primer from pixel (0, 0)
    spec: HeadSpec  # what was drawn


def scan_head(
    firearm: Firearm, seed: int, spec: HeadSpec | None = None, stage: Stage | None = None
) -> SynthHead:
    """Fire once, and scan the whole head; nobody outlines anything.

    `seed` is the chance of this one shot and scan, which also draws what `spec` and `stage` do not
    give.
    """
    chance = (_HEAD, *firearm.entropy, seed)
    spec = spec or HeadSpec.draw(random_stream(chance, "head"))
    stage = stage or Stage.draw(random_stream(chance, "stage"), spec)
    rows, cols = stage.grid()
    shot = replace(Shot.draw(random_stream(chance, "shot")), seat_um=spec.pin_um)
    texture = primer_texture(Primer(), rows.shape, stage.pixel_pitch_um, random_stream(chance, "t"))
    surface = np.zeros_like(rows)
    cup = _window(spec, rows, cols)
    surface[cup] = _primer_top(firearm, shot, spec, texture[cup], rows[cup], cols[cup])
    edge = primer_edge(spec, rows, cols)
    surface += edge.height
    head = case_head(spec, rows, cols, random_stream(chance, "stamp"))
    head += texture * 2.0
    ejector, ejector_inside = ejector_bowl(spec, rows, cols, random_stream(chance, "ejector"))
    ejector += ejector_inside * _ejector_relief(firearm, spec, rows, cols)
    surface = np.where(edge.outside, head + ejector, surface)
    pin = pin_bowl(spec, rows, cols, random_stream(chance, "pin"))
    floor = pin.floor + _pin_relief(firearm, spec, rows, cols)
    surface = np.where(edge.outside, surface, np.minimum(surface + pin.collar, floor))
    scanned = scan_surface(surface, rows, cols, stage, random_stream(chance, "scan"))
    provenance = Provenance("", "0" * 64, scanned.values.nbytes, INSTRUMENT_NAME)
    pitch_um = stage.pixel_pitch_um
    truth = {
        MarkType.BREECH_FACE: scanned.valid & edge.flat & pin.clear,
        MarkType.FIRING_PIN: scanned.valid & pin.inside,
    }
    if ejector_inside.any():
        truth[MarkType.EJECTOR] = scanned.valid & ejector_inside
    return SynthHead(
        Scan(scanned.values, scanned.valid, pitch_um, pitch_um, ScanKind.TOPOGRAPHY, provenance),
        truth,
        (-float(rows[0, 0]), -float(cols[0, 0])),
        spec,
    )


def _pin_relief(firearm: Firearm, spec: HeadSpec, rows: Grid, cols: Grid) -> Grid:
    """What the tip of this firearm's pin has of its own, (H, W) um; it turns with the pin."""
    down, across = rotate_points(rows - spec.pin_um[0], cols - spec.pin_um[1], -spec.pin_turn_deg)
    return _PIN_RELIEF_UM * _tool_relief((_PIN, *firearm.entropy), down, across)


def _ejector_relief(firearm: Firearm, spec: HeadSpec, rows: Grid, cols: Grid) -> Grid:
    """What the ejector of this firearm has of its own, (H, W) um; it stands where it strikes."""
    down, across = rotate_points(rows, cols, spec.ejector_deg)
    down -= spec.ejector_at_um
    return _EJECTOR_RELIEF_UM * _tool_relief((_EJECTOR, *firearm.entropy), down, across)


def _tool_relief(entropy: tuple[int, ...], down: Grid, across: Grid) -> Grid:
    """The rough surface of a small tool, RMS 1, at points from its middle in um, (H, W)."""
    stream = random_stream(entropy, "tool")
    tip = rough_field(
        _TOOL_SHAPE, FACE_PITCH_UM, stream, shortest_um=20.0, longest_um=200.0, slope=2.0
    )
    places = np.stack([down, across]) / FACE_PITCH_UM
    return np.asarray(ndimage.map_coordinates(tip, places, order=1, mode="grid-wrap"))


def _window(spec: HeadSpec, rows: Grid, cols: Grid) -> tuple[slice, slice]:
    """The part of the frame that shows the primer: only there a breech face presses."""
    down = np.flatnonzero(np.abs(rows[:, 0]) <= spec.primer_um)
    across = np.flatnonzero(np.abs(cols[0]) <= spec.primer_um)
    return slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1)


def _primer_top(
    firearm: Firearm, shot: Shot, spec: HeadSpec, texture: Grid, rows: Grid, cols: Grid
) -> Grid:
    """The flat of the primer with the breech face in it, a little domed, (H, W) um."""
    dome = spec.dome_um * (rows**2 + cols**2) / spec.flat_um**2
    return press_primer(firearm, Primer(), shot, texture, rows, cols) + dome


# The forms of a fired head in um: primer edge, pocket, letters, firing pin, ejector mark.
#
# Sizes follow what drawings of cartridges and published pictures of fired heads show: primers of
# 4.4 and 5.3 mm, pockets some tens to hundreds of um wide, headstamps 50 to 150 um deep, firing pin
# impressions 0.8 to 1.6 mm across and 150 to 450 um deep.


@dataclass(frozen=True)
class HeadSpec:
    """One fired head; lengths in um, the middle of the primer at 0, 0."""

    primer_um: float  # radius of the primer cup
    flat_um: float  # radius within which its top is flat
    edge_drop_um: float  # how far the rounded edge falls into the pocket
    pocket_um: float  # width of the groove's floor
    chamfer_um: float  # width of the slope from the groove up to the case head
    head_um: float  # height of the case head above the primer's flat
    letter_um: float  # depth of the headstamp
    dome_um: float  # height of the primer's rim above its middle
    aperture: Aperture  # hole of the breech face
    pin: Aperture  # outline of the firing pin's impression
    pin_um: tuple[float, float]  # middle of aperture and firing pin
    pin_turn_deg: float
    pin_depth_um: float
    round_tip: bool  # a bowl; else a flat floor with sloping walls
    collar_um: float  # height of the metal that flowed into the aperture
    drag_um: float  # how far the pin was dragged as the case dropped; 0 for none
    drag_deg: float  # direction of the drag, counter-clockwise from down
    ejector_um: float  # size of the ejector mark; 0 for none
    ejector_deg: float
    ejector_at_um: float  # distance of its middle from that of the primer

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """A head as chance makes it."""
        primer_um = rng.uniform(2200.0, 2300.0) if rng.random() < 0.75 else rng.uniform(2600, 2700)
        hole_um = rng.uniform(1250.0, min(2100.0, 0.48 * 2.0 * primer_um))
        shape = int(rng.integers(3))
        aperture = _hole(shape, hole_um, rng.uniform(0.62, 0.85))
        pin = _hole(shape, hole_um * rng.uniform(0.55, 0.8), rng.uniform(0.62, 0.85))
        return cls(
            primer_um=primer_um,
            flat_um=primer_um - rng.uniform(220.0, 600.0),
            edge_drop_um=rng.uniform(60.0, 350.0),
            pocket_um=rng.uniform(30.0, 200.0),
            chamfer_um=rng.uniform(40.0, 300.0),
            head_um=rng.uniform(-60.0, 120.0),
            letter_um=rng.uniform(50.0, 150.0),
            dome_um=rng.normal(0.0, 6.0),
            aperture=aperture,
            pin=pin,
            pin_um=tuple(rng.normal(0.0, 70.0, 2)),
            pin_turn_deg=rng.uniform(-90.0, 90.0),
            pin_depth_um=rng.uniform(150.0, 450.0),
            round_tip=bool(shape == 0 or rng.random() < 0.5),
            collar_um=rng.uniform(8.0, 70.0),
            drag_um=rng.uniform(150.0, 500.0) if rng.random() < 0.5 else 0.0,
            drag_deg=rng.uniform(0.0, 360.0),
            ejector_um=rng.uniform(700.0, 1300.0) if rng.random() < 0.6 else 0.0,
            ejector_deg=rng.uniform(0.0, 360.0),
            ejector_at_um=rng.uniform(3600.0, 4000.0),
        )


@dataclass(frozen=True, eq=False)
class PrimerEdge:
    """The rounded edge of the primer: its fall, its flat part, and what lies beyond the cup."""

    height: Grid
    flat: BoolArray
    outside: BoolArray


@dataclass(frozen=True, eq=False)
class PinBowl:
    """The firing pin's impression: collar, floor, what it covers, what lies clear of it."""

    collar: Grid
    floor: Grid
    inside: BoolArray
    clear: BoolArray


def primer_edge(spec: HeadSpec, rows: Grid, cols: Grid) -> PrimerEdge:
    """The edge of the cup; (H, W) each."""
    radius = np.hypot(rows, cols)
    fall = np.clip((radius - spec.flat_um) / (spec.primer_um - spec.flat_um), 0.0, 1.0)
    height = -spec.edge_drop_um * (1.0 - np.sqrt(1.0 - 0.999 * fall**2))
    return PrimerEdge(height, height > -_FLAT_UM, radius > spec.primer_um)


def case_head(spec: HeadSpec, rows: Grid, cols: Grid, rng: np.random.Generator) -> Grid:
    """Pocket, chamfer and headstamped head, (H, W) um; it counts outside the primer."""
    radius = np.hypot(rows, cols)
    depth = spec.edge_drop_um + spec.head_um
    up = np.clip((radius - spec.primer_um - spec.pocket_um) / spec.chamfer_um, 0.0, 1.0)
    head = -spec.edge_drop_um + depth * up
    stamp_um = rng.uniform(3150.0, 3500.0)
    for turn_deg in np.arange(0.0, 360.0, 22.0) + rng.uniform(0.0, 22.0):
        if rng.random() < 0.75:
            down, across = rotate_points(rows, cols, turn_deg)
            head -= spec.letter_um * _letter(down - stamp_um, across, rng)
    return head


def pin_bowl(spec: HeadSpec, rows: Grid, cols: Grid, rng: np.random.Generator) -> PinBowl:
    """Impression, drag and the collar that flowed back into the aperture; (H, W) each."""
    down, across = rotate_points(rows - spec.pin_um[0], cols - spec.pin_um[1], -spec.pin_turn_deg)
    rim = spec.aperture.distance_um(down, across)
    hole = spec.pin.distance_um(down, across)
    half = min(spec.pin.height_um, spec.pin.width_um) / 2.0
    inward = np.clip(-hole / half, 0.0, 1.0)
    profile = np.sqrt(1.0 - (1.0 - inward) ** 2) if spec.round_tip else np.minimum(1, inward * 4)
    floor = np.where(hole < 0.0, -spec.pin_depth_um * profile, np.inf)
    drag = _drag(spec, rows, cols, half)
    floor = np.minimum(floor, np.where(drag > 0.0, -0.45 * spec.pin_depth_um * drag, np.inf))
    angle = np.arctan2(across, down) + rng.uniform(0.0, 6.28)
    wall = 1.0 / (1.0 + np.exp(np.clip((rim + 20.0) / 12.0, -60.0, 60.0)))
    shear = 1.0 + 0.35 * np.sin(angle) + 0.1 * np.sin(across / 23.0)
    collar = spec.collar_um * wall * shear
    inside = (hole < 0.0) | (drag > 0.0)
    return PinBowl(collar, floor, hole < 0.0, (rim > _FOOT_UM) & ~inside)


def ejector_bowl(
    spec: HeadSpec, rows: Grid, cols: Grid, rng: np.random.Generator
) -> tuple[Grid, BoolArray]:
    """The dent of the ejector in the case head, without relief; (H, W) um and its extent."""
    if not spec.ejector_um:
        return np.zeros_like(rows), np.zeros(rows.shape, np.bool_)
    down, across = rotate_points(rows, cols, spec.ejector_deg)
    bowl = Aperture(0.62 * spec.ejector_um, spec.ejector_um, 0.25 * spec.ejector_um)
    inward = -bowl.distance_um(down - spec.ejector_at_um, across)
    depth_um = rng.uniform(25.0, 80.0)
    dent = -depth_um * np.clip(inward / 90.0, 0.0, 1.0)
    return np.where(inward > 0.0, dent, 0.0), inward > 0.0


def _drag(spec: HeadSpec, rows: Grid, cols: Grid, half_um: float) -> Grid:
    """1 at the bowl to 0 at the end of the groove that the pin's tip was dragged along."""
    if not spec.drag_um:
        return np.zeros_like(rows)
    down, across = rotate_points(rows - spec.pin_um[0], cols - spec.pin_um[1], spec.drag_deg)
    reach = half_um + spec.drag_um
    width = np.clip(1.0 - (across / (0.5 * half_um)) ** 2, 0.0, 1.0)
    return np.where((down > 0.0) & (down < reach), width * (1.0 - down / reach), 0.0)


def _letter(down: Grid, across: Grid, rng: np.random.Generator) -> Grid:
    """A stamped sign of two or three strokes about 0, 0, depth 1, with sloping sides."""
    strokes = np.zeros_like(down)
    for _ in range(rng.integers(2, 4)):
        turned = rotate_points(
            down - rng.uniform(-200, 200),
            across - rng.uniform(-150, 150),
            rng.choice([0.0, 90.0, 45.0, -45.0]),
        )
        stroke = Aperture(700.0, rng.uniform(110.0, 170.0), 50.0)
        strokes = np.maximum(strokes, np.clip(-stroke.distance_um(*turned) / 40.0, 0.0, 1.0))
    return strokes


def _hole(shape: int, size_um: float, slenderness: float) -> Aperture:
    """A round, an oblong or a rectangular outline."""
    if shape == 0:
        return Aperture.circle(size_um)
    width_um = size_um * slenderness
    corner_um = width_um / 2.0 if shape == 1 else 0.12 * width_um
    return Aperture(size_um, width_um, corner_um)


# How a whole head is scanned: pitch, frame, tilt, outliers, holes.


@dataclass(frozen=True)
class Stage:
    """One acquisition of a whole head; the frame is given by its edges in um from the primer."""

    pixel_pitch_um: float
    top_um: float
    bottom_um: float
    left_um: float
    right_um: float
    tilt_deg: tuple[float, float]  # down and across
    noise_um: float
    outliers: float  # share of pixels that read nonsense
    steepest: float  # slope beyond which there is no reading
    holes: int  # patches without a reading

    @classmethod
    def draw(cls, rng: np.random.Generator, spec: HeadSpec) -> Self:
        """A scan as chance makes it: every third is cut at an edge, some show the whole head."""
        pitch_um = rng.uniform(3.0, 12.0)
        around = spec.primer_um + rng.uniform(250.0, 900.0)
        if spec.ejector_um and pitch_um > 6.0:
            around = 4700.0
        edges = np.array([-around, around, -around, around]) * rng.uniform(0.95, 1.05, 4)
        if rng.random() < 1 / 3:
            side = rng.integers(4)
            edges[side] = np.sign(edges[side]) * spec.primer_um * rng.uniform(0.55, 1.0)
        return cls(
            pixel_pitch_um=pitch_um,
            top_um=float(edges[0]),
            bottom_um=float(edges[1]),
            left_um=float(edges[2]),
            right_um=float(edges[3]),
            tilt_deg=tuple(rng.normal(0.0, 1.7, 2).clip(-4.5, 4.5)),
            noise_um=rng.uniform(0.05, 0.6),
            outliers=rng.choice([0.0, 0.0005, 0.004]),
            steepest=rng.choice([0.6, 1.2, 5.0]),
            holes=int(rng.integers(0, 25)),
        )

    def grid(self) -> tuple[Grid, Grid]:
        """Rows and columns in um, (H, W) each, the middle of the primer at 0, 0."""
        rows = np.arange(self.top_um, self.bottom_um, self.pixel_pitch_um)
        cols = np.arange(self.left_um, self.right_um, self.pixel_pitch_um)
        return np.meshgrid(rows, cols, indexing="ij")


@dataclass(frozen=True, eq=False)
class Scanned:
    """(H, W) heights in um, 0 where not `valid`."""

    values: FloatArray
    valid: BoolArray


def scan_surface(
    surface: Grid, rows: Grid, cols: Grid, stage: Stage, rng: np.random.Generator
) -> Scanned:
    """The surface as measured: inclined, blurred a little, with noise, outliers and holes."""
    smooth = ndimage.gaussian_filter(surface, 6.0 / stage.pixel_pitch_um)
    slope = np.hypot(*np.gradient(smooth, stage.pixel_pitch_um))
    valid = slope < stage.steepest
    valid &= ~_patches(rows, cols, stage.holes, rng)
    tilt = np.tan(np.radians(stage.tilt_deg))
    heights = smooth + tilt[0] * rows + tilt[1] * cols
    heights += stage.noise_um * rng.standard_normal(surface.shape)
    wild: NDArray[np.bool_] = rng.random(surface.shape) < stage.outliers
    heights[wild] += rng.normal(0.0, 120.0, int(wild.sum()))
    return Scanned(np.where(valid, heights, 0.0).astype(np.float32), valid)


def _patches(rows: Grid, cols: Grid, count: int, rng: np.random.Generator) -> BoolArray:
    patches = np.zeros(rows.shape, np.bool_)
    for _ in range(count):
        row, col = rng.uniform(rows[0, 0], rows[-1, 0]), rng.uniform(cols[0, 0], cols[0, -1])
        patches |= np.hypot(rows - row, cols - col) < rng.uniform(15.0, 90.0)
    return patches
