"""One known picture, written in every way that image files have to store it.

Files are made by tifffile, imagecodecs, Pillow and by hand; RIBIN writes none of them.
"""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import damaged
import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

SHAPE = (40, 56)  # tiles of 16 do not fit
ORIENTATION = 274
LOSSY = 0.07  # of the range, at any pixel


def picture() -> NDArray[np.uint8]:
    """(H, W) grey values from 0 to 255 without a symmetry, as displayed."""
    heights = damaged.relief_um(*SHAPE)
    return ((heights - heights.min()) / np.ptp(heights) * 255).astype(np.uint8)


def opacity() -> NDArray[np.uint8]:
    """(H, W) alpha from 0 to 255: a corner is transparent, a stripe lets a little through."""
    alpha = np.full(SHAPE, 255, np.uint8)
    alpha[:11, :17] = 0
    alpha[20:24] = 204
    return alpha


def as_stored(displayed: NDArray, code: int) -> NDArray:
    """What is stored with an orientation of EXIF so that this is displayed."""
    if code >= 5:
        displayed = {
            5: displayed,
            6: displayed[:, ::-1],
            7: displayed[::-1, ::-1],
            8: displayed[::-1],
        }[code]
        return np.ascontiguousarray(np.swapaxes(displayed, 0, 1))
    flips = {1: displayed, 2: displayed[:, ::-1], 3: displayed[::-1, ::-1], 4: displayed[::-1]}
    return np.ascontiguousarray(flips[code])


@dataclass(frozen=True)
class ImageFile:
    """A file of the picture, and how near it must come."""

    name: str
    data: bytes
    alpha: bool = False
    tolerance: float = 1e-6


def deeper(values: NDArray[np.uint8], depth: int) -> NDArray:
    return values if depth == 8 else values.astype(np.uint16) * 257


# TIFF.


def tiff(pixels: NDArray, **options: Any) -> bytes:
    packed = io.BytesIO()
    tags = options.pop("extratags", [])
    code = options.pop("orientation", 1)
    if code != 1:
        tags = [*tags, (ORIENTATION, "H", 1, code, True)]
    tifffile.imwrite(packed, pixels, extratags=tags, metadata=None, **options)
    return packed.getvalue()


def tiff_matrix() -> Iterator[ImageFile]:
    """Photometric interpretation x depth x tiles or strips x orientation x alpha x compression."""
    ways = itertools.product(
        ("miniswhite", "minisblack", "rgb", "palette"),
        (8, 16),
        ("strips", "tiles"),
        range(1, 9),
        ("", "unassalpha", "assocalpha"),
        (None, "lzw", "zlib", "packbits", "jpeg"),
    )
    for photometric, depth, layout, code, alpha, compression in ways:
        lossy = compression == "jpeg"
        if (photometric == "palette" and (depth == 16 or alpha or lossy)) or (
            lossy and (depth == 16 or alpha or photometric == "miniswhite")
        ):
            continue
        if photometric == "miniswhite" and alpha == "assocalpha":
            continue  # refused by name
        yield ImageFile(
            f"tiff-{photometric}-{depth}-{layout}-o{code}-{alpha or 'opaque'}-{compression}",
            tiff(
                _tiff_samples(photometric, depth, code, alpha),
                photometric=photometric,
                orientation=code,
                compression=compression,
                extrasamples=[alpha] if alpha else None,
                colormap=_ramp() if photometric == "palette" else None,
                **({"tile": (16, 32)} if layout == "tiles" else {"rowsperstrip": 7}),
            ),
            bool(alpha),
            LOSSY if lossy else 0.01 if alpha == "assocalpha" else 1e-6,
        )


def _ramp() -> NDArray[np.uint16]:
    """A palette that runs from white to black."""
    return np.tile(np.arange(255, -1, -1, dtype=np.uint16) * 257, (3, 1))


def _tiff_samples(photometric: str, depth: int, code: int, alpha: str) -> NDArray:
    grey, opaque = picture(), opacity()
    if alpha == "assocalpha":
        grey = np.round(grey * (opaque / 255.0)).astype(np.uint8)
    if photometric in ("miniswhite", "palette"):
        grey = 255 - grey
    planes = [grey] * (3 if photometric == "rgb" else 1) + [opaque] * bool(alpha)
    stored = deeper(np.dstack(planes) if len(planes) > 1 else grey, depth)
    return as_stored(stored, code)


def rare_tiffs() -> Iterator[ImageFile]:
    """Byte orders, planes, predictors, and other depths than whole bytes."""
    grey = picture()
    colours = np.dstack([grey] * 3)
    yield ImageFile("bigtiff", tiff(grey, bigtiff=True))
    for order in "<>":
        for depth in (8, 16):
            for predictor in (None, "horizontal"):
                stored = deeper(grey, depth)
                data = tiff(stored, byteorder=order, compression="lzw", predictor=predictor)
                yield ImageFile(f"tiff-{order}-{depth}-predictor-{predictor}", data)
    for depth, tile in itertools.product((8, 16), (None, (16, 16))):
        planes = np.ascontiguousarray(np.moveaxis(deeper(colours, depth), -1, 0))
        options = {"photometric": "rgb", "planarconfig": "separate", "tile": tile}
        yield ImageFile(f"tiff-planes-{depth}-{tile}", tiff(planes, **options))
    for code in range(1, 9):
        stored = as_stored(colours, code)
        data = tiff(stored, photometric="rgb", compression="jpeg", tile=(16, 16), orientation=code)
        yield ImageFile(f"tiff-jpeg-tiles-rgb-o{code}", data, tolerance=LOSSY)
    for bits in (10, 12, 14):  # in 16
        top = (1 << bits) - 1
        fewer = np.round(grey / 255.0 * top).astype(np.uint16)
        yield ImageFile(f"tiff-{bits}-in-16", tiff(fewer), tolerance=0.001)
        inverted = tiff((top - fewer).astype(np.uint16), photometric="miniswhite")
        yield ImageFile(f"tiff-{bits}-in-16-miniswhite", inverted, tolerance=0.001)
        packed = tiff(fewer, bitspersample=bits)
        yield ImageFile(f"tiff-{bits}-packed", packed, tolerance=0.001)
    for bits in (2, 4):
        coarse = np.round(grey / 255.0 * ((1 << bits) - 1)).astype(np.uint8)
        data = tiff(coarse, bitspersample=bits)
        yield ImageFile(f"tiff-{bits}-bit", data, tolerance=0.51 / ((1 << bits) - 1))


def other_tiffs() -> Iterator[ImageFile]:
    """As libtiff writes them, through Pillow and OpenCV: JPEG as YCbCr, alpha, predictors."""
    grey, opaque = picture(), opacity()
    planes = {
        "L": grey,
        "LA": np.dstack([grey, opaque]),
        "RGB": np.dstack([grey] * 3),
        "RGBA": np.dstack([grey, grey, grey, opaque]),
    }
    for mode, packing in itertools.product(planes, ("raw", "tiff_lzw", "tiff_adobe_deflate")):
        data = saved(Image.fromarray(planes[mode]), "TIFF", compression=packing)
        yield ImageFile(f"libtiff-{mode}-{packing}", data, "A" in mode)
    for mode in ("L", "RGB"):
        data = saved(Image.fromarray(planes[mode]), "TIFF", compression="jpeg", quality=98)
        yield ImageFile(f"libtiff-{mode}-jpeg", data, tolerance=LOSSY)
    for mode, depth in itertools.product(("L", "RGB"), (8, 16)):
        data = damaged.image_bytes(".tif", deeper(planes[mode], depth))
        yield ImageFile(f"opencv-{mode}-{depth}", data)


# PNG.


def exif_orientation(code: int) -> bytes:
    """EXIF of one tag, without the name that JPEG puts in front."""
    return b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, ORIENTATION, 3, 1, code, 0, 0)


def with_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with a chunk more, before its pixels."""
    chunk = kind + body
    framed = struct.pack(">I", len(body)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    at = data.index(b"IDAT") - 4
    return data[:at] + framed + data[at:]


def pngs() -> Iterator[ImageFile]:
    grey, opaque = picture(), opacity()
    planes = {
        "grey": (grey,),
        "rgb": (grey,) * 3,
        "grey-alpha": (grey, opaque),
        "rgb-alpha": (grey, grey, grey, opaque),
    }
    for (kind, stored), depth, code in itertools.product(planes.items(), (8, 16), range(1, 9)):
        pixels = np.dstack(stored) if len(stored) > 1 else grey
        data = imagecodecs.png_encode(as_stored(deeper(pixels, depth), code))
        data = data if code == 1 else with_chunk(data, b"eXIf", exif_orientation(code))
        yield ImageFile(f"png-{kind}-{depth}-o{code}", data, "alpha" in kind)
    flat = Image.fromarray(grey).convert("P")
    yield ImageFile("png-palette", saved(flat, "PNG"))
    marked = np.where(opaque > 127, np.maximum(grey, 1), 0).astype(np.uint8)  # 0 is transparent
    for depth in (8, 16):
        data = imagecodecs.png_encode(deeper(marked, depth))
        data = with_chunk(data, b"tRNS", b"\0\0")
        yield ImageFile(f"png-transparent-grey-{depth}", data, True, 0.005)
        data = imagecodecs.png_encode(deeper(np.dstack([marked] * 3), depth))
        data = with_chunk(data, b"tRNS", bytes(6))
        yield ImageFile(f"png-transparent-colour-{depth}", data, True, 0.005)
    palette = Image.fromarray(marked).convert("P")
    yield ImageFile("png-transparent-palette", saved(palette, "PNG", transparency=0), True, 0.005)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    packed = io.BytesIO()
    image.save(packed, kind, **options)
    return packed.getvalue()


# JPEG and BMP.


def jpegs() -> Iterator[ImageFile]:
    grey = picture()
    for kind, code, progressive in itertools.product(("L", "RGB"), range(1, 9), (False, True)):
        exif = Image.Exif()
        exif[ORIENTATION] = code
        stored = as_stored(grey if kind == "L" else np.dstack([grey] * 3), code)
        data = saved(
            Image.fromarray(stored), "JPEG", quality=98, exif=exif, progressive=progressive
        )
        yield ImageFile(f"jpeg-{kind}-o{code}-progressive-{progressive}", data, tolerance=LOSSY)


BITFIELDS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)  # red, green, blue, alpha


def bmp32(fourth: NDArray, masks: tuple[int, ...], header: int, top_down: bool = False) -> bytes:
    """A BMP of 32 bit: the picture, a fourth byte, and the masks that say what each byte is."""
    grey = picture()
    stored = np.dstack([grey, grey, grey, fourth])
    stored = stored if top_down else stored[::-1]
    height = -SHAPE[0] if top_down else SHAPE[0]
    fields = struct.pack(
        "<IiiHHIIiiII",
        header,
        SHAPE[1],
        height,
        1,
        32,
        3 if masks else 0,
        stored.size,
        4000,
        4000,
        0,
        0,
    )
    listed = struct.pack(f"<{len(masks)}I", *masks)
    info = fields + (listed if header == 40 else listed.ljust(header - 40, b"\0"))
    offset = 14 + len(info)
    return (
        struct.pack("<2sIHHI", b"BM", offset + stored.size, 0, 0, offset) + info + stored.tobytes()
    )


def bmps() -> Iterator[ImageFile]:
    grey, opaque = picture(), opacity()
    yield ImageFile("bmp-8", saved(Image.fromarray(grey), "BMP"))
    yield ImageFile("bmp-24", saved(Image.fromarray(np.dstack([grey] * 3)), "BMP"))
    yield ImageFile("bmp-palette", saved(Image.fromarray(grey).convert("P"), "BMP"))
    junk = np.random.default_rng(1).integers(0, 256, SHAPE, np.uint8)
    for top_down, (name, fourth) in itertools.product(
        (False, True), (("junk", junk), ("zero", junk * 0))
    ):
        way = f"{name}-{'down' if top_down else 'up'}"
        yield ImageFile(f"bmp-32-{way}", bmp32(fourth, (), 40, top_down))
        yield ImageFile(f"bmp-32-fields-{way}", bmp32(fourth, BITFIELDS[:3], 40, top_down))
        for header in (108, 124):
            masks = (*BITFIELDS[:3], 0)
            data = bmp32(fourth, masks, header, top_down)
            yield ImageFile(f"bmp-32-v{header}-no-alpha-{way}", data)
    for header, top_down in itertools.product((56, 108, 124), (False, True)):
        data = bmp32(opaque, BITFIELDS, header, top_down)
        yield ImageFile(f"bmp-32-v{header}-alpha-{top_down}", data, alpha=True)
    yield ImageFile("bmp-32-v124-alpha-not-written", bmp32(junk * 0, BITFIELDS, 124))


def image_files() -> list[ImageFile]:
    """All of them."""
    return [*tiff_matrix(), *rare_tiffs(), *other_tiffs(), *pngs(), *jpegs(), *bmps()]
