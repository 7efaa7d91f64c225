"""What the header of an image says: size, density, orientation, number of pictures.

OpenCV gives pixels only. Pillow reads the headers of all four formats, and is used to prove that
a file is whole before OpenCV, which fills what is missing with grey and says so on stderr only.
BMP and JPEG carry no checksum: what was changed inside them, with their length kept, cannot be
told from what was measured.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from ribin.errors import FormatError, RibinError, ScanError
from ribin.lighting import known_lighting
from ribin.params_limits import ReadParams
from ribin.read.file import check_size, quoted_error
from ribin.units import UM_PER_INCH

_FORMATS = ("PNG", "TIFF", "BMP", "JPEG")
_ORIENTATION_TAG = 0x0112
_X_RESOLUTION_TAG = 282
_ENDS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
_LONGEST_PADDING = 4096  # bytes after the end marker; some programs fill a disk block


@dataclass(frozen=True)
class ImageHeader:
    """Facts of an image file besides its pixels.

    Attributes
    ----------
    row_pitch_um, col_pitch_um : float
        From the density; 0 where the file states none.
    orientation : int
        TIFF and EXIF code 1 to 8; 1 is as stored.
    lighting : str
        As `ribin.lighting` writes it, from the text `Lighting` of a PNG; empty where not stated.
    """

    format: str
    row_pitch_um: float = 0.0
    col_pitch_um: float = 0.0
    orientation: int = 1
    lighting: str = ""


def read_image_header(data: bytes, name: str, params: ReadParams) -> ImageHeader:
    """Read the header and prove that the file is whole; nothing is kept of the pixels.

    Raises
    ------
    FormatError
        The image is truncated, damaged or unknown.
    ScanError
        It holds several pictures, or too many pixels.
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
