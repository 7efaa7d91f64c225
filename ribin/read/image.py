"""Optical images and drawn masks: PNG, TIFF, BMP and JPEG, grey or colour, 8 or 16 bit.

One way from a file to grey values and a mask: a decoder of its format gives a `Raster`, and
`displayed` makes pixels of it. Pillow reads the headers and proves that a file is whole. BMP and
JPEG carry no checksum: what was changed inside them, with their length kept, cannot be told from
what was measured.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL import __version__ as pillow_version

from ribin.errors import FormatError, ScanError
from ribin.model import UM_PER_INCH, BoolArray, Scan, ScanKind, known_lighting
from ribin.params.defaults import ReadParams
from ribin.read.file import Original, check_size, damage_named, is_tiff
from ribin.read.pitch import StatedPitch, believed_pitch, density, tagged_pitch
from ribin.read.raster import ORIENTATION, Pixels, Raster, alpha_to, displayed, white_of
from ribin.read.tiff import decode_tiff

_FORMATS = ("PNG", "BMP", "JPEG")
_JPEG_KINDS = ("JPEG", "MPO")  # of a phone, with more pictures behind the first
_PNG_END, _JPEG_END = b"IEND\xaeB`\x82", b"\xff\xd9"
_LONGEST_PADDING = 4096  # bytes after the end marker; some programs fill a disk block
_UM_PER_JFIF_UNIT = {1: UM_PER_INCH, 2: 10_000.0}  # 0 states the ratio of the axes alone
_HALF = 0.5  # of the way from black to white: what is lighter is inside a mask
_DOUBTFUL = 0.1  # of the way from black to white, at either end
_MAX_DOUBTFUL = 0.02  # share of pixels between: the soft edges of a drawn line, not a picture


def decode_pixels(data: bytes, name: str, params: ReadParams) -> Pixels:
    """Decode an image to pixels as displayed.

    Raises FormatError: the image is truncated, damaged, or stores what is not read. Raises
    ScanError: several pictures, or a size that cannot be used.
    """
    raster = (decode_tiff if is_tiff(data) else _decode)(data, name, params)
    return displayed(raster)


def read_optical(original: Original, pixel_pitch_um: float | None, params: ReadParams) -> Scan:
    """Decode an optical image; `pixel_pitch_um` wins over what the file states.

    Raises FormatError: as `decode_pixels`. Raises ScanError: as `decode_pixels`; or no pitch is
    given, and the file states none that can be true.
    """
    pixels = decode_pixels(original.data, original.name, params)
    notes: tuple[str, ...] = ()
    if pixel_pitch_um is None:
        pitch = believed_pitch(pixels.pitches, pixels.grey.shape, original.name, params)
    else:
        pitch = StatedPitch("given", pixel_pitch_um, pixel_pitch_um)
        stated = " and ".join(str(one) for one in pixels.pitches) or "none"
        notes += (f"Pixel pitch of {pixel_pitch_um:.6g} um given; the file states {stated}.",)
    if pixels.coloured:
        notes += ("Colours were converted to luminance.",)
    return Scan(
        values=np.where(pixels.valid, pixels.grey, np.float32(0.0)),
        valid=pixels.valid,
        row_pitch_um=pitch.row_um,
        col_pitch_um=pitch.col_um,
        kind=ScanKind.IMAGE,
        provenance=original.provenance(
            reader=pixels.reader, notes=(*notes, *pixels.notes), lighting=pixels.lighting
        ),
    )


# PNG, BMP and JPEG.


def _decode(data: bytes, name: str, params: ReadParams) -> Raster:
    with damage_named(name), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of oddities in tags; damage raises
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                check_size(image.height, image.width, name, params)
                return _raster(image, data, name)
        except Image.DecompressionBombError as error:
            raise ScanError(f"{name}: too many pixels, {error}") from error
        except UnidentifiedImageError as error:
            raise FormatError(f"{name}: the header of the image is damaged or unknown") from error


def _raster(image: Image.Image, data: bytes, name: str) -> Raster:
    pictures = getattr(image, "n_frames", 1)
    notes: tuple[str, ...] = ()
    if image.format == "MPO":
        notes += (f"The first of {pictures} pictures was read.",)
    elif pictures != 1:
        raise ScanError(f"{name}: one picture needed, found {pictures}")
    elif image.format == "JPEG" and _JPEG_END not in data[-_LONGEST_PADDING:]:
        notes += ("What follows the picture in the file was not read.",)
    stored = _png_samples(data, name) if image.format == "PNG" else _samples(image, name)
    alpha = None
    if stored.ndim == 3 and stored.shape[2] in (2, 4):
        stored, alpha = stored[..., :-1], stored[..., -1]
    samples = stored[..., 0] if stored.ndim == 3 and stored.shape[2] == 1 else stored
    if alpha is not None and image.format == "BMP" and not alpha.any():
        alpha = None  # as programs write that know of no alpha
    stated = int(np.iinfo(samples.dtype).max)
    white, narrowed = white_of(samples, stated)
    # Asking a PNG that has no EXIF for it would unpack all pixels.
    tags = image.getexif() if image.format != "PNG" or "exif" in image.info else {}
    codec = f"imagecodecs {imagecodecs.__version__}"
    return Raster(
        codec if image.format == "PNG" else f"Pillow {pillow_version}",
        np.ascontiguousarray(samples),
        white,
        None if alpha is None else alpha_to(white, alpha, stated),
        int(tags.get(ORIENTATION, 1)),
        (*_density(image), *tagged_pitch(tags, "EXIF")),
        str(known_lighting(str(image.info.get("Lighting", ""))) or ""),
        (*notes, *narrowed),
    )


def _png_samples(data: bytes, name: str) -> NDArray:
    """The samples of a PNG; Pillow would make 8 bit of 16 where there are colours or alpha."""
    if _PNG_END not in data[-_LONGEST_PADDING:]:
        raise FormatError(f"{name}: the image is truncated, no end marker found")
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        image.verify()  # every chunk has a checksum
    return np.asarray(imagecodecs.png_decode(data))


def _samples(image: Image.Image, name: str) -> NDArray:
    image.load()  # raises where the file ends too soon
    if image.mode in ("1", "P"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    if image.mode not in ("L", "RGB", "RGBA"):
        raise FormatError(f"{name}: grey, RGB or a palette needed, found {image.mode}")
    return np.asarray(image)


def _density(image: Image.Image) -> tuple[StatedPitch, ...]:
    """What PNG, BMP and JPEG state besides EXIF."""
    if image.format in _JPEG_KINDS:
        unit = _UM_PER_JFIF_UNIT.get(image.info.get("jfif_unit", 0))
        x, y = image.info.get("jfif_density", (0, 0))
        return density("JFIF", x, y, unit) if unit else ()
    x_dpi, y_dpi = image.info.get("dpi", (0.0, 0.0))
    return density("pHYs" if image.format == "PNG" else "BMP", x_dpi, y_dpi, UM_PER_INCH)


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
