"""Masks that a person drew: white inside the mark, black outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ribin.model import BoolArray
from ribin.params_limits import ReadParams
from ribin.read.image import Pixels, decode_pixels

_HALF = 0.5
_DOUBTFUL = 0.1  # of the way from black to white, at either end
_MAX_DOUBTFUL = 0.02  # share of pixels between: the soft edges of a drawn line, not a picture


@dataclass(frozen=True, eq=False)
class DrawnMask:
    """A mask file decoded; `reason` says why it cannot be used, empty where it can.

    Attributes
    ----------
    inside : (H, W) bool array
        True inside the mark.
    """

    inside: BoolArray
    reason: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.inside.shape


def decode_mask(data: bytes, name: str, params: ReadParams) -> DrawnMask:
    """Decode a mask image of any format that RIBIN reads.

    White and opaque is inside, black or transparent is outside. Colours have a meaning only to
    the program that wrote them, so a coloured mask is decoded but given a `reason`.

    Raises
    ------
    FormatError, ScanError
        The image cannot be decoded.
    """
    return white_inside(decode_pixels(data, name, params))


def white_inside(pixels: Pixels) -> DrawnMask:
    """The mask that decoded pixels draw in white on black."""
    inside = pixels.valid & (pixels.grey > _HALF)
    doubtful = np.mean((pixels.grey > _DOUBTFUL) & (pixels.grey < 1.0 - _DOUBTFUL))
    if pixels.coloured:
        return DrawnMask(inside, "white on black needed, found colours")
    if doubtful > _MAX_DOUBTFUL:
        return DrawnMask(inside, f"white on black needed, found {doubtful:.0%} grey pixels")
    if not inside.any():
        return DrawnMask(inside, "no pixel inside it")
    return DrawnMask(inside)
