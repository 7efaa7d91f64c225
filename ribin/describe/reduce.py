"""A surface on a coarser grid, and with its relief evened out."""

from __future__ import annotations

import numpy as np

from ribin.model import BoolArray, FloatArray
from ribin.params.defaults import HEIGHT_STEP
from ribin.surface._jit import kernel


@kernel
def _reduce(surface, valid, factor, out, out_valid):
    half = factor * factor / 2.0
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            total = 0.0
            measured = 0
            for i in range(r * factor, (r + 1) * factor):
                for j in range(c * factor, (c + 1) * factor):
                    if valid[i, j]:
                        total += surface[i, j]
                        measured += 1
            inside = measured >= half
            out_valid[r, c] = inside
            out[r, c] = total / measured if inside else 0.0


def reduce_surface(
    surface: FloatArray, valid: BoolArray, factor: int
) -> tuple[FloatArray, BoolArray]:
    """Average `factor` x `factor` pixels into one, measured where half of them are.

    (factor * H, factor * W) float32, bool -> (H, W) means, 0 where not measured, and their mask.
    """
    shape = (surface.shape[0] // factor, surface.shape[1] // factor)
    out, out_valid = np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
    _reduce(surface, valid, factor, out, out_valid)
    return out, out_valid


def clip_relief(surface: FloatArray, valid: BoolArray, clip_mads: float) -> FloatArray:
    """Cut off relief beyond `clip_mads` scaled median deviations from 0."""
    heights = surface[valid]
    limit = clip_mads * 1.4826 * float(np.median(np.abs(heights))) if heights.size else 0.0
    return np.clip(surface, -limit, limit)


def even_out(surface: FloatArray, valid: BoolArray, clip_mads: float) -> FloatArray:
    """Cut off relief beyond `clip_mads` scaled median deviations, scale to unit RMS, and round.

    Heights that stand out that far are dirt, edges or dropouts of the instrument; left in, a few
    of them carry the correlation. Rounded are heights to the middle of steps of `HEIGHT_STEP`, so
    that a measured one is never 0. Shapes as in `reduce_surface`; 0 where not `valid`. A surface
    without relief stays 0.
    """
    clipped = clip_relief(surface, valid, clip_mads)
    energy = np.mean(np.square(clipped[valid], dtype=np.float64)) if valid.any() else 0.0
    rms = float(np.sqrt(energy))
    if rms == 0.0:
        return np.zeros_like(surface)
    steps = np.floor(clipped / np.float32(rms * HEIGHT_STEP)) + np.float32(0.5)
    return np.where(valid, steps * np.float32(HEIGHT_STEP), np.float32(0))
