"""Sketches: the coarse search's copy of a mark, a byte a harmonic, and the query's moved ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.placement import disc_offsets
from ribin.harmonics import Band, Harmonics, disc_harmonics, turn_coefficients
from ribin.model import FloatArray, MarkType, Template
from ribin.params import CorrelateParams, Params
from ribin.params_search import SketchParams

_LARGEST = 127  # of a byte


def sketch_mark(template: Template, params: Params) -> NDArray[np.int8]:
    """The harmonics of a mark's medium surface, scaled so that the largest is +-127.

    Returns
    -------
    (K,) int8 array
        Strongest mode of the disc first; all 0 where the surface holds nothing of the band.
    """
    harmonics = _harmonics(template, params)
    coefficients = harmonics.planes @ _framed(template, params, 0).ravel()
    largest = float(np.abs(coefficients).max())
    scale = _LARGEST / largest if largest > 0.0 else 0.0
    return np.rint(coefficients * np.float32(scale)).astype(np.int8)


def moved_sketches(
    query: Template, params: Params, shift_um: float, rotation_deg: float, harmonics: int
) -> FloatArray:
    """The query at every turn and shift of the range, each of unit length.

    Parameters
    ----------
    query : Template
        Described with `params`.
    shift_um, rotation_deg : float
        Steps; shifts are whole pixels of the medium pitch.
    harmonics : int
        How many of the leading ones.

    Returns
    -------
    (M, harmonics) float32 array
        Shift by shift within each turn. A shift that leaves nothing within the disc gives 0.
    """
    method = params.of(query.mark_type, query.kind)
    basis = _harmonics(query, params)
    pitch_um = method.describe.medium_pitch_um
    step = max(1, round(shift_um / pitch_um))
    offsets = disc_offsets(method.correlate.shift_range_um / (pitch_um * step), 1).every * step
    reach = int(np.abs(offsets).max(initial=0))
    surface = _framed(query, params, reach)
    size = surface.shape[0] - 2 * reach
    shifted = np.empty((len(offsets), size * size), np.float32)
    for place, (row, col) in enumerate(offsets + reach):
        shifted[place] = surface[row : row + size, col : col + size].ravel()
    leading = basis.first(harmonics + 1)  # the last cosine is turned together with its sine
    coefficients = shifted @ leading.planes.T
    turned = turn_coefficients(coefficients, leading, _angles(method.correlate, rotation_deg))
    moves = turned.reshape(-1, turned.shape[-1])[:, :harmonics]
    length = np.sqrt(np.einsum("mk,mk->m", moves, moves))[:, None]
    return np.divide(moves, length, out=np.zeros_like(moves), where=length > 0.0)


def sketch_params(mark_type: MarkType, params: Params) -> SketchParams:
    """How marks of this type are sketched."""
    chosen: SketchParams = getattr(params.search, mark_type.value)
    return chosen


def _harmonics(template: Template, params: Params) -> Harmonics:
    how = sketch_params(template.mark_type, params)
    method = params.of(template.mark_type, template.kind)
    band = Band(how.finest_um, how.coarsest_um, how.inner_um, how.outer_um, how.edge_um)
    pitch_um = method.describe.medium_pitch_um
    size = 2 * round(method.preprocess.frame_um / pitch_um / 2.0)
    return disc_harmonics(band, how.harmonics, size, pitch_um)


def _framed(template: Template, params: Params, margin_px: int) -> FloatArray:
    """The medium surface in the middle of the whole frame and a margin, 0 where not measured."""
    method = params.of(template.mark_type, template.kind)
    size = 2 * round(method.preprocess.frame_um / method.describe.medium_pitch_um / 2.0)
    surface = np.where(template.arrays["medium_valid"], template.arrays["medium"], np.float32(0))
    around = (size - surface.shape[0]) // 2 + margin_px
    if around < 0:
        surface, around = surface[-around:around, -around:around], 0
    return np.pad(surface, around).astype(np.float32, copy=False)


def _angles(correlate: CorrelateParams, step_deg: float) -> NDArray[np.float64]:
    """Turns of the range: symmetric about 0, or the whole circle once."""
    steps = int(correlate.rotation_range_deg / step_deg)
    angles = np.asarray(np.arange(-steps, steps + 1) * step_deg)
    return angles[: int(360.0 / step_deg)]
