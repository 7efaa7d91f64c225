"""Scans as X3P files with metadata, the same bytes on every machine."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import x3pio
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ribin.errors import ParameterError
from ribin.model import UM_PER_INCH, UM_PER_M, Scan

_DAY_UNKNOWN = "2000-01-01"  # X3P needs a date
_UNIX = 3  # what zip files call the system that made them; it must not follow the machine


def write_x3p(scan: Scan, path: str | Path, step_um: float = 0.005) -> None:
    """Write a synthetic scan as X3P (ISO 5436-2 wording, the one most programs read).

    Instrument, creator and date go into the file, nothing else of the provenance does. Heights are
    stored as 16-bit integers in steps of `step_um`; raises ParameterError where they do not fit.
    """
    Path(path).write_bytes(encode_x3p(scan, step_um))


def encode_x3p(scan: Scan, step_um: float = 0.005) -> bytes:
    """The bytes of the X3P file of a synthetic scan; arguments as `write_x3p`."""
    highest_um = float(np.abs(scan.values).max(initial=0.0))
    if highest_um > 32_767 * step_um:
        raise ParameterError(
            f"step_um: at least {highest_um / 32_767:.4g} needed for heights up to "
            f"{highest_um:.4g} um in 16 bits, found {step_um:g}"
        )
    heights_m = np.where(scan.valid, scan.values.astype(np.float64) / UM_PER_M, np.nan)
    packed = io.BytesIO()
    x3pio.write(
        packed,
        heights_m,
        x_scale=scan.col_pitch_um / UM_PER_M,
        y_scale=scan.row_pitch_um / UM_PER_M,
        z_type=x3pio.DataType.INT16,
        z_scale=step_um / UM_PER_M,
        metadata=_metadata(scan),
        revision=x3pio.Revision.ISO5436_2000,
    )
    return _store_members(packed.getvalue())


def _metadata(scan: Scan) -> x3pio.Metadata:
    day = scan.provenance.measured_on or _DAY_UNKNOWN
    measured = datetime.fromisoformat(day).replace(hour=9, tzinfo=UTC)
    return x3pio.Metadata(
        date=measured,
        creator=scan.provenance.creator,
        instrument=x3pio.Instrument(scan.provenance.instrument, "simulated 10x", "none", "1"),
        calibration_date=measured.replace(hour=7),
        probing_system=x3pio.ProbingSystem(x3pio.ProbingType.SOFTWARE, "simulated confocal"),
        comment="Synthetic: no firearm made this mark",
    )


def _store_members(archive: bytes) -> bytes:
    """The zip without compression: libraries of deflate differ, and would change the bytes."""
    stored = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as target,
    ):
        for name in source.namelist():
            member = zipfile.ZipInfo(name)
            member.create_system = _UNIX
            member.external_attr = 0o644 << 16
            target.writestr(member, source.read(name))
    return stored.getvalue()


# Rendered images as PNG files that state their pitch, with a mask beside them.


def write_png(scan: Scan, path: str | Path, *, masked: bool = True) -> None:
    """Write an image of 8 bit, and NAME.mask.png beside it.

    The file states its pitch (pHYs) and its lighting (text `Lighting`). The mask
    is white where the mark was measured. A rendering of a whole head wants none: a mask beside a
    scan says that somebody outlined the mark.

    Raises ParameterError: the name does not end in .png, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ParameterError(f"{path}: a name that ends in .png needed")
    inside = scan.valid if scan.mark_valid is None else scan.valid & scan.mark_valid
    grey = np.rint(scan.values * 255.0).astype(np.uint8)
    density = (UM_PER_INCH / scan.col_pitch_um, UM_PER_INCH / scan.row_pitch_um)
    about = PngInfo()
    if scan.provenance.lighting:
        about.add_text("Lighting", scan.provenance.lighting)
    about.add_text("Comment", " ".join(scan.provenance.notes[-1:]))
    try:
        Image.fromarray(grey).save(path, dpi=density, pnginfo=about)
        if masked:
            mask = Image.fromarray(np.where(inside, 255, 0).astype(np.uint8))
            mask.save(path.with_suffix(".mask.png"), dpi=density)
    except OSError as error:
        raise ParameterError(f"{path}: a PNG file to write needed, {error.strerror}") from error
