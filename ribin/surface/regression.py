"""The form of a surface with holes, by the Gaussian regression filter of second order.

Around each pixel a second-degree surface is fitted under Gaussian weights, and its height there is
the form (ISO 16610-61 with the regression of ISO 16610-31; alpha as in ALGORITHMS 1.1). A weighted
mean, the filter of order zero, is drawn inwards at every edge of a mask by the slope of what lies
beyond: the rounded edge of a primer then looks like a mark that all primers share.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray
from ribin.surface._jit import kernel

_ALPHA = 0.7309  # sqrt((-1 - W_-1(-1 / (2 e))) / pi): one half is transmitted at the cut-off
_REACH = 4.0  # standard deviations; 3e-4 of the weight lies beyond
_PIXELS_A_SIGMA = 4.0  # of the grid that the form, a smooth surface, is computed on
_RIM = 2  # pixels of that grid beyond what was measured: a cubic is drawn through them
_RIDGE = 1e-3  # of the weight: where a strip is too narrow to bend, the fit stays flat
_TERMS = 6  # of a second-degree surface: 1, row, col, row^2, row col, col^2


@kernel
def _fit(moments, heights, ridge, normal, right, out):
    for n in range(out.shape[0]):
        for i in range(6):
            for j in range(i + 1):
                # Term i is row^a col^b; 0, 1, 3 begin the degrees.
                degree_i = 0 if i == 0 else (1 if i < 3 else 2)
                degree_j = 0 if j == 0 else (1 if j < 3 else 2)
                degree = degree_i + degree_j
                col = (i - degree_i * (degree_i + 1) // 2) + (j - degree_j * (degree_j + 1) // 2)
                normal[i, j] = moments[n, degree * (degree + 1) // 2 + col]
            if i > 0:
                normal[i, i] += ridge * moments[n, 0]
            right[i] = heights[n, i]
        # Cholesky's factor L in place, L y = right, then L' x = y.
        for i in range(6):
            for j in range(i + 1):
                rest = normal[i, j]
                for k in range(j):
                    rest -= normal[i, k] * normal[j, k]
                normal[i, j] = math.sqrt(rest) if i == j else rest / normal[j, j]
        for i in range(6):
            rest = right[i]
            for k in range(i):
                rest -= normal[i, k] * right[k]
            right[i] = rest / normal[i, i]
        for i in range(5, -1, -1):
            rest = right[i]
            for k in range(i + 1, 6):
                rest -= normal[k, i] * right[k]
            right[i] = rest / normal[i, i]
        out[n] = right[0]


def local_form(
    surface: FloatArray, valid: BoolArray, cutoff_um: float, pitch_um: tuple[float, float]
) -> FloatArray:
    """Low-pass a surface by local second-degree surfaces; unmeasured pixels take no part.

    Arguments and result are those of `ribin.surface.gaussian.smooth_surface`.
    """
    out = np.zeros(surface.shape, np.float32)
    box = _bounds(valid)  # the grid begins there: a margin around a mark changes nothing
    out[box] = _form(surface[box], valid[box], cutoff_um, pitch_um)
    return out


def _bounds(valid: BoolArray) -> tuple[slice, slice]:
    """The smallest box around what was measured."""
    rows, cols = (np.flatnonzero(valid.any(axis=axis)) for axis in (1, 0))
    if rows.size == 0:
        return slice(0), slice(0)
    return slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)


def _form(
    surface: FloatArray, valid: BoolArray, cutoff_um: float, pitch_um: tuple[float, float]
) -> FloatArray:
    if not valid.size:
        return np.zeros(valid.shape, np.float32)
    sigma_um = _ALPHA * cutoff_um / math.sqrt(2.0 * math.pi)
    factors = [max(1, int(sigma_um / (_PIXELS_A_SIGMA * pitch))) for pitch in pitch_um]
    weight = _reduce(valid.astype(np.float32), factors)
    total = _reduce(np.where(valid, surface, np.float32(0)), factors)
    near = cv2.dilate((weight > 0.0).astype(np.uint8), np.ones((2 * _RIM + 1,) * 2, np.uint8)) > 0
    lines = [
        _weighted_powers(sigma_um / (factor * pitch))
        for factor, pitch in zip(factors, pitch_um, strict=True)
    ]
    form: FloatArray = np.zeros(near.shape, np.float32)
    form[near] = _fit_heights(_sums(weight, near, lines, 4), _sums(total, near, lines, 2))
    size = [n * f for n, f in zip(form.shape[::-1], factors[::-1], strict=True)]
    large = cv2.resize(form, size, interpolation=cv2.INTER_CUBIC)
    top, left = (_RIM * factor for factor in factors)
    inner = large[top : top + valid.shape[0], left : left + valid.shape[1]]
    return np.where(valid, inner, np.float32(0))


def remove_form(
    surface: FloatArray, valid: BoolArray, cutoff_um: float, pitch_um: tuple[float, float]
) -> FloatArray:
    """High-pass a surface: what `local_form` leaves out. Shapes and masks as there."""
    form = local_form(surface, valid, cutoff_um, pitch_um)
    return np.where(valid, surface - form, np.float32(0))


def _fit_heights(moments: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height in the middle of each fit, (N,), from (N, 15) moments and (N, 6) sums of heights."""
    out = np.empty(len(moments))
    _fit(moments, heights, _RIDGE, np.empty((_TERMS, _TERMS)), np.empty(_TERMS), out)
    return out


def _reduce(values: FloatArray, factors: list[int]) -> NDArray[np.float64]:
    """Means of `factors[0]` x `factors[1]` pixels, with an empty rim; beyond the edge is 0."""
    room = [(_RIM * f, _RIM * f + -n % f) for n, f in zip(values.shape, factors, strict=True)]
    padded = np.pad(values, room)
    rows, cols = (n // f for n, f in zip(padded.shape, factors, strict=True))
    parts = padded.reshape(rows, factors[0], cols, factors[1])
    return np.asarray(parts.mean(axis=(1, 3), dtype=np.float64))


def _weighted_powers(sigma_px: float) -> list[NDArray[np.float64]]:
    """Gaussian weights times the powers 0 to 4 of the distance, in standard deviations."""
    reach = math.ceil(_REACH * sigma_px)
    away = np.arange(-reach, reach + 1) / sigma_px
    return [np.exp(-0.5 * away**2) * away**power for power in range(5)]


def _sums(
    values: NDArray[np.float64],
    near: BoolArray,
    lines: list[list[NDArray[np.float64]]],
    degree: int,
) -> NDArray[np.float64]:
    """Weighted sums of the values times row^(d - c) col^c, (N, terms), in order of d, then c."""
    powers = [(d - c, c) for d in range(degree + 1) for c in range(d + 1)]
    planes = (
        cv2.sepFilter2D(values, -1, lines[1][c], lines[0][r], borderType=cv2.BORDER_CONSTANT)
        for r, c in powers
    )
    return np.stack([plane[near] for plane in planes], axis=1)
