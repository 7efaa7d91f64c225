"""Rendered images as PNG files that state their pitch, with a mask beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ribin.errors import ParameterError
from ribin.model import Scan
from ribin.units import UM_PER_INCH


def write_png(scan: Scan, path: str | Path, *, masked: bool = True) -> None:
    """Write an image of 8 bit, and NAME.mask.png beside it.

    The file states its pitch (pHYs) and its lighting (text `Lighting`). The mask
    is white where the mark was measured. A rendering of a whole head wants none: a mask beside a
    scan says that somebody outlined the mark.

    Raises
    ------
    ParameterError
        The name does not end in .png, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ParameterError(f"{path}: a name that ends in .png needed")
    inside = scan.valid if scan.mark_valid is None else scan.valid & scan.mark_valid
    grey = np.rint(scan.values * 255.0).astype(np.uint8)
    density = (UM_PER_INCH / scan.col_pitch_um, UM_PER_INCH / scan.row_pitch_um)
    about = PngInfo()
    if scan.provenance.lighting:
        about.add_text("Lighting", scan.provenance.lighting)
    about.add_text("Comment", " ".join(scan.provenance.notes[-1:]))
    try:
        Image.fromarray(grey).save(path, dpi=density, pnginfo=about)
        if masked:
            mask = Image.fromarray(np.where(inside, 255, 0).astype(np.uint8))
            mask.save(path.with_suffix(".mask.png"), dpi=density)
    except OSError as error:
        raise ParameterError(f"{path}: a PNG file to write needed, {error.strerror}") from error
