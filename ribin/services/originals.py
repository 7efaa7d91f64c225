"""The surface of an enrolled mark as it was measured, from the file as it was received."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from ribin.errors import RibinError
from ribin.extract.outlines import DECLARED_CAST, unfold_replica
from ribin.model import Mark
from ribin.params.defaults import Params
from ribin.read import read_scan
from ribin.view.measured import measured_surface
from ribin.view.surface import Surface, compared_surface

_LIKE = 0.1  # of the mark and of what it was cut from, correlated; a scan read otherwise has none


def measured_original(original: bytes, source: str, mark: Mark, params: Params) -> Surface | None:
    """The pixels on which a mark lies, read anew; None where they cannot be had so.

    A file that was read with a person's help, a pitch that it does not state, may not be readable
    without; and what was read otherwise than at enrolment would lie elsewhere. Neither is shown.

    Parameters
    ----------
    original : bytes
        The file as it was received.
    source : str
        Its name, whose ending says how to read it.
    """
    with tempfile.TemporaryDirectory(prefix="ribin-") as folder:
        path = Path(folder) / f"scan{Path(source).suffix}"
        path.write_bytes(original)
        try:
            scan = read_scan(path, params=params.read)
            if any(note.lower().startswith(DECLARED_CAST) for note in mark.provenance.notes):
                scan = unfold_replica(scan)
            surface = measured_surface(scan, mark, params)
        except RibinError:
            return None
    return surface if _likeness(surface, mark) > _LIKE else None


def _likeness(surface: Surface, mark: Mark) -> float:
    """Correlation of a mark with the nearest pixels of what it was cut from."""
    band = compared_surface(mark)
    places = np.argwhere(band.valid)
    um = places * mark.pitch_um + np.array(band.origin_um)
    pixels = np.rint((um - np.array(surface.origin_um)) / np.array(surface.pitch_um)).astype(int)
    inside = ((pixels >= 0) & (pixels < surface.values.shape)).all(axis=1)
    pixels, places = pixels[inside], places[inside]
    measured = surface.valid[tuple(pixels.T)]
    one = band.values[tuple(places[measured].T)]
    two = surface.values[tuple(pixels[measured].T)]
    if one.size < 100 or one.std() == 0.0 or two.std() == 0.0:
        return 0.0
    return float(np.corrcoef(one, two)[0, 1])
