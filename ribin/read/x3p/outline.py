"""The outline of the mark that a person drew in an X3P file: `mask.png`, in two conventions.

Where main.xml states no colours, white is inside and black outside, as in files met in the field.
x3ptools (R) and FiX3P write a raster of colours, state the `Background` of it and annotate what
each colour means. A region counts where its annotation says breech face; of a mask without
annotations the one colour that it has.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from ribin.errors import ScanError
from ribin.model import BoolArray
from ribin.params.defaults import ReadParams
from ribin.read.image import DrawnMask, decode_pixels, white_inside
from ribin.read.raster import Pixels
from ribin.read.x3p.archive import Archive
from ribin.read.x3p.axes import Orientation
from ribin.read.x3p.main_xml import StatedHeader

_MASK, _OTHER_MASK = "mask.png", "mask.bin"
_BYTES_PER_PIXEL = 8  # four channels of 16 bit, not compressed at all
_ROOM = 64 << 10  # bytes for the header and the text of a small image
_SAME_COLOUR = 16  # of 255 in any channel: what resampling and rounding change
_LEAST_SHARE = 0.01  # of the drawn pixels; rarer colours lie on soft edges
_BREECH_FACE = re.compile(r"breech|breach|(?<![a-z])b\.? ?f\.?(?:i|r)?(?![a-z])", re.IGNORECASE)
_NOT = re.compile(
    r"(?<![a-z])(?:not?|non(?:breech|breach|bf)?|never|without|outside|beyond|background|but|rest"
    r"|except\w*|exclu\w*|ignor\w*|omit\w*|mask(?:ed)? out|unusable)(?![a-z])",
    re.IGNORECASE,
)


def read_outline(
    archive: Archive,
    shape: tuple[int, ...],
    header: StatedHeader,
    view: Orientation,
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
    background = _colour(header.background)
    outside = _alike(pixels, background) if background else np.zeros(pixels.grey.shape, bool)
    how = f", Background {header.background[:40]} outside" if outside.any() else ""
    drawn = pixels.valid & ~outside
    marked = [
        (_alike(pixels, colour) & drawn, meaning)
        for stated, meaning in header.annotations
        if (colour := _colour(stated))
    ]
    if any(region.any() for region, _ in marked):
        mask, understood = _named(drawn, marked)
        return mask, how + understood
    if not outside.any():
        stated = header.background[:40]
        return white_inside(pixels), f" (its Background {stated!r} is not in it)" if stated else ""
    if not drawn.any():
        return DrawnMask(drawn, "no pixel inside it"), how
    mask, understood = _unnamed(pixels, drawn)
    return mask, how + understood


def _named(drawn: BoolArray, marked: list[tuple[BoolArray, str]]) -> tuple[DrawnMask, str]:
    """Of a mask with annotations the regions that they name as breech face, and only these."""
    how = ", annotated " + ", ".join(repr(meaning) for _, meaning in marked[:9])
    inside = np.any([region & _says_breech_face(meaning) for region, meaning in marked], axis=0)
    if not inside.any():
        return DrawnMask(inside, "no region annotated as breech face"), how
    left_out = float(np.mean(drawn & ~inside))
    if left_out > 0:
        how += f"; {left_out:.1%} of the pixels left out, not annotated as breech face"
    return DrawnMask(inside), how


def _unnamed(pixels: Pixels, drawn: BoolArray) -> tuple[DrawnMask, str]:
    """Of a mask without annotations its one colour; what several mean, nobody can know."""
    colours = _colours(pixels, drawn)
    names = ", ".join("#" + bytes(colour).hex() for colour in colours[:9])
    if len(colours) > 1:
        return DrawnMask(drawn, "several colours, and no annotation says which is breech face"), (
            f" ({names})"
        )
    return DrawnMask(drawn), f", the colour {names} taken for breech face: no annotation names it"


def _says_breech_face(meaning: str) -> bool:
    return bool(_BREECH_FACE.search(meaning)) and not _NOT.search(meaning)


def _colours(pixels: Pixels, drawn: BoolArray) -> list[tuple[int, ...]]:
    """The colours of the drawn pixels, the most frequent first, without the soft edges between."""
    stored = _of_255(pixels)[drawn]
    found, counts = np.unique(np.round(stored).astype(np.uint8), axis=0, return_counts=True)
    colours: list[tuple[int, ...]] = []
    for number in np.argsort(-counts, kind="stable"):
        colour = tuple(int(part) for part in np.broadcast_to(found[number], 3))
        apart = [max(abs(a - b) for a, b in zip(colour, c, strict=True)) for c in colours]
        often = counts[number] >= _LEAST_SHARE * len(stored)
        if not colours or (often and min(apart) > _SAME_COLOUR):
            colours.append(colour)
    return colours


def _of_255(pixels: Pixels) -> NDArray[np.float32]:
    """(H, W, 1 or 3) from 0 to 255."""
    stored = pixels.colours.astype(np.float32) * np.float32(255.0 / pixels.white)
    return stored[..., np.newaxis] if stored.ndim == 2 else stored


def _alike(pixels: Pixels, colour: tuple[int, ...]) -> NDArray[np.bool_]:
    """(H, W), True where a pixel has this colour (red, green, blue), whether transparent or not."""
    stored = _of_255(pixels)
    if stored.shape[2] == 1:
        if len(set(colour)) > 1:  # a picture without hues has no pixel of a hue
            return np.zeros(stored.shape[:2], bool)
        colour = colour[:1]
    alike: NDArray[np.bool_] = np.all(np.abs(stored - np.array(colour)) <= _SAME_COLOUR, axis=2)
    return alike


def _colour(stated: str) -> tuple[int, ...] | None:
    """Red, green and blue from 0 to 255; None where it is written in another way."""
    try:
        return ImageColor.getrgb(stated.strip())[:3]
    except ValueError:
        return None
