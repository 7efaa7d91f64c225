"""Sketches: the coarse search's copy of a mark, a byte a harmonic, and the query's moved ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.placement import disc_offsets
from ribin.model import BoolArray, FloatArray, MarkType, ScanKind, Template
from ribin.params.defaults import CorrelateParams, Params
from ribin.params_search import SketchParams
from ribin.surface.harmonics import Band, Harmonics, disc_harmonics, turn_coefficients

_LARGEST = 127  # of a byte


def sketch_mark(template: Template, params: Params) -> NDArray[np.int8]:
    """The harmonics of a mark's medium surface, scaled so that the largest is +-127.

    Returns
    -------
    (K,) int8 array
        Strongest mode of the disc first; all 0 where the surface holds nothing of the band.
    """
    planes = _harmonics(template.mark_type, template.kind, params).planes
    return _as_bytes((planes @ framed_surface(template, params).ravel())[None])[0]


def sketch_heights(
    heights: FloatArray, valid: BoolArray, mark_type: MarkType, params: Params
) -> NDArray[np.int8]:
    """Sketches of many topographies that share an outline, (N, K).

    Parameters
    ----------
    heights : (N, P) float32 array
        At the P measured pixels of a whole frame of the medium pitch, row by row.
    valid : (S, S) bool array
        True at those pixels; see `framed_surface`.
    """
    planes = _harmonics(mark_type, ScanKind.TOPOGRAPHY, params).planes
    return _as_bytes(heights @ planes[:, valid.ravel()].T)


def framed_surface(template: Template, params: Params, margin_px: int = 0) -> FloatArray:
    """The medium surface in the middle of the whole frame and a margin, 0 where not measured."""
    size = _frame_px(template.mark_type, template.kind, params)
    surface = np.where(template.arrays["medium_valid"], template.arrays["medium"], np.float32(0))
    around = (size - surface.shape[0]) // 2 + margin_px
    if around < 0:
        surface, around = surface[-around:around, -around:around], 0
    return np.pad(surface, around).astype(np.float32, copy=False)


def moved_sketches(
    query: Template, params: Params, shift_um: float, rotation_deg: float, harmonics: int
) -> NDArray[np.int8]:
    """The query at every turn and shift of the range, all of one length but for rounding.

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
    (M, harmonics) int8 array
        Shift by shift within each turn; the largest of all is +-127. A shift that leaves nothing
        within the disc gives 0.
    """
    method = params.of(query.mark_type, query.kind)
    basis = _harmonics(query.mark_type, query.kind, params)
    pitch_um = method.describe.medium_pitch_um
    step = max(1, round(shift_um / pitch_um))
    offsets = disc_offsets(method.correlate.shift_range_um / (pitch_um * step), 1).every * step
    reach = int(np.abs(offsets).max(initial=0))
    surface = framed_surface(query, params, reach)
    size = surface.shape[0] - 2 * reach
    shifted = np.empty((len(offsets), size * size), np.float32)
    for place, (row, col) in enumerate(offsets + reach):
        shifted[place] = surface[row : row + size, col : col + size].ravel()
    leading = basis.first(harmonics + 1)  # the last cosine is turned together with its sine
    coefficients = shifted @ leading.planes.T
    turned = turn_coefficients(coefficients, leading, _angles(method.correlate, rotation_deg))
    moves = turned.reshape(-1, turned.shape[-1])[:, :harmonics]
    length = np.sqrt(np.einsum("mk,mk->m", moves, moves))[:, None]
    moves *= np.divide(1.0, length, out=np.zeros_like(length), where=length > 0.0)
    return _as_bytes(moves.reshape(1, -1)).reshape(moves.shape)


def sketch_params(mark_type: MarkType, params: Params) -> SketchParams:
    """How marks of this type are sketched."""
    chosen: SketchParams = getattr(params.search, mark_type.value)
    return chosen


def _harmonics(mark_type: MarkType, kind: ScanKind, params: Params) -> Harmonics:
    how = sketch_params(mark_type, params)
    band = Band(how.finest_um, how.coarsest_um, how.inner_um, how.outer_um, how.edge_um)
    pitch_um = params.of(mark_type, kind).describe.medium_pitch_um
    return disc_harmonics(band, how.harmonics, _frame_px(mark_type, kind, params), pitch_um)


def _frame_px(mark_type: MarkType, kind: ScanKind, params: Params) -> int:
    method = params.of(mark_type, kind)
    return 2 * round(method.preprocess.frame_um / method.describe.medium_pitch_um / 2.0)


def _as_bytes(coefficients: FloatArray) -> NDArray[np.int8]:
    largest = np.abs(coefficients).max(axis=1, keepdims=True)
    scale = np.divide(_LARGEST, largest, out=np.zeros_like(largest), where=largest > 0.0)
    return np.rint(coefficients * scale).astype(np.int8)


def _angles(correlate: CorrelateParams, step_deg: float) -> NDArray[np.float64]:
    """Turns of the range, ends included, at most a step apart; the whole circle once."""
    reach_deg = correlate.rotation_range_deg
    steps = math.ceil(round(reach_deg / step_deg, 6))
    angles = np.linspace(-reach_deg, reach_deg, 2 * steps + 1)
    return angles[:-1] if reach_deg >= 180.0 else angles
