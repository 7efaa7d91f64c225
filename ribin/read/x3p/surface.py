"""An X3P file (ISO 25178-72, ISO 5436-2) becomes a scan: heights, pitch, outline, provenance."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import x3pio

from ribin.errors import FormatError, ScanError
from ribin.model import Scan, ScanKind
from ribin.params.defaults import ReadParams
from ribin.read.file import Original, check_size, quoted_error
from ribin.read.x3p.archive import Archive, member_path, rename_repair, verify_points
from ribin.read.x3p.axes import view_of_axes
from ribin.read.x3p.main_xml import StatedHeader, read_description, read_header
from ribin.read.x3p.outline import read_outline
from ribin.read.x3p.units import heights_in_um, pitch_in_um, smallest_integer

_LONGEST_TEXT = 200  # characters of a metadata field that are kept
_BYTES = {"I": 2, "L": 4, "F": 4, "D": 8}  # of a height, by the data type of the axis


def read_x3p(original: Original, pixel_pitch_um: float | None, params: ReadParams) -> Scan:
    """Decode an X3P file of one areal surface on a regular grid.

    The stated checksums are verified before anything is repaired. Heights are not moved, scaled
    or turned beyond what the header asks for; see `axes` for the view and `units` for the
    units. The offset of z is not added: it is a constant. `pixel_pitch_um` is not used, and
    a note says so.

    Raises FormatError: not X3P, damaged, against a checksum, or with a deviation that is not known.
    Raises ScanError: a profile, a point cloud, several layers, an irregular grid, or a size or
    relief that cannot be used.
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
    return Scan(
        values=-values if view.negate else values,
        valid=np.ascontiguousarray(view.placed(heights.valid)),
        row_pitch_um=x_pitch_um if view.transpose else y_pitch_um,
        col_pitch_um=y_pitch_um if view.transpose else x_pitch_um,
        kind=ScanKind.TOPOGRAPHY,
        provenance=original.provenance(
            reader=f"x3pio {x3pio.__version__}",
            instrument=_instrument(file.metadata),
            creator=_one_line(file.metadata.creator if file.metadata else ""),
            measured_on=_stated_date(stated.date),
            repairs=(*repairs, *x_repairs, *y_repairs, *heights.repairs),
            notes=(*notes, *view.notes, *heights.notes, *mask_notes),
        ),
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


# The members that hold the numbers are unpacked where their size is the one that the matrix needs.
# What main.xml does not link stays packed.


@dataclass(frozen=True, eq=False)
class PointRecord:
    """Linked members by the path that main.xml gives them, and what was met on the way."""

    members: dict[str, bytes]
    notes: tuple[str, ...]
    repairs: tuple[str, ...]


def unpack_points(archive: Archive, header: StatedHeader, info: Any, name: str) -> PointRecord:
    """Unpack and verify what main.xml links; a link to nothing is left for the decoder to refuse.

    Raises FormatError: a member is damaged, of another size than the matrix needs, or against its
    checksum.
    """
    count = math.prod(info.shape)
    point_bytes = count * _BYTES[info.header.z.data_type.value]
    linked = (
        (header.point_link, header.point_md5, "the heights", point_bytes),
        (header.valid_link, header.valid_md5, "the valid points", (count + 7) // 8),
    )
    members: dict[str, bytes] = {}
    notes: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    for link, md5, what, needed in linked:
        path = member_path(link)
        found = archive.find(path) if path else ""
        if not found:
            continue
        if archive.size(found) != needed:
            raise FormatError(
                f"{name}: member {found!r} of {needed} bytes for {info.shape[0]} x "
                f"{info.shape[1]} points needed, found {archive.size(found)}"
            )
        members[path] = archive.unpack(found, needed)
        notes += verify_points(members[path], md5, found, what, name)
        repairs += rename_repair(found, path)
    return PointRecord(members, notes, repairs)
