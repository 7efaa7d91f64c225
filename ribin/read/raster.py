"""The samples of an image file as a decoder gives them, and how they become pixels as displayed.

A decoder undoes what its format alone knows: compression, palettes, tiles, and that 0 may be white.
What all formats share is done here, once: unused bits, orientation, alpha, luminance.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray
from ribin.read.pitch import StatedPitch

# EXIF 2.32, 4.6.4 A, Orientation: whether rows and columns are exchanged, then what is flipped.
_ORIENTATIONS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
ORIENTATION = 274  # the tag of TIFF and EXIF
_DEEP_WHITE = 65535
_FEWER_BITS = (8, 10, 12, 14)  # of cameras that write 16


@dataclass(frozen=True, eq=False)
class Raster:
    """An image as stored: (H, W) grey or (H, W, 3) red, green and blue; black is 0."""

    reader: str  # program and version that decoded the file
    samples: NDArray  # uint8 or uint16
    white: int  # the sample that is white
    alpha: NDArray | None = None  # (H, W), opaque where it is `white`
    orientation: int = 1  # TIFF and EXIF code 1 to 8; 1 is as stored
    pitches: tuple[StatedPitch, ...] = ()  # of rows and columns as stored
    lighting: str = ""  # as `ribin.model` writes it
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Pixels:
    """An image as displayed."""

    reader: str
    grey: FloatArray  # (H, W) luminance from 0 to 1
    valid: BoolArray  # (H, W), False where the image is transparent
    colours: NDArray  # (H, W) or (H, W, 3) red first, from 0 to `white`
    white: int
    coloured: bool  # whether any pixel has a hue
    pitches: tuple[StatedPitch, ...]  # of the rows and columns of `grey`
    lighting: str
    notes: tuple[str, ...]


def white_of(samples: NDArray, white: int) -> tuple[int, tuple[str, ...]]:
    """The sample that is white, and a note where fewer bits are used than are stored.

    A camera of 12 bits that writes 16 leaves the upper ones empty: its white is 4095.
    """
    if white != _DEEP_WHITE:
        return white, ()
    top = int(samples.max(initial=0))
    bits = next((bits for bits in _FEWER_BITS if top < 1 << bits), 16)
    if bits == 16:
        return white, ()
    used = (1 << bits) - 1
    return used, (f"16 bit with values up to {top}: read as {bits} bit, {used} is white.",)


def alpha_to(white: int, alpha: NDArray, stated: int) -> NDArray:
    """Alpha from 0 to `white`; it is stored from 0 to `stated`, or to `white` as other samples."""
    full = white if int(alpha.max(initial=0)) <= white else stated
    return np.round(alpha * (white / full)).astype(alpha.dtype)


def displayed(raster: Raster) -> Pixels:
    """Colour becomes luminance (ITU-R BT.601), transparent is not valid, row 0 is at the top."""
    notes = raster.notes
    code = raster.orientation if raster.orientation in _ORIENTATIONS else 1
    if code != 1:
        notes += (f"Orientation {code} of the header was carried out.",)
    colours = _turned(raster.samples, code)
    coloured = colours.ndim == 3 and bool(np.ptp(colours, axis=2).any())
    luminance = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY) if colours.ndim == 3 else colours
    grey = luminance.astype(np.float32) / np.float32(raster.white)
    valid = np.ones(grey.shape, bool)
    if raster.alpha is not None:
        valid = _turned(raster.alpha, code) > raster.white / 2
    transposed = _ORIENTATIONS[code][0]
    pitches = tuple(pitch.transposed() if transposed else pitch for pitch in raster.pitches)
    return Pixels(
        raster.reader, grey, valid, colours, raster.white, coloured, pitches, raster.lighting, notes
    )


def _turned(stored: NDArray, code: int) -> NDArray:
    transpose, flip_rows, flip_cols = _ORIENTATIONS[code]
    stored = stored.swapaxes(0, 1) if transpose else stored
    stored = stored[::-1] if flip_rows else stored
    stored = stored[:, ::-1] if flip_cols else stored
    return np.ascontiguousarray(stored)
