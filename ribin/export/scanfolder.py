"""A scan as a folder of open files, and back.

scans/<sha256>/scan.json            what is known of the scan and its marks; names the others
               original.x3p         the file as it was received
               outline.png          the breech face where a person outlined it; outline-TYPE.png
               000-breech_face.x3p  the mark (an image's as .csv), .measured.png its mask,
               000-breech_face.png  and a picture of it; .left-out.csv what is left out of it
               000-template/fine.csv ...
described/<sha256>-<params_id>[-N]/ the same of marks described anew, without the original
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import x3pio
from msgspec import to_builtins
from numpy.typing import NDArray
from PIL import Image

from ribin.errors import FormatError
from ribin.foreign import Statement, read_facts
from ribin.model import (
    UM_PER_M,
    BoolArray,
    FloatArray,
    Mark,
    MarkType,
    Provenance,
    ScanKind,
    Template,
)
from ribin.report.pictures import mark_grey
from ribin.vault.scanfile import ScanParts, pack_parts, provenance_of

_SUFFIXES = {".x3p", ".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg"}
Reader = Callable[[str], bytes]  # gives the bytes of a file of the export by its name


def scan_files(folder: str, parts: ScanParts) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file of a scan's folder, or of that of a description."""
    suffix = PurePosixPath(parts.facts["provenance"]["source"]).suffix.lower()
    original = f"original{suffix if suffix in _SUFFIXES else '.bin'}"
    if parts.original is None:
        original = ""
    else:
        yield f"{folder}/{original}", parts.original
    if parts.outline is not None:
        yield f"{folder}/outline.png", write_png(parts.outline)
    outlines = {kind: f"outline-{kind}.png" for kind in parts.outlines}
    for kind, inside in parts.outlines.items():
        yield f"{folder}/{outlines[kind]}", write_png(inside)
    marks = []
    sides = zip(parts.marks, parts.templates, strict=True)
    for position, (mark, template) in enumerate(sides, parts.first):
        stem = f"{position:03d}-{mark.mark_type}"
        facts = _mark_facts(stem, mark, template)
        topography = mark.kind is ScanKind.TOPOGRAPHY
        surface = write_x3p(mark) if topography else write_csv(mark.surface)
        yield f"{folder}/{facts.surface}", surface
        yield f"{folder}/{stem}.measured.png", write_png(mark.valid)
        if mark.left_out is not None:
            yield f"{folder}/{facts.left_out}", write_csv(mark.left_out)
        yield f"{folder}/{stem}.png", write_png(mark_grey(mark))
        for name, array in template.arrays.items():
            yield f"{folder}/{position:03d}-template/{name}.csv", write_csv(array)
        marks.append(facts)
    outline = "outline.png" if parts.outline is not None else ""
    stated = _ScanFacts(parts.facts, original, outline, outlines, parts.first, tuple(marks))
    text = json.dumps(to_builtins(stated), indent=1, ensure_ascii=True)
    yield f"{folder}/scan.json", text.encode()


class _ArrayFacts(Statement, frozen=True):
    name: str
    type: str
    shape: tuple[int, ...]


class _TemplateFacts(Statement, frozen=True):
    folder: str
    pitch_um: float
    params_id: str
    arrays: tuple[_ArrayFacts, ...]


class _MarkFacts(Statement, frozen=True):
    mark_type: MarkType
    kind: ScanKind
    pitch_um: float
    origin_um: tuple[float, float]
    surface: str
    measured: str
    left_out: str  # empty where nothing is
    picture: str
    template: _TemplateFacts


class _ScanFacts(Statement, frozen=True):
    """What scan.json states; the names of files are within its folder."""

    scan: dict[str, Any]
    original: str
    outline: str
    outlines: dict[MarkType, str]
    first: int
    marks: tuple[_MarkFacts, ...]


def pack_folder(folder: str, read: Reader) -> bytes:
    """The file of a vault from the files of its folder: a scan's, or a description's.

    Raises FormatError: a file is missing or not what scan.json says of it.
    """
    where = f"{folder}/scan.json"
    facts = read_facts(read(where), _ScanFacts, where)
    try:
        provenance = provenance_of(facts.scan)
        original = read(f"{folder}/{facts.original}") if facts.original else None
        outline = read_mask(read(f"{folder}/{facts.outline}"), where) if facts.outline else None
        sides = [_side(folder, one, provenance, read) for one in facts.marks]
        others = {
            kind: read_mask(read(f"{folder}/{name}"), where)
            for kind, name in facts.outlines.items()
        }
        marks, templates = zip(*sides, strict=True)
        parts = ScanParts(original, facts.scan, outline, marks, templates, facts.first, others)
        return pack_parts(parts)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise FormatError(f"{where}: facts of a scan needed, {error}") from error


def _mark_facts(stem: str, mark: Mark, template: Template) -> _MarkFacts:
    suffix = "x3p" if mark.kind is ScanKind.TOPOGRAPHY else "csv"
    arrays = tuple(
        _ArrayFacts(name, array.dtype.str, array.shape) for name, array in template.arrays.items()
    )
    return _MarkFacts(
        *(mark.mark_type, mark.kind, mark.pitch_um, mark.origin_um),
        surface=f"{stem}.{suffix}",
        measured=f"{stem}.measured.png",
        left_out="" if mark.left_out is None else f"{stem}.left-out.csv",
        picture=f"{stem}.png",
        template=_TemplateFacts(
            f"{stem[:3]}-template", template.pitch_um, template.params_id, arrays
        ),
    )


def _side(
    folder: str, facts: _MarkFacts, provenance: Provenance, read: Reader
) -> tuple[Mark, Template]:
    """A mark and its template as scan.json tells of them."""
    measured, name = f"{folder}/{facts.measured}", f"{folder}/{facts.surface}"
    valid = read_mask(read(measured), measured)
    if facts.kind is ScanKind.TOPOGRAPHY:
        surface = read_x3p(read(name), name)
    else:
        surface = read_csv(read(name), "<f4", valid.shape, name)
    if surface.shape != valid.shape:
        raise FormatError(f"{name}: a surface of {valid.shape} needed, found {surface.shape}")
    kinds = facts.mark_type, facts.kind
    left_out = None
    if facts.left_out:
        name = f"{folder}/{facts.left_out}"
        left_out = read_csv(read(name), "|u1", valid.shape, name)
    mark = Mark(*kinds, surface, valid, facts.pitch_um, facts.origin_um, provenance, left_out)
    described, arrays = facts.template, {}
    for array in described.arrays:
        file = f"{folder}/{described.folder}/{array.name}.csv"
        arrays[array.name] = read_csv(read(file), array.type, array.shape, file)
    return mark, Template(*kinds, described.pitch_um, described.params_id, provenance, arrays)


# Surfaces, masks and arrays of numbers as files of open formats, exactly; and back.
#
# A topography becomes an X3P file of 64-bit heights in metres, from which every 32-bit height in um
# comes back as it was; all other numbers become CSV with as many digits as tell them apart.

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


def write_png(picture: NDArray) -> bytes:
    """A mask, 255 where True, or a picture, (H, W) grey or (H, W, 3) red, green, blue."""
    values = picture.astype(np.uint8) * 255 if picture.dtype == bool else picture
    packed = io.BytesIO()
    Image.fromarray(values).save(packed, "PNG")
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


def write_csv(values: NDArray) -> bytes:
    """An array row by row; axes beyond the first in one line."""
    rows = values.reshape(len(values), -1) if values.size else values.reshape(0, 0)
    digits = "%.17g" if values.dtype.itemsize == 8 else "%.9g"
    form = digits if values.dtype.kind == "f" else "%d"
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
        with np.errstate(invalid="raise", over="raise"):  # a number that the type cannot hold
            values = np.array(numbers, np.float64).astype(_TYPES[dtype])
        return values.reshape(shape)
    except (ValueError, ArithmeticError) as error:
        raise FormatError(f"{where}: numbers of shape {shape} needed, {error}") from error
