"""Surrogates: many random surfaces with the spectrum and the outlines of a few given marks.

The phases of a mark's Fourier transform are drawn anew, which keeps its power at every wavelength
and direction and loses the mark itself (Theiler and others 1992, doi:10.1016/0167-2789(92)90102-S).
Real marks of different firearms are more alike than that, as their slides were cut by like tools;
so a part of each surrogate is one of the given marks itself, turned. What is cut out is the
outline of yet another, turned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft2, rfft2
from scipy.ndimage import rotate

from ribin.model import BoolArray, FloatArray

# Correlation with a given mark: as alike as real marks of different firearms nearly are; see
# benchmarks/sketch.py, which prints both.
KINSHIP = 0.3
_SAME_OUTLINE = 256  # surrogates that share one
_PHASES = np.exp(2j * np.pi * np.arange(4096) / 4096).astype(np.complex64)


@dataclass(frozen=True, eq=False)
class Surrogates:
    """Surfaces that share an outline.

    Attributes
    ----------
    heights : (N, P) float32 array
        At the P measured pixels, row by row.
    valid : (S, S) bool array
        True at those pixels.
    """

    heights: FloatArray
    valid: BoolArray


def make_surrogates(
    surfaces: Sequence[FloatArray],
    outlines: Sequence[BoolArray],
    number: int,
    seed: int,
    kinship: float,
) -> Iterator[Surrogates]:
    """In all `number` surfaces, in groups of one outline each.

    Parameters
    ----------
    surfaces, outlines : sequences of (S, S) arrays
        Marks and where they are measured, on frames of one size; of unit RMS.
    kinship : float
        Correlation of each surrogate with one of the marks, in [0, 1).
    """
    amplitudes = [_amplitude(s, v) for s, v in zip(surfaces, outlines, strict=True)]
    shape = surfaces[0].shape
    for group, first in enumerate(range(0, number, _SAME_OUTLINE)):
        rng = np.random.default_rng((seed, group))
        some = min(_SAME_OUTLINE, number - first)
        angle_deg = float(rng.uniform(-30.0, 30.0))
        valid = (
            turn_frame(outlines[int(rng.integers(len(outlines)))].astype(np.float32), angle_deg)
            > 0.5
        )
        kin = turn_frame(surfaces[group % len(surfaces)], float(rng.uniform(-30.0, 30.0)))
        amplitude = np.stack([amplitudes[k] for k in rng.integers(len(amplitudes), size=some)])
        phases = _PHASES[rng.integers(len(_PHASES), size=amplitude.shape, dtype=np.uint16)]
        fields = irfft2(amplitude * phases, s=shape)
        heights = fields[:, valid] / fields[:, valid].std(axis=1, keepdims=True)
        mixed = np.sqrt(1.0 - kinship**2) * heights + kinship * kin[valid]
        yield Surrogates(mixed.astype(np.float32), valid)


def _amplitude(surface: FloatArray, valid: BoolArray) -> FloatArray:
    """Modulus of the transform, made up for what lies outside the outline, (S, S // 2 + 1)."""
    inside = np.where(valid, surface, np.float32(0))
    return np.asarray(np.abs(rfft2(inside)) / np.sqrt(max(valid.mean(), 1e-6)), np.float32)


def turn_frame(surface: FloatArray, angle_deg: float) -> FloatArray:
    """A surface turned about the middle of its frame."""
    return np.asarray(rotate(surface, angle_deg, reshape=False, order=1), np.float32)
