"""What happens to scans in the field: each kind on scans as read, and on weakly marked ones.

Heights of dust and flowback are in um, as they are found; what is "as strong as the mark" has
the RMS of the relief that it is added to. What is the same on every case lies alike about the
middle of every scan: the scans of one firearm then agree in it no better than any others, and a
placement that follows it misses the mark.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from challenge import Challenge, Step, cropped, turned_by, weak
from degrade import Field, Rng, rows_cols, smooth_noise, with_heights
from motion import Motion, Points
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import convex_hull_image
from specimens import Specimen

from ribin.model import FloatArray, Scan
from ribin.surface.gaussian import smooth_surface
from ribin.surface.regression import remove_form

# Each kind happens to the scans as they are, and to weakly marked ones: under noise of small and of
# long waves, as deep as the lowest known match of the clean scans then still lies above every known
# non-match; and weaker. A set ends the names of its rows.
SETS: dict[str, tuple[str, tuple[Step, ...]]] = {
    "": ("as read", ()),
    "-faint": ("relief x 0.4, noise 0.6 um RMS, 25 um long", (weak(0.4, 0.6, 25.0),)),
    "-rough": ("relief x 0.28, noise 0.3 um RMS, 50 um long", (weak(0.28, 0.3, 50.0),)),
    "-weak": ("relief x 0.25, noise 0.6 um RMS, 25 um long", (weak(0.25, 0.6, 25.0),)),
}
_TOOL_SEED = 41  # of the toolmarks that all cases share
_DRAG_DEG = 70.0  # where, in the frame of the firearm, pins drag: a make has one place
_FORM_UM = 500.0  # longest wavelength of the mark
_RING_CENTER_UM = (260.0, -170.0)  # turning marks are not centred on the aperture


@dataclass(frozen=True)
class FieldKind:
    """One thing that happens to scans; `query_steps` only to the earlier one of each pair."""

    name: str
    what: str
    steps: tuple[Step, ...] = ()
    query_steps: tuple[Step, ...] = ()
    second_look: bool = False  # at other scales and mirrored, of pairs that score low


def field_challenges() -> tuple[Challenge, ...]:
    """Every kind on every set, in the order of `SETS`."""
    return tuple(
        Challenge(
            kind.name + end,
            f"{kind.what}; {words}",
            (*before, *kind.steps),
            kind.query_steps,
            second_look=kind.second_look,
        )
        for kind in FIELD
        for end, (words, before) in SETS.items()
    )


# Dirt, pins and primers.


def dusty(share: float, low_um: float = 4.0, high_um: float = 25.0) -> Step:
    """Dust grains and fibres over `share` of the mark, half of the objects each."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        places = np.argwhere(s.scan.valid)
        heights = np.zeros(s.scan.shape, np.float32)
        wanted = share * len(places)
        while np.count_nonzero(heights[s.scan.valid]) < wanted:
            shape = np.zeros(s.scan.shape, np.uint8)
            place = places[rng.integers(len(places))]
            draw = _draw_grain if rng.random() < 0.5 else _draw_fibre
            draw(shape, place, s.scan.pixel_pitch_um, rng)
            high = np.float32(rng.uniform(low_um, high_um))
            heights = np.maximum(heights, high * shape.astype(np.float32))
        soft = cv2.GaussianBlur(heights, (0, 0), 0.7)  # no instrument shows a sheer wall
        return _add(s, soft)

    return step


def dragged(sector_deg: float) -> Step:
    """What a pin that is drawn over the edge of the aperture piles up beside it.

    A heap of 20 to 60 um that falls to nothing within 70 to 110 % of the ring's width, and
    furrows along the way of the pin, which no other case has.
    """

    def step(s: Specimen, rng: Rng) -> Specimen:
        radius, angle_deg, inner, outer = _polar(s)
        middle = _DRAG_DEG + rng.normal(0.0, 8.0)
        away_deg = np.abs((angle_deg - middle + 180.0) % 360.0 - 180.0)
        side = np.clip((sector_deg / 2.0 - away_deg) / 4.0, 0.0, 1.0)  # edges of 4 degrees
        reach = rng.uniform(0.7, 1.1) * (outer - inner)
        ragged = reach * (1.0 + 0.25 * smooth_noise(s.scan, 150.0, rng))
        fall = np.clip(1.0 - (radius - inner) / np.maximum(ragged, 1.0), 0.0, 1.0)
        # Furrows run along the direction of the sector's middle.
        across = radius * np.sin(np.deg2rad(angle_deg - middle))
        furrows = rng.uniform(4.0, 10.0) * _profile(rng, across, (25.0, 60.0))
        height = rng.uniform(20.0, 60.0) * fall
        return _add(s, side * np.where(fall > 0.0, height + furrows, 0.0))

    return step


def flowed_back(height_um: float) -> Step:
    """Primer metal that flowed into the aperture: a wall round it, uneven, falling outwards."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        radius, angle_deg, inner, _ = _polar(s)
        uneven: Field = np.ones(s.scan.shape)
        for waves in (1, 2, 3):
            phase, depth = rng.uniform(0.0, 360.0), rng.uniform(0.0, 0.2)
            uneven = uneven + depth * np.cos(np.deg2rad(waves * angle_deg - phase))
        width = rng.uniform(60.0, 120.0)
        wall = height_um * uneven * np.exp(-np.maximum(radius - inner, 0.0) / width)
        return _add(s, wall * (1.0 + 0.15 * smooth_noise(s.scan, 40.0, rng)))

    return step


# Toolmarks that a production run shares.


def lined(strength: float) -> Step:
    """The same parallel lines on every case, as strong as `strength` times the mark."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        rows, cols = rows_cols(s.scan, s.center_um)
        across = rows * np.cos(np.deg2rad(25.0)) + cols * np.sin(np.deg2rad(25.0))
        return _add(s, strength * _rms(s.scan) * _shared_profile(across))

    return step


def ringed(strength: float) -> Step:
    """The same turning marks on every case, about a point beside the aperture."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        rows, cols = rows_cols(s.scan, s.center_um)
        radius = np.hypot(rows - _RING_CENTER_UM[0], cols - _RING_CENTER_UM[1])
        return _add(s, strength * _rms(s.scan) * _shared_profile(radius))

    return step


# What the next firing, the hand or the instrument changes.


def not_reproduced(share: float) -> Step:
    """Replace `share` of the relief's variance by other relief of the same spectrum."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        relief = _relief(s.scan)
        own = np.fft.rfft2(relief)
        noise = np.fft.irfft2(np.abs(own) * _phases(own.shape, rng), s.scan.shape)
        other = noise * (_rms(s.scan) / noise[s.scan.valid].std())
        return _add(s, (np.sqrt(1.0 - share) - 1.0) * relief + np.sqrt(share) * other)

    return step


def misread_pitch(percent: float) -> Step:
    """The file says a pitch that is too large, or too small, by `percent`."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        factor = (1.0 + percent / 100.0) ** rng.choice((-1.0, 1.0))
        scan = replace(
            s.scan,
            row_pitch_um=factor * s.scan.row_pitch_um,
            col_pitch_um=factor * s.scan.col_pitch_um,
        )
        larger = Motion(factor * np.eye(2), np.zeros(2))
        center, area = factor * s.center_um, factor**2 * s.area_um2
        motion = larger.after(s.motion)
        return replace(s, scan=scan, center_um=center, motion=motion, area_um2=area)

    return step


def mirrored() -> Step:
    """Rows written the other way round: left and right changed."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        width_um = (s.scan.shape[1] - 1) * s.scan.col_pitch_um
        flip = Motion(np.diag([1.0, -1.0]), np.array([0.0, width_um]))
        scan = replace(s.scan, values=s.scan.values[:, ::-1].copy(), valid=s.scan.valid[:, ::-1])
        return replace(s, scan=scan, center_um=flip.of(s.center_um), motion=flip.after(s.motion))

    return step


def scan_lines(strength: float) -> Step:
    """Each line of the instrument at a height of its own, so many times as strong as the mark."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        offsets = rng.standard_normal((s.scan.shape[0], 1))
        return _add(s, np.broadcast_to(strength * _rms(s.scan) * offsets, s.scan.shape))

    return step


def deformed(height_um: float) -> Step:
    """A primer that is domed, twisted and dented, by `height_um` from low to high, and whose edge
    falls by 20 um."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        rows, cols = rows_cols(s.scan, s.center_um)
        outer = np.quantile(np.hypot(rows, cols)[s.scan.valid], 0.995)
        y, x = rows / outer, cols / outer
        form = sum(
            rng.normal(0.0, 0.6 ** (i + j)) * y**i * x**j
            for i in range(5)
            for j in range(5 - i)
            if i + j > 1
        )
        low, high = np.quantile(np.asarray(form)[s.scan.valid], [0.0, 1.0])
        beyond = np.clip(np.hypot(y, x) - 0.9, 0.0, 0.12) / 0.1
        return _add(s, height_um / (high - low) * np.asarray(form) - 20.0 * beyond**2)

    return step


def strained(reach_um: float) -> Step:
    """Places move smoothly by up to `reach_um`, as in a cast or a stitched scan."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        pitch = np.array([s.scan.row_pitch_um, s.scan.col_pitch_um])
        shifts = [smooth_noise(s.scan, 1500.0, rng) for _ in pitch]
        largest = np.hypot(*shifts)[s.scan.valid].max()
        places = [
            grid + reach_um / largest / step_um * shift
            for grid, shift, step_um in zip(np.indices(s.scan.shape), shifts, pitch, strict=True)
        ]
        measured, heights = (
            ndimage.map_coordinates(plane, places, order=1)
            for plane in (s.scan.valid.astype(np.float64), s.scan.values.astype(np.float64))
        )
        scan = replace(s.scan, valid=measured >= 0.5)
        return replace(s, scan=with_heights(scan, heights / np.maximum(measured, 0.5)))

    return step


def part_blurred(cutoff_um: float) -> Step:
    """One half of the scan, on one side of a line through its middle, is out of focus."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        rows, cols = rows_cols(s.scan, s.center_um)
        angle = rng.uniform(0.0, 2.0 * np.pi)
        beyond = rows * np.sin(angle) + cols * np.cos(angle)
        share = np.clip(0.5 + beyond / 200.0, 0.0, 1.0)
        pitch = (s.scan.row_pitch_um, s.scan.col_pitch_um)
        smooth = smooth_surface(s.scan.values, s.scan.valid, cutoff_um, pitch)
        mixed = share * smooth + (1.0 - share) * s.scan.values
        return replace(s, scan=with_heights(s.scan, mixed))

    return step


def turned_apart(low_deg: float, high_deg: float) -> Step:
    """Turn so that mates differ by so many degrees, either way; the other side lies straight."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        angle = rng.uniform(low_deg, high_deg) * rng.choice((-1.0, 1.0))
        return turned_by(s, angle - s.motion.rotation_deg)

    return step


def _straight(s: Specimen, rng: Rng) -> Specimen:
    return turned_by(s, -s.motion.rotation_deg)


FIELD = (
    FieldKind("clean", "nothing happened"),
    FieldKind("dust2", "dust and fibres 4 to 25 um high on 2 % of the area", (dusty(0.02),)),
    FieldKind("dust8", "the same on 8 %", (dusty(0.08),)),
    FieldKind("dust20", "the same on 20 %", (dusty(0.20),)),
    FieldKind("drag50", "firing pin drag left in 50 degrees of the ring", (dragged(50.0),)),
    FieldKind("drag120", "the same in 120 degrees", (dragged(120.0),)),
    FieldKind("flowback", "flowback 80 um high round the aperture", (flowed_back(80.0),)),
    FieldKind("lines", "the same parallel lines on all, as strong as the mark", (lined(1.0),)),
    FieldKind("rings", "the same turning marks on all, as strong as the mark", (ringed(1.0),)),
    FieldKind("half-new", "half of the relief is not reproduced", (not_reproduced(0.5),)),
    FieldKind("most-new", "70 % of the relief is not reproduced", (not_reproduced(0.7),)),
    FieldKind("wrong-pitch5", "pitch wrong by 5 %, one of two", (), (misread_pitch(5.0),), True),
    FieldKind("wrong-pitch10", "pitch wrong by 10 %, one of two", (), (misread_pitch(10.0),), True),
    FieldKind(
        "turned45",
        "turned 33 to 45 degrees, usual range",
        (_straight,),
        (turned_apart(33.0, 45.0),),
    ),
    FieldKind("turned180", "turned 45 to 180 degrees", (_straight,), (turned_apart(45.0, 180.0),)),
    FieldKind("mirrored", "mirrored, one of two", (), (mirrored(),), True),
    FieldKind("scan-lines", "scan lines as strong as the mark", (scan_lines(1.0),)),
    FieldKind("scan-lines2", "scan lines twice as strong as the mark", (scan_lines(2.0),)),
    FieldKind("form80", "a form of 80 um, and an edge that falls 20 um", (deformed(80.0),)),
    FieldKind("wedge", "180 degrees missing of each, anywhere", (cropped(0.5),)),
    FieldKind("strain", "places moved smoothly by up to 60 um", (strained(60.0),)),
    FieldKind("part-blurred", "half of each scan blurred to 100 um", (part_blurred(100.0),)),
)


def _add(s: Specimen, heights: NDArray[np.floating]) -> Specimen:
    return replace(s, scan=with_heights(s.scan, s.scan.values + heights))


def _relief(scan: Scan) -> FloatArray:
    """The heights without the form of the primer."""
    pitch = (scan.row_pitch_um, scan.col_pitch_um)
    return remove_form(scan.values, scan.valid, _FORM_UM, pitch)


def _rms(scan: Scan) -> float:
    return float(_relief(scan)[scan.valid].std())


def _polar(s: Specimen) -> tuple[Field, Field, float, float]:
    """Distance and angle of each pixel as seen from the aperture, the latter in the firearm's
    frame; the radii of the aperture and, from its middle, of the ring."""
    middle, inner = aperture(s.scan)
    rows, cols = rows_cols(s.scan, middle)
    radius = np.hypot(rows, cols)
    angle_deg = np.rad2deg(np.arctan2(-rows, cols)) - s.motion.rotation_deg
    return radius, angle_deg, inner, float(np.quantile(radius[s.scan.valid], 0.9))


def aperture(scan: Scan) -> tuple[Points, float]:
    """Middle, in um from pixel (0, 0), and radius of the largest disc in the hole of a ring."""
    hole = np.pad(convex_hull_image(scan.valid) & ~scan.valid, 1)
    pitch = np.array([scan.row_pitch_um, scan.col_pitch_um])
    room = ndimage.distance_transform_edt(hole, sampling=pitch)
    place = np.array(np.unravel_index(int(room.argmax()), room.shape)) - 1
    return place * pitch, float(room.max())


def _profile(rng: Rng, places: Field, lengths_um: tuple[float, ...]) -> Field:
    """Random heights of RMS 1 along one direction, as smooth as the lengths say."""
    step_um, half = 2.0, 4096
    rough = rng.standard_normal((len(lengths_um), 2 * half))
    lines = [
        ndimage.gaussian_filter1d(line, length / 2.0 / step_um)
        for line, length in zip(rough, lengths_um, strict=True)
    ]
    total = np.sum([line / line.std() for line in lines], axis=0) / np.sqrt(len(lines))
    return np.interp(places, step_um * (np.arange(2 * half) - half), total)


def _shared_profile(places: Field) -> Field:
    return _profile(np.random.default_rng(_TOOL_SEED), places, (25.0, 50.0, 100.0))


def _phases(shape: tuple[int, ...], rng: Rng) -> NDArray[np.complex128]:
    return np.exp(2j * np.pi * rng.random(shape))


def _draw_grain(shape: NDArray[np.uint8], place: NDArray, pitch_um: float, rng: Rng) -> None:
    """A grain of 6 to 60 um radius."""
    long = 6.0 * 10.0 ** rng.random() / pitch_um
    axes = (max(1, round(long)), max(1, round(long * rng.uniform(0.4, 1.0))))
    row, col = (int(n) for n in place)
    cv2.ellipse(shape, (col, row), axes, rng.uniform(0.0, 180.0), 0.0, 360.0, 1, -1)


def _draw_fibre(shape: NDArray[np.uint8], place: NDArray, pitch_um: float, rng: Rng) -> None:
    """A bent fibre, 12 to 25 um wide and 200 to 1200 um long."""
    steps = round(rng.uniform(200.0, 1200.0) / 20.0)
    turns = rng.uniform(0.0, 2.0 * np.pi) + np.cumsum(rng.normal(0.0, 0.12, steps))
    way = np.cumsum(20.0 / pitch_um * np.stack([np.cos(turns), np.sin(turns)], axis=1), axis=0)
    points = np.rint(way + place[::-1]).astype(np.int32)
    cv2.polylines(shape, [points], False, 1, max(1, round(rng.uniform(12.0, 25.0) / pitch_um)))
