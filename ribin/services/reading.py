"""How a person wants scans to be read: pitch, outlines, cast; and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ribin.extract.outlines import (
    lit,
    noted,
    outline_by_circles,
    parse_circle,
    unfold_replica,
)
from ribin.model import Scan, ScanKind
from ribin.params.defaults import Params
from ribin.read import read_scan


@dataclass(frozen=True)
class Reading:
    """The options of one command about the scans it reads."""

    pixel_pitch_um: float | None = None
    mask: Path | None = None
    circles: tuple[str, ...] = ()
    replica: bool = False
    who: str = ""
    why: str = ""
    lighting: str = ""

    def scan(self, path: Path, params: Params) -> Scan:
        """Read a file; outlines replace what the file says, and the provenance notes by whom.

        A lighting is that of images; a topography read by the same command has none.

        Raises
        ------
        RibinError
            As `read_scan`; or a circle or a mask cannot be used.
        """
        circles = [parse_circle(text) for text in self.circles]
        scan = read_scan(
            path, pixel_pitch_um=self.pixel_pitch_um, mask_path=self.mask, params=params.read
        )
        if self.mask:
            words = [f"breech face outlined by mask {self.mask.name}"]
            scan = noted(scan, words, self.who, self.why)
        if circles:
            scan = outline_by_circles(scan, circles, self.who, self.why)
        if self.lighting and scan.kind is ScanKind.IMAGE:
            scan = lit(scan, self.lighting, self.who, self.why)
        return unfold_replica(scan, self.who, self.why) if self.replica else scan
