"""Whole heads as an instrument sees them: primer, pocket, headstamp, firing pin, ejector.

A head is drawn by chance, or put together by hand from a `HeadSpec`, and scanned with tilt,
outliers, holes and a frame that may cut it. What each mark covers is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ribin.model import BoolArray, MarkType, Provenance, Scan, ScanKind
from ribin.synth.breech import FACE_PITCH_UM
from ribin.synth.cartridge import Primer, Shot, press_primer, primer_texture
from ribin.synth.fields import Grid, random_stream, rotate_points, rough_field
from ribin.synth.firearm import Firearm
from ribin.synth.firing import INSTRUMENT_NAME
from ribin.synth.head_form import HeadSpec, case_head, ejector_bowl, pin_bowl, primer_edge
from ribin.synth.head_scan import Stage, scan_surface

_HEAD, _PIN, _EJECTOR = 4, 5, 6  # keep their random streams apart from those of firearms
_TOOL_SHAPE = (384, 384)  # 2.4 mm: larger than the tip of any firing pin or ejector
_EJECTOR_RELIEF_UM = 1.5  # RMS
_PIN_RELIEF_UM = 1.2  # RMS, about that of the bowl in K013sA1 (1.6 with its form's remains)


@dataclass(frozen=True, eq=False)
class SynthHead:
    """A scan of a whole head, with its truth.

    Attributes
    ----------
    truth : dict of MarkType to (H, W) bool array
        True on the measured pixels of each mark that is there.
    center_um : (float, float)
        Row and column of the middle of the primer from pixel (0, 0).
    spec : HeadSpec
        What was drawn.
    """

    scan: Scan
    truth: dict[MarkType, BoolArray]
    center_um: tuple[float, float]
    spec: HeadSpec


def scan_head(
    firearm: Firearm, seed: int, spec: HeadSpec | None = None, stage: Stage | None = None
) -> SynthHead:
    """Fire once, and scan the whole head; nobody outlines anything.

    Parameters
    ----------
    firearm : Firearm
        What marks the primer. The head's own form is drawn by chance unless `spec` gives it.
    seed : int
        Chance of this one shot and scan.
    spec : HeadSpec, optional
        Sizes of primer, pocket, firing pin and ejector.
    stage : Stage, optional
        Pitch, frame, tilt, outliers and holes of the scan.
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
