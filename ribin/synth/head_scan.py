"""How a whole head is scanned: pitch, frame, tilt, outliers, holes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ribin.model import BoolArray, FloatArray
from ribin.synth.fields import Grid
from ribin.synth.head_form import HeadSpec


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
