"""Slow, obvious twins of the kernels: one definition after the other, in float64."""

from __future__ import annotations

import numpy as np


def resample(
    surface: np.ndarray, valid: np.ndarray, rows: np.ndarray, cols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bilinear samples at each of `rows` x `cols` (fractions of pixels), over measured pixels."""
    out, out_valid = np.zeros((len(rows), len(cols))), np.zeros((len(rows), len(cols)), bool)
    for r, y in enumerate(rows):
        for c, x in enumerate(cols):
            out[r, c], out_valid[r, c] = bilinear(surface, valid, y, x)
    return out, out_valid


def bilinear(surface: np.ndarray, valid: np.ndarray, y: float, x: float) -> tuple[float, bool]:
    """The mean of the four pixels around a point by their nearness; not measured below half."""
    total = measured = 0.0
    for i in (int(np.floor(y)), int(np.floor(y)) + 1):
        for j in (int(np.floor(x)), int(np.floor(x)) + 1):
            on_grid = 0 <= i < surface.shape[0] and 0 <= j < surface.shape[1]
            if on_grid and valid[i, j]:
                nearness = (1.0 - abs(y - i)) * (1.0 - abs(x - j))
                total += nearness * float(surface[i, j])
                measured += nearness
    return (total / measured, True) if measured >= 0.5 else (0.0, False)


def reduce(surface: np.ndarray, valid: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Means of the measured pixels of each square, where half of it was measured."""
    shape = surface.shape[0] // factor, surface.shape[1] // factor
    out, out_valid = np.zeros(shape), np.zeros(shape, bool)
    for r, c in np.ndindex(shape):
        square = slice(r * factor, (r + 1) * factor), slice(c * factor, (c + 1) * factor)
        if valid[square].mean() >= 0.5:
            out[r, c] = surface[square][valid[square]].astype(np.float64).mean()
            out_valid[r, c] = True
    return out, out_valid


def block_counts(valid: np.ndarray, block_px: int) -> np.ndarray:
    """Measured pixels of each block."""
    shape = valid.shape[0] // block_px, valid.shape[1] // block_px
    return valid.reshape(shape[0], block_px, shape[1], block_px).sum(axis=(1, 3))


def smooth(surface: np.ndarray, valid: np.ndarray, sigma_px: tuple[float, float]) -> np.ndarray:
    """The mean of all measured pixels of a surface, each weighted by its Gaussian nearness."""
    out = np.zeros(surface.shape)
    rows, cols = np.nonzero(valid)
    measured = surface[rows, cols].astype(np.float64)
    for r, c in zip(rows, cols, strict=True):
        apart = ((rows - r) / sigma_px[0]) ** 2 + ((cols - c) / sigma_px[1]) ** 2
        weight = np.exp(-0.5 * apart)
        out[r, c] = (weight * measured).sum() / weight.sum()
    return out
