"""X3P (ISO 25178-72, ISO 5436-2): heights, pitch, outline and what the header says of them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import x3pio
from numpy.typing import NDArray

from ribin.errors import FormatError, ScanError
from ribin.model import BoolArray, ScanKind
from ribin.params.defaults import ReadParams
from ribin.read.file import Original, Reading, check_size, quoted_error
from ribin.read.image import DrawnMask, Pixels, decode_pixels, white_inside
from ribin.read.x3p_archive import Archive
from ribin.read.x3p_header import StatedHeader, read_header
from ribin.read.x3p_main import read_description
from ribin.read.x3p_points import unpack_points
from ribin.read.x3p_units import View, heights_in_um, pitch_in_um, smallest_integer, view_of_axes

_LONGEST_TEXT = 200  # characters of a metadata field that are kept


def read_x3p(original: Original, pixel_pitch_um: float | None, params: ReadParams) -> Reading:
    """Decode an X3P file of one areal surface on a regular grid.

    The stated checksums are verified before anything is repaired. Heights are not moved, scaled
    or turned beyond what the header asks for; see `x3p_axes` for the view and `x3p_units` for
    the units. The offset of z is not added: it is a constant. `pixel_pitch_um` is not used, and
    a note says so.

    Raises
    ------
    FormatError
        Not X3P, damaged, against a checksum, or with a deviation that is not known.
    ScanError
        A profile, a point cloud, several layers, an irregular grid, or a size or relief that
        cannot be used.
    """
    name = original.name
    archive = Archive(original.data, name, params)
    description = read_description(archive, name, params)
    info = _decode(x3pio.info, description.packed_with({}), name)
    _check_surface(info, name, params)
    stated = read_header(description.main, info, name)
    points = unpack_points(archive, stated, info, name)
    file = _decode(x3pio.read, description.packed_with(points.members), name)

    header = file.header
    view = view_of_axes(
        (header.x.increment, header.y.increment, header.z.increment),
        stated.origin,
        file.placement.rotation,
        name,
        params,
    )
    z_type, listed = header.z.data_type.value, bool(stated.valid_link)
    no_height = None if listed else smallest_integer(z_type, header.z.increment)
    heights = heights_in_um(file.layers[0].z, name, params, no_height)
    x_pitch_um, x_repairs = pitch_in_um(header.x.increment, "x", params)
    y_pitch_um, y_repairs = pitch_in_um(header.y.increment, "y", params)
    notes = (*description.notes, *points.notes)
    if pixel_pitch_um is not None:
        notes += (
            f"Pixel pitch of {pixel_pitch_um:.6g} um given and not used: X3P states its own.",
        )
    repairs = (*description.repairs, *points.repairs, *stated.repairs)
    values = np.ascontiguousarray(view.placed(heights.values))
    mark_valid, mask_notes = read_outline(archive, heights.valid.shape, stated, view, name, params)
    return Reading(
        values=-values if view.negate else values,
        valid=np.ascontiguousarray(view.placed(heights.valid)),
        row_pitch_um=x_pitch_um if view.transpose else y_pitch_um,
        col_pitch_um=y_pitch_um if view.transpose else x_pitch_um,
        kind=ScanKind.TOPOGRAPHY,
        reader=f"x3pio {x3pio.__version__}",
        instrument=_instrument(file.metadata),
        creator=_one_line(file.metadata.creator if file.metadata else ""),
        measured_on=_stated_date(stated.date),
        repairs=(*repairs, *x_repairs, *y_repairs, *heights.repairs),
        notes=(*notes, *view.notes, *heights.notes, *mask_notes),
        mark_valid=mark_valid,
    )


def _decode(decode: Callable[[io.BytesIO], Any], data: bytes, name: str) -> Any:
    """What x3pio makes of an archive, with its errors told as one of RIBIN."""
    try:
        with np.errstate(all="ignore"):  # numbers too large become not measured
            return decode(io.BytesIO(data))
    except x3pio.X3pChecksumError as error:
        raise FormatError(
            f"{name}: the data was changed or damaged, {quoted_error(error)}"
        ) from error
    except (x3pio.X3pError, ValueError, LookupError, OverflowError) as error:
        raise FormatError(f"{name}: not readable as X3P, {quoted_error(error)}") from error


def _check_surface(info: Any, name: str, params: ReadParams) -> None:
    if info.feature_type.value != "SUR":
        found = {"PRF": "a profile", "PCL": "a point cloud"}[info.feature_type.value]
        raise ScanError(f"{name}: a surface needed, found {found}")
    if info.layer_count != 1:
        raise ScanError(f"{name}: one layer needed, found {info.layer_count}")
    if not (info.header.x.is_incremental and info.header.y.is_incremental):
        raise ScanError(f"{name}: a regular grid needed, found stored x or y coordinates")
    height, width = info.shape
    check_size(height, width, name, params)


def _instrument(metadata: Any) -> str:
    if metadata is None:
        return ""
    unit = metadata.instrument
    return _one_line(" ".join((unit.manufacturer, unit.model, unit.serial, unit.version)))


def _stated_date(stated: str) -> str:
    # x3pio gives a time without a zone the zone of this machine; the file's own words are kept.
    try:
        datetime.fromisoformat(stated)
    except ValueError:
        return ""
    return stated


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())[:_LONGEST_TEXT]


# The outline of the mark that a person drew in an X3P file: `mask.png`, in two conventions.
#
# Where main.xml states no colours, white is inside and black outside, as in files met in the
# field. x3ptools (R) and FiX3P write a raster of colours, state the `Background` of it and what
# each colour means: all that is not background is inside, or the breech face where the colours
# tell it from other regions.

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

    Raises
    ------
    FormatError
        The image is damaged.
    ScanError
        It has another shape than the surface.
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
    stored = pixels.colours
    step = np.iinfo(stored.dtype).max // 255
    if stored.ndim == 2:
        if len(set(colour)) > 1:  # a picture without hues has no pixel of a hue
            return np.zeros(stored.shape, bool)
        stored, colour = stored[..., np.newaxis], colour[:1]
    difference = np.abs(stored.astype(np.int32) - np.array(colour[::-1]) * step)
    alike: NDArray[np.bool_] = np.all(difference <= _SAME_COLOUR * step, axis=2)
    return alike


def _colour(stated: str) -> tuple[int, ...] | None:
    """Red, green and blue from 0 to 255; None where it is written in another way."""
    if stated.lower() in _NAMED:
        return _NAMED[stated.lower()]
    found = _HEX.fullmatch(stated)
    return tuple(bytes.fromhex(found[1])) if found else None
