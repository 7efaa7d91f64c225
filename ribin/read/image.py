"""Optical images and drawn masks: PNG, TIFF, BMP and JPEG, grey or colour, 8 or 16 bit.

OpenCV gives the pixels and nothing else. Pillow reads the headers of all four formats, and proves
that a file is whole before OpenCV, which fills what is missing with grey and says so on stderr
only. BMP and JPEG carry no checksum: what was changed inside them, with their length kept, cannot
be told from what was measured.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ribin.errors import FormatError, RibinError, ScanError
from ribin.model import (
    UM_PER_INCH,
    UM_PER_MM,
    BoolArray,
    FloatArray,
    Scan,
    ScanKind,
    known_lighting,
)
from ribin.params.defaults import ReadParams
from ribin.read.file import Original, check_size, quoted_error

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
_FORMATS = ("PNG", "TIFF", "BMP", "JPEG")
_ORIENTATION_TAG = 0x0112
_X_RESOLUTION_TAG = 282
_ENDS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
_LONGEST_PADDING = 4096  # bytes after the end marker; some programs fill a disk block
_HALF = 0.5  # of the way from black to white: what is lighter is inside a mask
_DOUBTFUL = 0.1  # of the way from black to white, at either end
_MAX_DOUBTFUL = 0.02  # share of pixels between: the soft edges of a drawn line, not a picture


@dataclass(frozen=True, eq=False)
class Pixels:
    """A decoded image."""

    grey: FloatArray  # (H, W) luminance from 0 to 1
    valid: BoolArray  # (H, W), False where the image is transparent
    colours: NDArray  # (H, W) or (H, W, 3) as stored, 8 or 16 bit, blue first
    coloured: bool  # whether any pixel has a hue
    header: ImageHeader  # its pitch belongs to the rows and columns of `grey`


def decode_pixels(data: bytes, name: str, params: ReadParams) -> Pixels:
    """Decode an image; colour becomes luminance (ITU-R BT.601), transparent is not valid.

    Raises FormatError: the image is truncated, damaged, or neither 8 nor 16 bit. Raises ScanError:
    several pictures, or a size that cannot be used.
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
    stored, header = _turn_upright(stored, header)
    white = 255.0 if stored.dtype == np.uint8 else 65535.0
    colours, alpha = _split_alpha(stored)
    coloured = colours.ndim == 3 and bool(np.ptp(colours, axis=2).any())
    luminance = cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY) if colours.ndim == 3 else colours
    grey = luminance.astype(np.float32) / np.float32(white)
    valid = alpha > white / 2 if alpha is not None else np.ones(grey.shape, bool)
    return Pixels(grey, valid, colours, coloured, header)


def read_optical(original: Original, pixel_pitch_um: float | None, params: ReadParams) -> Scan:
    """Decode an optical image; `pixel_pitch_um` wins over the density of the file.

    Raises FormatError: as `decode_pixels`. Raises ScanError: as `decode_pixels`; or no pitch is
    given, and the file states none that can be true.
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
    return Scan(
        values=np.where(pixels.valid, pixels.grey, np.float32(0.0)),
        valid=pixels.valid,
        row_pitch_um=row_um,
        col_pitch_um=col_um,
        kind=ScanKind.IMAGE,
        provenance=original.provenance(
            reader=f"OpenCV {cv2.__version__}", notes=notes, lighting=header.lighting
        ),
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


def _turn_upright(stored: NDArray, header: ImageHeader) -> tuple[NDArray, ImageHeader]:
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


# The header: size, density, orientation, number of pictures.


@dataclass(frozen=True)
class ImageHeader:
    """Facts of an image file besides its pixels."""

    format: str
    row_pitch_um: float = 0.0  # from the density; 0 where the file states none
    col_pitch_um: float = 0.0
    orientation: int = 1  # TIFF and EXIF code 1 to 8; 1 is as stored
    lighting: str = ""  # as `ribin.model` writes it, from the text `Lighting` of a PNG


def read_image_header(data: bytes, name: str, params: ReadParams) -> ImageHeader:
    """Read the header and prove that the file is whole; nothing is kept of the pixels.

    Raises FormatError: the image is truncated, damaged or unknown. Raises ScanError: it holds
    several pictures, or too many pixels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of oddities in tags; damage raises
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                check_size(image.height, image.width, name, params)
                pictures = getattr(image, "n_frames", 1)
                if pictures != 1:
                    raise ScanError(f"{name}: one picture needed, found {pictures}")
                header = _header(image)
            _prove_whole(data, header.format, name)
        except Image.DecompressionBombError as error:
            raise ScanError(f"{name}: too many pixels, {error}") from error
        except UnidentifiedImageError as error:
            raise FormatError(f"{name}: the header of the image is damaged or unknown") from error
        except (RibinError, MemoryError):
            raise
        except Exception as error:  # damaged bytes make Pillow raise of nearly every class
            raise FormatError(
                f"{name}: the image is truncated or damaged, {quoted_error(error)}"
            ) from error
    return header


def _header(image: Image.Image) -> ImageHeader:
    # Pillow gives dots an inch where the file states a unit of length, and 1 for a bare TIFF.
    stated = image.format != "TIFF" or _X_RESOLUTION_TAG in getattr(image, "tag_v2", ())
    x_dpi, y_dpi = image.info.get("dpi", (0.0, 0.0)) if stated else (0.0, 0.0)
    known = x_dpi > 0 and y_dpi > 0
    # Asking a PNG that has no EXIF for it would unpack all pixels.
    tags = image.getexif() if image.format != "PNG" or "exif" in image.info else {}
    light = known_lighting(str(image.info.get("Lighting", "")))
    return ImageHeader(
        format=str(image.format),
        row_pitch_um=UM_PER_INCH / float(y_dpi) if known else 0.0,
        col_pitch_um=UM_PER_INCH / float(x_dpi) if known else 0.0,
        orientation=int(tags.get(_ORIENTATION_TAG, 1)),
        lighting=str(light or ""),
    )


def _prove_whole(data: bytes, kind: str, name: str) -> None:
    if kind in _ENDS and _ENDS[kind] not in data[-_LONGEST_PADDING:]:
        raise FormatError(f"{name}: the image is truncated, no end marker found")
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        if kind == "PNG":
            image.verify()  # every chunk has a checksum: no need to unpack the pixels
        else:
            image.load()


# Masks that a person drew: white inside the mark, black outside.


@dataclass(frozen=True, eq=False)
class DrawnMask:
    """A mask file decoded, (H, W) True `inside` the mark."""

    inside: BoolArray
    reason: str = ""  # why it cannot be used


def white_inside(pixels: Pixels) -> DrawnMask:
    """The mask that decoded pixels draw: white and opaque is inside, black or transparent outside.

    Colours have a meaning only to the program that wrote them: a coloured mask has a `reason`.
    """
    inside = pixels.valid & (pixels.grey > _HALF)
    doubtful = np.mean((pixels.grey > _DOUBTFUL) & (pixels.grey < 1.0 - _DOUBTFUL))
    if pixels.coloured:
        return DrawnMask(inside, "white on black needed, found colours")
    if doubtful > _MAX_DOUBTFUL:
        return DrawnMask(inside, f"white on black needed, found {doubtful:.0%} grey pixels")
    if not inside.any():
        return DrawnMask(inside, "no pixel inside it")
    return DrawnMask(inside)
