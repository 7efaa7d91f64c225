"""X3P (ISO 25178-72, ISO 5436-2): heights, pitch, outline and what the header says of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import x3pio

from ribin.errors import FormatError, ScanError
from ribin.model import ScanKind
from ribin.params_limits import ReadParams
from ribin.read.file import Reading, check_size, quoted_error
from ribin.read.original import Original
from ribin.read.x3p_archive import Archive
from ribin.read.x3p_axes import view_of_axes
from ribin.read.x3p_header import read_header
from ribin.read.x3p_main import read_description
from ribin.read.x3p_mask import read_outline
from ribin.read.x3p_missing import smallest_integer
from ribin.read.x3p_points import unpack_points
from ribin.read.x3p_units import heights_in_um, pitch_in_um

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
