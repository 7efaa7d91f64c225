"""From the scan's grid to the frame of a mark: square, centred, at the working pitch."""

from __future__ import annotations

import numpy as np

from ribin.model import BoolArray, FloatArray
from ribin.surface._jit import kernel


@kernel
def _resample(surface, weight, row0, col0, row_step, col_step, out, out_valid):
    height, width = surface.shape
    for r in range(out.shape[0]):
        y = row0 + r * row_step
        i = int(np.floor(y))
        fy = y - i
        for c in range(out.shape[1]):
            x = col0 + c * col_step
            j = int(np.floor(x))
            fx = x - j
            total = 0.0
            measured = 0.0
            for di in range(2):
                for dj in range(2):
                    ii = i + di
                    jj = j + dj
                    if 0 <= ii < height and 0 <= jj < width:
                        share = (fy if di else 1.0 - fy) * (fx if dj else 1.0 - fx)
                        share *= weight[ii, jj]
                        total += share * surface[ii, jj]
                        measured += share
            inside = measured >= 0.5
            out_valid[r, c] = inside
            out[r, c] = total / measured if inside else 0.0


def resample_to_frame(
    surface: FloatArray,
    valid: BoolArray,
    pitch_um: tuple[float, float],
    center_px: tuple[float, float],
    out_pitch_um: float,
    out_size_px: int,
) -> tuple[FloatArray, BoolArray]:
    """Sample a surface bilinearly on a square grid around a centre.

    The surface must hold no wavelength shorter than twice `out_pitch_um`: smooth it first.

    Parameters
    ----------
    surface : (H, W) float32 array
        Values; ignored where not `valid`.
    valid : (H, W) bool array
        True where measured. A sample is measured where at least half of its weight is.
    pitch_um : (float, float)
        Distance of rows and of columns.
    center_px : (float, float)
        Row and column that fall on the middle of the frame.
    out_pitch_um, out_size_px : float, int
        Pitch and side of the frame, N pixels.

    Returns
    -------
    (N, N) float32 array, (N, N) bool array
        Values, 0 where not measured, and the mask.
    """
    out = np.zeros((out_size_px, out_size_px), np.float32)
    out_valid = np.zeros((out_size_px, out_size_px), np.bool_)
    half = (out_size_px - 1) / 2.0
    row_step, col_step = out_pitch_um / pitch_um[0], out_pitch_um / pitch_um[1]
    _resample(
        np.ascontiguousarray(surface, np.float32),
        valid.astype(np.float32),
        center_px[0] - half * row_step,
        center_px[1] - half * col_step,
        row_step,
        col_step,
        out,
        out_valid,
    )
    return out, out_valid
