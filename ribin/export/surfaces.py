"""Surfaces, masks and arrays of numbers as files of open formats, exactly; and back.

A topography becomes an X3P file of 64-bit heights in metres, from which every 32-bit height in um
comes back as it was; all other numbers become CSV with as many digits as tell them apart.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime

import numpy as np
import x3pio
from numpy.typing import NDArray
from PIL import Image

from ribin.errors import FormatError
from ribin.model import BoolArray, FloatArray, Mark
from ribin.units import UM_PER_M

_TYPES = {np.dtype(name).str: np.dtype(name) for name in ("bool", "int16", "int32", "float32")}
_TYPES |= {np.dtype(name).str: np.dtype(name) for name in ("uint8", "int64", "float64", "int8")}
_MOST_NUMBERS = 1 << 26
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)  # X3P needs a date; scan.json has the real one


def write_x3p(mark: Mark) -> bytes:
    """A mark's surface as X3P; what was not measured is NaN."""
    heights_m = np.where(mark.valid, mark.surface.astype(np.float64) / UM_PER_M, np.nan)
    packed = io.BytesIO()
    instrument = x3pio.Instrument("RIBIN", "none", "none", "none")
    x3pio.write(
        packed,
        heights_m,
        x_scale=mark.pitch_um / UM_PER_M,
        y_scale=mark.pitch_um / UM_PER_M,
        z_type=x3pio.DataType.FLOAT64,
        metadata=x3pio.Metadata(
            date=_NO_DATE,
            creator="RIBIN",
            instrument=instrument,
            calibration_date=_NO_DATE,
            probing_system=x3pio.ProbingSystem(x3pio.ProbingType.SOFTWARE, "RIBIN"),
            comment="A mark, levelled and band-passed; scan.json tells of which scan",
        ),
    )
    return packed.getvalue()


def read_x3p(content: bytes, where: str) -> FloatArray:
    """The surface of such a file in um, 0 where not measured."""
    try:
        heights_m = x3pio.read(io.BytesIO(content)).layers[0].z
    except (x3pio.X3pError, ValueError, LookupError, OverflowError) as error:
        raise FormatError(f"{where}: an X3P file needed, {' '.join(str(error).split())}") from error
    values = np.asarray(heights_m, np.float64) * UM_PER_M
    return np.where(np.isnan(values), 0.0, values).astype(np.float32)


def write_mask(mask: BoolArray) -> bytes:
    """A mask as PNG, 255 where True."""
    packed = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255, "L").save(packed, "PNG")
    return packed.getvalue()


def read_mask(content: bytes, where: str) -> BoolArray:
    """The mask of such a file."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            values = np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FormatError(f"{where}: a PNG mask needed, {error}") from error
    if values.ndim != 2 or not np.isin(values, (0, 255)).all():
        raise FormatError(f"{where}: a PNG of 0 and 255 in one channel needed")
    return values == 255


def write_picture(picture: NDArray[np.uint8]) -> bytes:
    """A picture, (H, W) grey or (H, W, 3) red, green, blue, as PNG."""
    packed = io.BytesIO()
    Image.fromarray(picture).save(packed, "PNG")
    return packed.getvalue()


def write_csv(values: NDArray) -> bytes:
    """An array row by row; axes beyond the first in one line."""
    rows = values.reshape(len(values), -1) if values.size else values.reshape(0, 0)
    form = {"b": "%d", "i": "%d", "u": "%d", "f": "%.9g"}[values.dtype.kind]
    if values.dtype.itemsize == 8 and values.dtype.kind == "f":
        form = "%.17g"
    packed = io.BytesIO()
    np.savetxt(packed, rows, fmt=form, delimiter=",")
    return packed.getvalue()


def read_csv(content: bytes, dtype: str, shape: tuple[int, ...], where: str) -> NDArray:
    """The array of this type and shape that a CSV file holds."""
    if dtype not in _TYPES or np.prod(shape, dtype=np.float64) > _MOST_NUMBERS:
        raise FormatError(f"{where}: a type {dtype[:20]!r} of shape {shape} is none of ours")
    words = content.replace(b"\n", b",").strip(b",").split(b",") if content.strip() else []
    try:
        numbers = [float(word) for word in words]
        values = np.array(numbers, np.float64).astype(_TYPES[dtype])
        return values.reshape(shape)
    except (ValueError, OverflowError) as error:
        raise FormatError(f"{where}: numbers of shape {shape} needed, {error}") from error
