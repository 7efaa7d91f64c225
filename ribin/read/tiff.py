"""TIFF, BigTIFF, ImageJ and OME: the samples of a file of one picture, whatever way it stores them.

tifffile reads the tags and puts strips and tiles together, imagecodecs unpacks them. What the
samples mean is decided here: which end is white, which sample is alpha. A meaning that is not
listed is refused by name.
"""

from __future__ import annotations

import io
import logging
import math
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from ribin.errors import FormatError, ScanError
from ribin.params.defaults import ReadParams
from ribin.read.file import check_size, damage_named
from ribin.read.pitch import described_pitch, tagged_pitch
from ribin.read.raster import ORIENTATION, Raster, alpha_to, white_of

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _YCBCR: 3}
_PREMULTIPLIED, _ALPHA = 1, 2  # kinds of extra samples; 0 says nothing
_JPEG = 7
_COMPRESSIONS = (1, 2, 3, 4, 5, _JPEG, 8, 32773, 32946)  # none, CCITT, LZW, JPEG, Deflate, PackBits
_JPEG_END = b"\xff\xd9"

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what matters is refused here


def decode_tiff(data: bytes, name: str, params: ReadParams) -> Raster:
    """Decode a TIFF of one picture of 1 to 16 bit.

    Raises FormatError: the image is truncated or damaged, or its samples have a meaning or a
    packing that is not read. Raises ScanError: several pictures, or a size that cannot be used.
    """
    with damage_named(name), tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        check_size(page.imagelength, page.imagewidth, name, params)
        if page.is_tiled:
            check_size(page.tilelength, page.tilewidth, f"{name}: tiles", params)
        _check_single(file, page, name)
        _check_meaning(page, name)
        _prove_whole(page, data, name)
        return _raster(page, name)


def _check_single(file: tifffile.TiffFile, page: Any, name: str) -> None:
    pictures = max(len(file.pages), int((file.imagej_metadata or {}).get("images", 1)))
    if pictures != 1 or page.imagedepth != 1:
        raise ScanError(f"{name}: one picture needed, found {max(pictures, page.imagedepth)}")


def _check_meaning(page: Any, name: str) -> None:
    """Refuse what would have to be guessed."""
    photometric, bits = page.photometric, page.bitspersample
    if page.tags.get(262) is None:
        raise FormatError(f"{name}: a TIFF that says whether 0 is black or white needed")
    found = getattr(photometric, "name", str(photometric))
    if photometric not in _COLOURS or (photometric == _YCBCR and page.compression != _JPEG):
        raise FormatError(f"{name}: grey, RGB or a palette needed, found photometric {found}")
    if page.compression not in _COMPRESSIONS:
        found = getattr(page.compression, "name", str(page.compression))
        raise FormatError(
            f"{name}: TIFF without compression, LZW, Deflate, PackBits, JPEG or CCITT needed, "
            f"found {found}"
        )
    if not isinstance(bits, int) or not 1 <= bits <= 16 or page.sampleformat != 1:
        kind = {1: "whole", 2: "signed", 3: "floating-point"}.get(page.sampleformat, "other")
        raise FormatError(f"{name}: 8 or 16 bit needed, found {kind} numbers of {bits} bit")
    extra = page.samplesperpixel - _COLOURS[photometric]
    if not 0 <= extra <= 1 or (page.compression == _JPEG and extra):
        raise FormatError(
            f"{name}: {_COLOURS[photometric]} samples a pixel and alpha needed for photometric "
            f"{found}, found {page.samplesperpixel}"
        )


def _prove_whole(page: Any, data: bytes, name: str) -> None:
    """Refuse missing strips and tiles, which tifffile fills with 0."""
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if len(segments) != math.prod(page.chunked):
        raise FormatError(
            f"{name}: the image is truncated, {math.prod(page.chunked)} strips or tiles needed, "
            f"found {len(segments)}"
        )
    for offset, count in segments:
        if count < 1 or offset + count > len(data):
            raise FormatError(f"{name}: the image is truncated, a strip or tile is missing")
        if page.compression == _JPEG:
            _check_jpeg(data[offset : offset + count], page, name)


def _check_jpeg(segment: bytes, page: Any, name: str) -> None:
    """Refuse a JPEG in a TIFF that is cut off, or larger than its place, before it is unpacked."""
    with Image.open(io.BytesIO(segment), formats=("JPEG",)) as image:
        width, height = image.size
    if _JPEG_END not in segment[-16:]:
        raise FormatError(f"{name}: the image is truncated, a strip or tile has no end marker")
    most_width, most_height = (
        (page.tilewidth, page.tilelength) if page.is_tiled else (page.imagewidth, page.rowsperstrip)
    )
    if width > most_width or height > most_height:
        raise FormatError(
            f"{name}: strips or tiles of {most_height} x {most_width} needed, "
            f"found {height} x {width}"
        )


def _raster(page: Any, name: str) -> Raster:
    stored = page.asarray(maxworkers=1)
    if page.axes == "SYX":
        stored = np.moveaxis(stored, 0, -1)
    elif page.axes not in ("YX", "YXS"):
        raise FormatError(f"{name}: rows and columns needed, found axes {page.axes}")
    stored = stored.astype(np.uint8) if stored.dtype == bool else stored
    white = (1 << page.bitspersample) - 1
    colours = _COLOURS[page.photometric]
    samples = stored[..., :colours] if stored.ndim == 3 else stored[..., np.newaxis]
    extra = stored[..., colours] if stored.ndim == 3 and stored.shape[2] > colours else None
    notes: tuple[str, ...] = ()
    if page.photometric == _PALETTE:
        samples, white = _looked_up(samples[..., 0], page, name), 255
    else:
        white, notes = white_of(samples, white)
    if page.photometric == _WHITE_IS_ZERO:
        samples = white - samples
    if samples.shape[2] == 1:
        samples = samples[..., 0]
    samples, alpha = _without_alpha(samples, extra, page, white, name)
    tags = {tag.code: tag.value for tag in page.tags}
    return Raster(
        f"tifffile {tifffile.__version__}",
        np.ascontiguousarray(samples),
        white,
        alpha,
        int(tags.get(ORIENTATION, 1)),
        (*described_pitch(tags, str(page.description)), *tagged_pitch(tags, "resolution tags")),
        notes=notes,
    )


def _looked_up(indices: NDArray, page: Any, name: str) -> NDArray:
    """(H, W, 3) colours of 8 bit; palettes hold 16, some programs fill 8 of them."""
    colormap = page.colormap
    if colormap is None or indices.max() >= colormap.shape[1]:
        raise FormatError(f"{name}: a palette for all colours needed, found less")
    colours = colormap >> 8 if colormap.max() > 255 else colormap
    return np.asarray(colours.astype(np.uint8)[:, indices].transpose(1, 2, 0))


def _without_alpha(
    samples: NDArray, extra: NDArray | None, page: Any, white: int, name: str
) -> tuple[NDArray, NDArray | None]:
    """The samples as if all were opaque, and alpha from 0 to `white`; None where all is opaque."""
    if extra is None:
        return samples, None
    kind = page.extrasamples[0] if page.extrasamples else 0
    if kind not in (_PREMULTIPLIED, _ALPHA):
        if np.ptp(extra):
            raise FormatError(f"{name}: a TIFF needed that says whether its extra sample is alpha")
        return samples, None
    stated = (1 << page.bitspersample) - 1
    alpha = alpha_to(white, extra, stated)
    if kind == _PREMULTIPLIED:
        if page.photometric == _WHITE_IS_ZERO:
            raise FormatError(f"{name}: 0 black needed for samples multiplied by alpha")
        each = alpha if samples.ndim == 2 else alpha[..., np.newaxis]
        opaque = samples * (white / np.maximum(each, 1.0))
        samples = np.minimum(np.round(opaque), white).astype(samples.dtype)
    return samples, alpha
