"""The challenge set: scans with known truth, made harder in named and seeded ways."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from degrade import (
    Rng,
    add_form,
    add_spikes,
    coarsen,
    crop_sector,
    jitter_mask,
    lose_discs,
    move_scan,
    weaken_relief,
)
from motion import about
from specimens import Specimen

from ribin.comparison import turn_matrix

SEED = 3
Step = Callable[[Specimen, Rng], Specimen]


@dataclass(frozen=True)
class Challenge:
    """One way to make comparisons harder.

    `steps` degrade every scan, `query_steps` then only the earlier scan of each pair.
    `any_rotation`: the search range must be the full circle. `second_look`: pairs that score low
    are compared again at other scales and mirrored, as `compare` does. `stream` seeds its random
    numbers; its name where empty.
    """

    name: str
    what: str
    steps: tuple[Step, ...] = ()
    query_steps: tuple[Step, ...] = ()
    any_rotation: bool = False
    second_look: bool = False
    stream: str = ""


def degraded(
    challenge: Challenge, specimens: Sequence[Specimen], seed: int = SEED
) -> tuple[list[Specimen], list[Specimen]]:
    """The earlier and the later sides of all pairs; one list twice where both are degraded alike.

    Each specimen has its own random stream, from the seed, the challenge and its place.
    """
    later = [_degraded(challenge, challenge.steps, s, i, seed) for i, s in enumerate(specimens)]
    if not challenge.query_steps:
        return later, later
    steps = (*challenge.steps, *challenge.query_steps)
    return [_degraded(challenge, steps, s, i, seed) for i, s in enumerate(specimens)], later


def cropped(share: float, start_deg: float | None = None) -> Step:
    """Keep an angular sector; it begins at `start_deg` of the scan, or anywhere."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        start = rng.uniform(0.0, 360.0) if start_deg is None else start_deg
        return replace(s, scan=crop_sector(s.scan, s.center_um, start, share))

    return step


def holed(share: float) -> Step:
    return lambda s, rng: replace(s, scan=lose_discs(s.scan, share, rng))


def weak(factor: float, rms_um: float, length_um: float) -> Step:
    return lambda s, rng: replace(s, scan=weaken_relief(s.scan, factor, rms_um, length_um, rng))


def coarser(factor: float) -> Step:
    return lambda s, rng: replace(s, scan=coarsen(s.scan, factor))


def formed(edge_um: float) -> Step:
    return lambda s, rng: replace(s, scan=add_form(s.scan, s.center_um, edge_um, rng))


def spiked(share: float) -> Step:
    return lambda s, rng: replace(s, scan=add_spikes(s.scan, share, rng))


def redrawn(reach_um: float) -> Step:
    return lambda s, rng: replace(s, scan=jitter_mask(s.scan, reach_um, rng))


def turned(half_range_deg: float) -> Step:
    """Turn so that two mates then differ by up to twice `half_range_deg`.

    The scan's own turn against its firearm's first scan is taken out first: otherwise a pair
    could leave the range that is searched.
    """

    def step(s: Specimen, rng: Rng) -> Specimen:
        return turned_by(s, rng.uniform(-half_range_deg, half_range_deg) - s.motion.rotation_deg)

    return step


def turned_by(s: Specimen, angle_deg: float) -> Specimen:
    return _moved(s, turn_matrix(angle_deg))


def stretched(percent: float, axes: int) -> Step:
    """Stretch by `percent`, one scan in two by its reverse, along one random direction or both."""

    def step(s: Specimen, rng: Rng) -> Specimen:
        along = (1.0 + percent / 100.0) ** rng.choice((-1.0, 1.0))
        frame = turn_matrix(rng.uniform(0.0, 180.0))
        return _moved(s, frame @ np.diag([along, along if axes == 2 else 1.0]) @ frame.T)

    return step


_MILD = weak(0.25, 0.35, 12.0)
_STRONG = weak(0.25, 0.6, 25.0)

CHALLENGES = (
    Challenge("plain", "as read"),
    Challenge("crop50-same", "50 % left, the same sector of every scan", (cropped(0.5, 40.0),)),
    Challenge("crop50-one", "50 % left of the earlier scan", (), (cropped(0.5),)),
    Challenge("crop50-independent", "50 % left of both, sectors drawn apart", (cropped(0.5),)),
    Challenge("crop30-same", "30 % left, the same sector of every scan", (cropped(0.3, 40.0),)),
    Challenge("crop30-one", "30 % left of the earlier scan", (), (cropped(0.3),)),
    Challenge("crop30-independent", "30 % left of both, sectors drawn apart", (cropped(0.3),)),
    Challenge("holes40", "40 % lost in clustered discs", (holed(0.4),)),
    Challenge("weak-fine", "relief x 1/4, noise 0.35 um RMS, 12 um long", (_MILD,)),
    Challenge("weak-smooth", "relief x 1/4, noise 0.6 um RMS, 25 um long", (_STRONG,)),
    Challenge("pitch1.5", "pitch 1.5 times coarser", (coarser(1.5),)),
    Challenge("pitch2", "pitch 2 times coarser", (coarser(2.0),)),
    Challenge("form", "tilt and dome left in, 10 to 30 um", (formed(0.0),)),
    Challenge("form-edge5", "form, and the outer tenth of the radius falls 5 um", (formed(5.0),)),
    Challenge(
        "form-edge20", "form, and the outer tenth of the radius falls 20 um", (formed(20.0),)
    ),
    Challenge("rotation25", "mates differ by up to 25 degrees", (turned(12.5),)),
    Challenge("rotation180", "any turn, full circle searched", (turned(180.0),), any_rotation=True),
    Challenge("stretch1-one", "1 % longer or shorter along one line", (stretched(1.0, 1),)),
    Challenge("stretch2-one", "2 % longer or shorter along one line", (stretched(2.0, 1),)),
    Challenge("stretch2-both", "2 % larger or smaller", (stretched(2.0, 2),)),
    Challenge("spikes", "outliers of 3 to 60 um on 1 % of the area", (spiked(0.01),)),
    Challenge("mask", "edges drawn 0 to 120 um further in", (redrawn(120.0),)),
    Challenge(
        "raw",
        "rotation25, mask, form-edge5, spikes, pitch1.5",
        (turned(12.5), redrawn(120.0), formed(5.0), spiked(0.005), coarser(1.5)),
    ),
    Challenge(
        "weak-cropped",
        "rotation25, weak-fine, 50 % left of the earlier scan",
        (turned(12.5), _MILD),
        (cropped(0.5),),
    ),
    Challenge(
        "weak-holed", "stretch1-one, weak-fine, holes40", (stretched(1.0, 1), _MILD, holed(0.4))
    ),
    Challenge(
        "weak-raw",
        "rotation25, weak-smooth, mask, form-edge5",
        (turned(12.5), _STRONG, redrawn(120.0), formed(5.0)),
    ),
)


def _degraded(
    challenge: Challenge, steps: Sequence[Step], specimen: Specimen, place: int, seed: int
) -> Specimen:
    stream = challenge.stream or challenge.name
    rng = np.random.default_rng([seed, zlib.crc32(stream.encode()), place])
    for step in steps:
        specimen = step(specimen, rng)
    return specimen


def _moved(s: Specimen, matrix: np.ndarray) -> Specimen:
    """Apply a matrix about the ring's centre, on a raster with room for what it moves."""
    pitch = np.array([s.scan.row_pitch_um, s.scan.col_pitch_um])
    size = tuple(int(1.1 * max(s.scan.shape)) for _ in "rc")
    motion = about(s.center_um, matrix, (np.array(size) - 1) / 2.0 * pitch)
    scan = move_scan(s.scan, motion, (size[0], size[1]))
    center = motion.of(s.center_um)
    return replace(s, scan=scan, center_um=center, motion=motion.after(s.motion))
