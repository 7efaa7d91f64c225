"""A small picture of a mark, lit from the upper left."""

from __future__ import annotations

import cv2
import numpy as np

from ribin.comparison import Comparison
from ribin.model import Mark, ScanKind
from ribin.report.pictures import Frame, Motion, mark_center_px, shade_surface

_MARGIN = 1.04
_CONTRAST = 6.0  # deviations of grey from black to white, of an image


def thumbnail_png(mark: Mark, size_px: int = 160, motion: Motion | None = None) -> bytes:
    """A square PNG of a mark; transparent where nothing was measured.

    Parameters
    ----------
    motion : Motion, optional
        Takes the reference onto this mark: the picture shows the mark as the reference lies.
    """
    reach_um = _reach_um(mark)
    frame = Frame(2 * reach_um * _MARGIN / size_px, (size_px, size_px))
    grid = frame.grid_um().reshape(-1, 2)
    if motion is not None:
        grid = Motion(motion.rotation_deg, (0.0, 0.0)).apply(grid)
    places = (grid + _middle_um(mark)) / mark.pitch_um + mark_center_px(mark)
    rows, cols = places.astype(np.float32).reshape(*frame.size, 2).transpose(2, 0, 1)
    surface = np.asarray(cv2.remap(mark.surface, cols, rows, cv2.INTER_LINEAR), np.float32)
    share = cv2.remap(mark.valid.astype(np.float32), cols, rows, cv2.INTER_LINEAR)
    grey = _grey(mark, surface, np.asarray(share > 0.5))
    alpha = np.round(255 * np.clip(share, 0, 1)).astype(np.uint8)
    _, encoded = cv2.imencode(".png", np.dstack([grey, grey, grey, alpha]))
    return bytes(encoded.tobytes())


def motion_of(result: Comparison) -> Motion | None:
    """The motion that a comparison found; None where there is none."""
    return Motion(result.rotation_deg, result.shift_um) if result.compared else None


def _grey(mark: Mark, surface: np.ndarray, valid: np.ndarray) -> np.ndarray:
    if mark.kind is ScanKind.TOPOGRAPHY:
        return shade_surface(surface, valid)
    spread = float(surface[valid].std()) or 1.0 if valid.any() else 1.0
    return np.asarray(np.clip(127.5 + surface / spread * 255 / _CONTRAST, 0, 255), np.uint8)


def _middle_um(mark: Mark) -> np.ndarray:
    """The middle of what was measured, (row, col) from the mark's centre."""
    places = _places_um(mark)
    return np.asarray((places.min(axis=0) + places.max(axis=0)) / 2)


def _reach_um(mark: Mark) -> float:
    """How far what was measured reaches from its middle, so that it fits however it is turned."""
    away = _places_um(mark) - _middle_um(mark)
    return float(np.hypot(*away.T).max()) + mark.pitch_um


def _places_um(mark: Mark) -> np.ndarray:
    places = np.argwhere(mark.valid) if mark.valid.any() else np.array([(0, 0), mark.valid.shape])
    return np.asarray((places - mark_center_px(mark)) * mark.pitch_um)
