"""The marks of one file with their quality, and the pictures of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ribin.model import MarkType, Scan
from ribin.params.defaults import Params
from ribin.pipeline import find_marks, judge_mark
from ribin.region import Quality, Region
from ribin.report.outlines import draw_outlines, write_masks
from ribin.report.pictures import write_overlay
from ribin.services.files import whole_file
from ribin.services.reading import Reading


@dataclass(frozen=True, eq=False)
class Extracted:
    """What was found in one scan; regions and quality go together."""

    scan: Scan
    regions: tuple[Region, ...]
    quality: tuple[Quality, ...]

    @property
    def parts(self) -> tuple[Scan, tuple[Region, ...], tuple[Quality, ...]]:
        return self.scan, self.regions, self.quality


def extract_file(path: Path, reading: Reading, params: Params) -> Extracted:
    """Read a file, find its marks and judge them.

    Raises
    ------
    ScanError
        There is no mark in it.
    """
    scan = reading.scan(path, params)
    found = find_marks(scan, params)
    return Extracted(
        scan,
        tuple(mark.region for mark in found),
        tuple(judge_mark(scan, mark, params) for mark in found),
    )


def write_extracted(
    done: Extracted, overlay: Path | None, folder: Path | None
) -> dict[MarkType, Path]:
    """Write the picture and the masks where asked for; gives the path of each mask."""
    if overlay:
        with whole_file(overlay) as aside:
            write_overlay(draw_outlines(*done.parts), aside)
    return write_masks(done.scan, done.regions, folder) if folder else {}
