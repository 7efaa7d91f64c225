"""X3P (ISO 25178-72, ISO 5436-2): heights, pitch, outline and what the header says of them."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import numpy as np
import x3pio

from ribin.errors import FormatError, ScanError
from ribin.model import BoolArray, ScanKind
from ribin.params_limits import ReadParams
from ribin.read.original import Original
from ribin.read.reading import Reading, check_size, quoted_error
from ribin.read.x3p_archive import MAIN_XML, pack_archive, unpack_archive
from ribin.read.x3p_axes import View, view_of_axes
from ribin.read.x3p_repair import repair_main, stated_text, verify_main
from ribin.read.x3p_units import heights_in_um, pitch_in_um

_MASK = "mask.png"
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
    members = unpack_archive(original.data, name, params)
    main_mib = len(members[MAIN_XML]) / (1 << 20)
    if main_mib > params.max_main_xml_mib:
        raise FormatError(
            f"{name}: main.xml of at most {params.max_main_xml_mib} MiB needed, "
            f"found {main_mib:.0f} MiB"
        )
    notes = verify_main(members, name)
    if pixel_pitch_um is not None:
        notes += (
            f"Pixel pitch of {pixel_pitch_um:.6g} um given and not used: X3P states its own.",
        )
    members, repairs = repair_main(members)
    file, reader = _decode(pack_archive(members), name, params)

    header = file.header
    view = view_of_axes(
        (header.x.increment, header.y.increment, header.z.increment),
        stated_text(members[MAIN_XML], "Origin"),
        file.placement.rotation,
        name,
        params,
    )
    heights = heights_in_um(file.layers[0].z, name, params)
    x_pitch_um, x_repairs = pitch_in_um(header.x.increment, "x", params)
    y_pitch_um, y_repairs = pitch_in_um(header.y.increment, "y", params)
    values = np.ascontiguousarray(view.placed(heights.values))
    mark_valid, mask_notes = _outline(members, heights.valid.shape, view, name, params)
    return Reading(
        values=-values if view.negate else values,
        valid=np.ascontiguousarray(view.placed(heights.valid)),
        row_pitch_um=x_pitch_um if view.transpose else y_pitch_um,
        col_pitch_um=y_pitch_um if view.transpose else x_pitch_um,
        kind=ScanKind.TOPOGRAPHY,
        reader=reader,
        instrument=_instrument(file.metadata),
        creator=_one_line(file.metadata.creator if file.metadata else ""),
        measured_on=_stated_date(members[MAIN_XML]),
        repairs=(*repairs, *x_repairs, *y_repairs, *heights.repairs),
        notes=(*notes, *view.notes, *heights.notes, *mask_notes),
        mark_valid=mark_valid,
    )


def _decode(data: bytes, name: str, params: ReadParams) -> tuple[Any, str]:
    """The surface as x3pio reads it; what it is and how large is checked before its data."""
    try:
        with np.errstate(all="ignore"):  # numbers too large become not measured
            _check_surface(x3pio.info(io.BytesIO(data)), name, params)
            file = x3pio.read(io.BytesIO(data))
    except x3pio.X3pChecksumError as error:
        raise FormatError(
            f"{name}: the data was changed or damaged, {quoted_error(error)}"
        ) from error
    except (x3pio.X3pError, ValueError, LookupError, OverflowError) as error:
        raise FormatError(f"{name}: not readable as X3P, {quoted_error(error)}") from error
    return file, f"x3pio {x3pio.__version__}"


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


def _outline(
    members: dict[str, bytes], shape: tuple[int, ...], view: View, name: str, params: ReadParams
) -> tuple[BoolArray | None, tuple[str, ...]]:
    """The breech face as a person outlined it in the file; it lies on the stored matrix."""
    found = sorted(path for path in members if path.rsplit("/", 1)[-1].lower() == _MASK)
    if not found:
        return None, ()
    path = min(found, key=lambda p: (p.lower() != f"bindata/{_MASK}", p))
    from ribin.read.mask import decode_mask

    mask = decode_mask(members[path], f"{name}: {path}", params)
    if mask.shape != shape:
        raise ScanError(
            f"{name}: mask {path} must be {shape[0]} x {shape[1]} pixels like the surface, "
            f"found {mask.shape[0]} x {mask.shape[1]}"
        )
    if mask.reason:
        return None, (f"Mask {path} not used: {mask.reason}.",)
    placed: BoolArray = np.ascontiguousarray(view.placed(mask.inside))
    return placed, (f"Mask {path} of the file: {np.mean(mask.inside):.1%} of the pixels inside.",)


def _instrument(metadata: Any) -> str:
    if metadata is None:
        return ""
    unit = metadata.instrument
    return _one_line(" ".join((unit.manufacturer, unit.model, unit.serial, unit.version)))


def _stated_date(main: bytes) -> str:
    # x3pio gives a time without a zone the zone of this machine; the file's own words are kept.
    stated = stated_text(main, "Date")
    try:
        datetime.fromisoformat(stated)
    except ValueError:
        return ""
    return stated


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())[:_LONGEST_TEXT]
