"""A correlation of the tests own: plane, band-pass, normalised correlation by FFT with masks."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

PITCH_UM = 30.0  # of the check's rasters


TURNS_DEG = np.arange(-30.0, 30.1, 3.0)  # two cases, each within +-15 degrees


SIZE = 320


def level(values, valid):
    rows, cols = np.nonzero(valid)
    terms = np.stack([np.ones(len(rows)), rows, cols], axis=1)
    heights, kept = values[valid].astype(float), np.ones(len(rows), dtype=bool)
    for _ in range(4):
        plane = terms @ np.linalg.lstsq(terms[kept], heights[kept], rcond=None)[0]
        kept = np.abs(heights - plane) < 3.0 * np.std((heights - plane)[kept])
    flat = np.zeros(values.shape)
    flat[valid] = heights - plane
    return flat


def smooth(values, valid, sigma_px):
    weight = ndimage.gaussian_filter(valid.astype(float), sigma_px)
    total = ndimage.gaussian_filter(np.where(valid, values, 0.0), sigma_px)
    return np.where(valid, total / np.maximum(weight, 1e-9), 0.0)


def band(values, valid, pitch_um, shortest_um, longest_um):
    """Half transmission at both ends: sigma of the ISO Gaussian is 0.187 of the cut-off."""
    fine = smooth(values, valid, 0.1874 * shortest_um / pitch_um)
    return np.where(valid, fine - smooth(values, valid, 0.1874 * longest_um / pitch_um), 0.0)


def prepare(values, valid, pitch_um):
    filtered = band(level(values, valid), valid, pitch_um, 40.0, 250.0)
    return _resampled(filtered, valid, pitch_um / PITCH_UM, 0.0)


def _resampled(values, valid, scale, turn_deg):
    size = int(scale * max(values.shape) * (1.0 if turn_deg == 0.0 else 1.3))
    cos, sin = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    matrix = np.array([[cos, sin], [-sin, cos]]) / scale
    offset = (np.array(values.shape) - 1) / 2 - matrix @ np.full(2, (size - 1) / 2)
    weight, total = (
        ndimage.affine_transform(a, matrix, offset, (size, size), order=1)
        for a in (valid.astype(float), np.where(valid, values, 0.0))
    )
    inside = weight > 0.7
    return np.where(inside, total / np.maximum(weight, 1e-9), 0.0), inside


def _spectra(values, valid):
    return [fft.rfft2(a, (SIZE, SIZE)) for a in (valid.astype(float), values, values**2)]


def ccf_at(reference_spectra, reference_count, comparison, turn_deg):
    """Highest correlation over shifts that leave half of the smaller mark in common."""
    own = reference_spectra
    moved = _resampled(*comparison, 1.0, turn_deg)
    other = _spectra(*moved)

    def lagged(i, j):
        return fft.irfft2(own[i] * other[j], (SIZE, SIZE))

    n = np.maximum(lagged(0, 0), 1.0)
    sum_r, sum_c = lagged(1, 0), lagged(0, 1)
    spread = (lagged(2, 0) - sum_r**2 / n) * (lagged(0, 2) - sum_c**2 / n)
    ccf = (lagged(1, 1) - sum_r * sum_c / n) / np.sqrt(np.maximum(spread, 1e-3))
    return float(ccf[n > 0.5 * min(reference_count, moved[1].sum())].max())


def best_ccf(reference, comparison):
    """Highest correlation over turns, in steps of 3 and then of 0.75 degrees, and shifts."""
    own, count = [np.conj(s) for s in _spectra(*reference)], reference[1].sum()
    coarse = [ccf_at(own, count, comparison, turn) for turn in TURNS_DEG]
    near = TURNS_DEG[int(np.argmax(coarse))] + np.array([-2.25, -1.5, -0.75, 0.75, 1.5, 2.25])
    return max(*coarse, *(ccf_at(own, count, comparison, turn) for turn in near))
