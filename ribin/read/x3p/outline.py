"""The outline of the mark that a person drew in an X3P file: `mask.png`, in two conventions.

Where main.xml states no colours, white is inside and black outside, as in files met in the field.
x3ptools (R) and FiX3P write a raster of colours, state the `Background` of it and what each colour
means: all that is not background is inside, or the breech face where the colours tell it from
other regions.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ribin.errors import ScanError
from ribin.model import BoolArray
from ribin.params.defaults import ReadParams
from ribin.read.image import DrawnMask, decode_pixels, white_inside
from ribin.read.raster import Pixels
from ribin.read.x3p.archive import Archive
from ribin.read.x3p.axes import View
from ribin.read.x3p.main_xml import StatedHeader

_MASK, _OTHER_MASK = "mask.png", "mask.bin"
_BYTES_PER_PIXEL = 8  # four channels of 16 bit, not compressed at all
_ROOM = 64 << 10  # bytes for the header and the text of a small image
_SAME_COLOUR = 16  # of 255 in any channel: what resampling and rounding change
_HEX = re.compile(r"#([0-9a-fA-F]{6})(?:[0-9a-fA-F]{2})?")
_NAMED = {"black": (0, 0, 0), "white": (255, 255, 255)}
_BREECH_FACE = re.compile(r"breech", re.IGNORECASE)


def read_outline(
    archive: Archive,
    shape: tuple[int, ...],
    header: StatedHeader,
    view: View,
    name: str,
    params: ReadParams,
) -> tuple[BoolArray | None, tuple[str, ...]]:
    """The mask as displayed, True inside, and notes; it lies on the stored matrix of `shape`.

    Raises FormatError: the image is damaged. Raises ScanError: it has another shape than the
    surface.
    """
    notes = tuple(
        f"Mask {path} not used: a mask in this form is not read."
        for path in archive.paths
        if path.rsplit("/", 1)[-1].lower() == _OTHER_MASK
    )
    found = [path for path in archive.paths if path.rsplit("/", 1)[-1].lower() == _MASK]
    if not found:
        return None, notes
    path = min(found, key=lambda p: (p.lower() != f"bindata/{_MASK}", p))
    count = shape[0] * shape[1]
    content = archive.unpack(path, count * _BYTES_PER_PIXEL + _ROOM)
    limited = replace(params, max_pixels=min(params.max_pixels, 4 * count))
    pixels = decode_pixels(content, f"{name}: {path}", limited)
    if pixels.grey.shape != shape:
        raise ScanError(
            f"{name}: mask {path} must be {shape[0]} x {shape[1]} pixels like the surface, "
            f"found {pixels.grey.shape[0]} x {pixels.grey.shape[1]}"
        )
    mask, how = _inside(pixels, header)
    if mask.reason:
        return None, (*notes, f"Mask {path} not used: {mask.reason}{how}.")
    placed: BoolArray = np.ascontiguousarray(view.placed(mask.inside))
    share = float(np.mean(mask.inside))
    return placed, (*notes, f"Mask {path} of the file: {share:.1%} of the pixels inside{how}.")


def _inside(pixels: Pixels, header: StatedHeader) -> tuple[DrawnMask, str]:
    """The mask and how it was understood; a background that no pixel has is no statement on it."""
    if not header.background:
        return white_inside(pixels), ""
    stated = header.background[:40]
    background = _colour(header.background)
    outside = None if background is None else _alike(pixels, background)
    if outside is None or not outside.any():
        return white_inside(pixels), f" (its Background {stated!r} is not in it)"
    marked = [(_colour(colour), meaning) for colour, meaning in header.annotations]
    faces = [colour for colour, meaning in marked if colour and _BREECH_FACE.search(meaning)]
    how = f", Background {stated} outside"
    inside = pixels.valid & ~outside
    if faces and len(faces) < len(marked):
        inside &= np.any([_alike(pixels, colour) for colour in faces], axis=0)
        how += ", as is all that is not annotated as breech face"
    elif header.annotations:
        how += ", annotated " + ", ".join(repr(meaning) for _, meaning in header.annotations[:9])
    return DrawnMask(inside, "" if inside.any() else "no pixel inside it"), how


def _alike(pixels: Pixels, colour: tuple[int, ...]) -> NDArray[np.bool_]:
    """(H, W), True where a pixel has this colour (red, green, blue), whether transparent or not."""
    stored = pixels.colours.astype(np.float32) * np.float32(255.0 / pixels.white)
    if stored.ndim == 2:
        if len(set(colour)) > 1:  # a picture without hues has no pixel of a hue
            return np.zeros(stored.shape, bool)
        stored, colour = stored[..., np.newaxis], colour[:1]
    alike: NDArray[np.bool_] = np.all(np.abs(stored - np.array(colour)) <= _SAME_COLOUR, axis=2)
    return alike


def _colour(stated: str) -> tuple[int, ...] | None:
    """Red, green and blue from 0 to 255; None where it is written in another way."""
    if stated.lower() in _NAMED:
        return _NAMED[stated.lower()]
    found = _HEX.fullmatch(stated)
    return tuple(bytes.fromhex(found[1])) if found else None
