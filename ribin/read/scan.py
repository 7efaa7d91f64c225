"""One way in: a path becomes a `Scan`, by what the file holds and not by what it is called."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from ribin.errors import ParameterError, ScanError
from ribin.model import UM_PER_MM, BoolArray, Scan
from ribin.params.defaults import DEFAULT_PARAMS, ReadParams
from ribin.read.file import (
    FileFormat,
    Original,
    check_pitch,
    check_relief,
    load_original,
    sniff_content,
)
from ribin.read.single import check_single


def read_scan(
    path: str | Path,
    *,
    pixel_pitch_um: float | None = None,
    mask_path: str | Path | None = None,
    params: ReadParams = DEFAULT_PARAMS.read,
) -> Scan:
    """Read an X3P surface or an optical image.

    Parameters
    ----------
    path : path
        X3P, PNG, TIFF, BMP or JPEG; the content decides.
    pixel_pitch_um : float, optional
        Distance of the pixels of an image. It wins over the density of the file. An X3P file
        states its own pitch, which is kept.
    mask_path : path, optional
        Image of the same shape as the scan as displayed, 255 inside the mark. It wins over
        NAME.mask.png beside NAME.png or NAME.x3p, and that over a mask inside an X3P file.
    params : ReadParams
        What is accepted.

    Returns
    -------
    Scan
        Row 0 at the top as displayed, heights in um or grey values from 0 to 1, with the SHA-256
        of the original bytes, what was repaired, and notes on axes, masks and checksums.

    Raises
    ------
    FormatError
        The file, or a mask, is missing, unreadable, damaged, changed or of an unknown kind.
    ScanError
        It was read and cannot be compared: size, pitch, relief, two scans side by side, or a mask
        of another shape.
    ParameterError
        `pixel_pitch_um` is outside the limits of `params`.
    """
    path = Path(path)
    _check_given_pitch(pixel_pitch_um, params)
    try:
        original = load_original(path, params)
        scan = _decode(original, pixel_pitch_um, params)
    except MemoryError as error:
        raise ScanError(f"{path.name}: too large for the memory of this machine") from error
    check_pitch(scan.row_pitch_um, scan.col_pitch_um, original.name, params)
    check_relief(scan, original.name)
    check_single(scan, original.name, params)
    return _with_mask_noted(_apply_mask(scan, path, mask_path, params), params)


def _decode(original: Original, pixel_pitch_um: float | None, params: ReadParams) -> Scan:
    # A reader and its library are imported when a file needs them: `ribin --help` does not.
    if sniff_content(original) is FileFormat.ZIP:
        from ribin.read.x3p.surface import read_x3p

        return read_x3p(original, pixel_pitch_um, params)
    from ribin.read.image import read_optical

    return read_optical(original, pixel_pitch_um, params)


def _check_given_pitch(pixel_pitch_um: float | None, params: ReadParams) -> None:
    if pixel_pitch_um is None:
        return
    low, high = params.min_pitch_um, params.max_pitch_um
    if not (math.isfinite(pixel_pitch_um) and low <= pixel_pitch_um <= high):
        raise ParameterError(
            f"pixel_pitch_um: {low:g} to {high:g} um needed, found {pixel_pitch_um:g}"
        )


def _apply_mask(scan: Scan, path: Path, mask_path: str | Path | None, params: ReadParams) -> Scan:
    """The scan with the mask given or lying beside it; else with the one that the file brought."""
    beside = path.with_suffix(".mask.png")
    if mask_path is not None:
        chosen, how = Path(mask_path), "given"
    elif beside.is_file():
        chosen, how = beside, "beside the scan"
    else:
        return scan
    inside, sha256 = _drawn(chosen, scan.shape, path.name, params)
    share = float(np.mean(inside))
    note = f"Mask {chosen.name} {how}: {share:.1%} of the pixels inside, SHA-256 {sha256}."
    provenance = replace(scan.provenance, notes=(*scan.provenance.notes, note))
    return replace(scan, mark_valid=inside, provenance=provenance)


def _with_mask_noted(scan: Scan, params: ReadParams) -> Scan:
    """The scan with a note where its mask keeps little of a mark, whichever mask that is."""
    if scan.mark_valid is None:
        return scan
    pixel_mm2 = scan.row_pitch_um * scan.col_pitch_um / UM_PER_MM**2
    kept_mm2 = float(np.sum(scan.valid & scan.mark_valid)) * pixel_mm2
    measured_mm2 = float(np.sum(scan.valid)) * pixel_mm2
    if kept_mm2 >= params.min_mask_share * min(measured_mm2, params.usual_face_mm2):
        return scan
    note = (
        f"The mask keeps {kept_mm2:.3g} mm2 of {measured_mm2:.3g} mm2 measured, less than "
        f"{params.min_mask_share:.0%} of a breech face: check it."
    )
    provenance = replace(scan.provenance, notes=(*scan.provenance.notes, note))
    return replace(scan, provenance=provenance)


def read_mask(
    path: Path, shape: tuple[int, ...], scan: str, params: ReadParams = DEFAULT_PARAMS.read
) -> BoolArray:
    """The outline that an image draws, (H, W) True where it is white.

    It must have the `shape` of the scan that a refusal calls `scan`. Raises FormatError: the image
    is missing or cannot be read. Raises ScanError: it has another shape, or outlines nothing.
    """
    return _drawn(path, shape, scan, params)[0]


def _drawn(
    path: Path, shape: tuple[int, ...], scan: str, params: ReadParams
) -> tuple[BoolArray, str]:
    """As `read_mask`, and the SHA-256 of the image."""
    from ribin.read.image import decode_pixels, white_inside

    drawn = load_original(path, params)
    mask = white_inside(decode_pixels(drawn.data, path.name, params))
    if mask.inside.shape != shape:
        raise ScanError(
            f"{path.name}: a mask of {shape[0]} x {shape[1]} pixels like {scan} needed, "
            f"found {mask.inside.shape[0]} x {mask.inside.shape[1]}"
        )
    if mask.reason:
        raise ScanError(f"{path.name}: {mask.reason}")
    return mask.inside, drawn.sha256
