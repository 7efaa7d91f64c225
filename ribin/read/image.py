"""Optical images: PNG, TIFF, BMP and JPEG, grey or colour, 8 or 16 bit, decoded by OpenCV."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.errors import FormatError, ScanError
from ribin.model import BoolArray, FloatArray, ScanKind
from ribin.params_limits import ReadParams
from ribin.read.file import Reading
from ribin.read.image_header import ImageHeader, read_image_header
from ribin.read.original import Original
from ribin.units import UM_PER_INCH, UM_PER_MM

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


@dataclass(frozen=True, eq=False)
class Pixels:
    """A decoded image.

    Attributes
    ----------
    grey : (H, W) float32 array
        Luminance from 0 to 1.
    valid : (H, W) bool array
        False where the image is transparent.
    colours : (H, W) or (H, W, 3) array
        As stored, 8 or 16 bit, blue first.
    coloured : bool
        Whether any pixel has a hue.
    header : ImageHeader
        What the file says besides; its pitch belongs to the rows and columns of `grey`.
    """

    grey: FloatArray
    valid: BoolArray
    colours: NDArray
    coloured: bool
    header: ImageHeader


def decode_pixels(data: bytes, name: str, params: ReadParams) -> Pixels:
    """Decode an image; colour becomes luminance (ITU-R BT.601), transparent is not valid.

    Raises
    ------
    FormatError
        The image is truncated, damaged, or neither 8 nor 16 bit.
    ScanError
        Several pictures, or a size that cannot be used.
    """
    header = read_image_header(data, name, params)
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # said below, once
    try:
        stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise FormatError(f"{name}: OpenCV cannot decode this {header.format}") from error
    finally:
        cv2.utils.logging.setLogLevel(level)
    if stored is None:
        raise FormatError(f"{name}: OpenCV cannot decode this {header.format}")
    if stored.dtype not in (np.uint8, np.uint16):
        raise FormatError(f"{name}: 8 or 16 bit needed, found {stored.dtype}")
    stored, header = _upright(stored, header)
    white = 255.0 if stored.dtype == np.uint8 else 65535.0
    colours, alpha = _split_alpha(stored)
    coloured = colours.ndim == 3 and bool(np.ptp(colours, axis=2).any())
    luminance = cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY) if colours.ndim == 3 else colours
    grey = luminance.astype(np.float32) / np.float32(white)
    valid = alpha > white / 2 if alpha is not None else np.ones(grey.shape, bool)
    return Pixels(grey, valid, colours, coloured, header)


def read_optical(original: Original, pixel_pitch_um: float | None, params: ReadParams) -> Reading:
    """Decode an optical image; `pixel_pitch_um` wins over the density of the file.

    Raises
    ------
    FormatError
        As `decode_pixels`.
    ScanError
        As `decode_pixels`; or no pitch is given, and the file states none that can be true.
    """
    name = original.name
    pixels = decode_pixels(original.data, name, params)
    header = pixels.header
    row_um, col_um = header.row_pitch_um, header.col_pitch_um
    notes: tuple[str, ...] = ()
    if pixel_pitch_um is not None:
        stated = f"{row_um:.6g} x {col_um:.6g} um" if row_um else "none"
        notes += (f"Pixel pitch of {pixel_pitch_um:.6g} um given; the file states {stated}.",)
        row_um = col_um = pixel_pitch_um
    else:
        _check_density(row_um, col_um, pixels.grey.shape, name, params)
    if pixels.coloured:
        notes += ("Colours were converted to luminance.",)
    if header.orientation in _ORIENTATIONS and header.orientation != 1:
        notes += (f"Orientation {header.orientation} of the header was carried out.",)
    return Reading(
        values=np.where(pixels.valid, pixels.grey, np.float32(0.0)),
        valid=pixels.valid,
        row_pitch_um=row_um,
        col_pitch_um=col_um,
        kind=ScanKind.IMAGE,
        reader=f"OpenCV {cv2.__version__}",
        notes=notes,
        lighting=header.lighting,
    )


def _check_density(
    row_um: float, col_um: float, shape: tuple[int, ...], name: str, params: ReadParams
) -> None:
    """Refuse no density, and one that a program wrote because it had to write something."""
    if row_um == 0:
        raise ScanError(f"{name}: the image states no pixel pitch, give --pixel-pitch-um")
    field_mm = max(shape[0] * row_um, shape[1] * col_um) / UM_PER_MM
    if max(row_um, col_um) > params.max_pitch_um or field_mm > params.max_field_mm:
        raise ScanError(
            f"{name}: {UM_PER_INCH / col_um:.4g} dpi is a placeholder, no measured pitch "
            f"({col_um:.4g} um a pixel, {field_mm:.4g} mm across, at most "
            f"{params.max_field_mm:g} mm believed), give --pixel-pitch-um"
        )


def _upright(stored: NDArray, header: ImageHeader) -> tuple[NDArray, ImageHeader]:
    """The pixels as displayed. OpenCV carries out the orientation of TIFF itself, of others not."""
    transpose, flip_rows, flip_cols = _ORIENTATIONS.get(header.orientation, _ORIENTATIONS[1])
    if transpose:
        header = replace(header, row_pitch_um=header.col_pitch_um, col_pitch_um=header.row_pitch_um)
    if header.format != "TIFF":
        stored = stored.swapaxes(0, 1) if transpose else stored
        stored = stored[::-1] if flip_rows else stored
        stored = stored[:, ::-1] if flip_cols else stored
    return np.ascontiguousarray(stored), header


def _split_alpha(stored: NDArray) -> tuple[NDArray, NDArray | None]:
    """Grey (H, W) or BGR (H, W, 3), and the alpha channel where there is one."""
    if stored.ndim == 3 and stored.shape[2] in (2, 4):
        stored, alpha = stored[..., :-1], stored[..., -1]
    else:
        alpha = None
    if stored.ndim == 3 and stored.shape[2] == 1:
        stored = stored[..., 0]
    return np.ascontiguousarray(stored), alpha
