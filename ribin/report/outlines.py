"""The marks that were found in a scan: drawn on it, as masks, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.errors import ParameterError
from ribin.model import (
    LeftOut,
    MarkType,
    Quality,
    Region,
    Scan,
    ScanKind,
    left_out_words,
    light_words,
)
from ribin.report.pictures import (
    LEFT_OUT_COLOURS,
    Picture,
    draw_caption,
    draw_scale_bar,
    shade_surface,
    tint_left_out,
)
from ribin.report.table import table

_LONGEST_PX = 1000  # side of the picture
_TINT = 0.25
# Okabe and Ito's sky blue, vermilion and yellow: told apart by all kinds of colour vision.
_COLOURS = {
    MarkType.BREECH_FACE: (86, 180, 233),
    MarkType.FIRING_PIN: (213, 94, 0),
    MarkType.EJECTOR: (240, 228, 66),
}
KEEP_ALL = "--keep-all keeps it"


def draw_outlines(scan: Scan, regions: Sequence[Region], quality: Sequence[Quality]) -> Picture:
    """The scan in grey with each mark tinted, its edge, its circle and its centre; (H, W, 3).

    What is left out of a mark is coloured more strongly, each kind in a colour of its own. The
    lines under the picture say what each colour means.
    """
    keys = []
    scale = _LONGEST_PX / max(scan.shape)
    size = (round(scan.shape[1] * scale), round(scan.shape[0] * scale))
    picture = np.repeat(_grey(scan, size)[:, :, np.newaxis], 3, axis=2)
    for region, judged in zip(regions, quality, strict=True):
        colour = _COLOURS[region.mark_type]
        inside = (
            cv2.resize(region.inside.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
        )
        tinted = (1.0 - _TINT) * picture[inside] + _TINT * np.array(colour)
        picture[inside] = tinted.astype(np.uint8)
        if region.left_out is not None:
            tint_left_out(picture, _resized_kinds(region.left_out, size))
        edges, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, edges, -1, colour, 2, cv2.LINE_AA)
        row, col = region.center_px(scan)
        middle = (round(col * scale), round(row * scale))
        axes = (
            round(region.radius_um / scan.col_pitch_um * scale),
            round(region.radius_um / scan.row_pitch_um * scale),
        )
        cv2.ellipse(picture, middle, axes, 0, 0, 360, colour, 1, cv2.LINE_AA)
        cv2.drawMarker(picture, middle, colour, cv2.MARKER_CROSS, 16, 2)
        keys.append((colour, _line(region, judged)))
        keys += [
            (LEFT_OUT_COLOURS[kind], f"left out as {kind.words}: {share:.2f} of it; {KEEP_ALL}")
            for kind in LeftOut
            if (share := judged.left_out[kind.words]) > 0.0
        ]
    draw_scale_bar(picture, scan.pixel_pitch_um / scale)
    return draw_caption(picture, [scan.provenance.source], keys)


def _resized_kinds(left_out: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """What most of each pixel of a smaller picture is left out as; 0 where most is kept."""
    found = np.zeros(size[::-1], np.uint8)
    for kind in LeftOut:
        of_kind = (left_out == kind).astype(np.float32)
        found[cv2.resize(of_kind, size, interpolation=cv2.INTER_AREA) > 0.5] = kind
    return found


def scan_picture(scan: Scan, longest_px: int) -> Picture:
    """The whole scan in grey, (H, W, 3): a photograph as it is, a topography lit from the upper
    left; no side longer than `longest_px`, and none enlarged."""
    scale = min(1.0, longest_px / max(scan.shape))
    size = (max(1, round(scan.shape[1] * scale)), max(1, round(scan.shape[0] * scale)))
    return np.repeat(_grey(scan, size)[:, :, np.newaxis], 3, axis=2)


def write_masks(scan: Scan, regions: Sequence[Region], folder: Path) -> dict[MarkType, Path]:
    """Write NAME.MARK.mask.png for each mark, 255 where valid, in the shape of the scan.

    Raises ParameterError: the folder cannot be made, or a file cannot be written.
    """
    stem = Path(scan.provenance.source).stem
    written = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for region in regions:
            path = folder / f"{stem}.{region.mark_type}.mask.png"
            _, encoded = cv2.imencode(".png", region.inside.astype(np.uint8) * 255)
            path.write_bytes(encoded.tobytes())
            written[region.mark_type] = path
    except OSError as error:
        raise ParameterError(f"{folder}: a folder to write needed, {error.strerror}") from error
    return written


def outlines_summary(
    scan: Scan, regions: Sequence[Region], quality: Sequence[Quality], masks: dict[MarkType, Path]
) -> dict[str, Any]:
    """The contract of `ribin extract --json`."""
    marks = []
    for region, judged in zip(regions, quality, strict=True):
        figures = {k: v for k, v in asdict(judged).items() if k != "mark_type"}
        if scan.kind is ScanKind.IMAGE:  # grey values are no lengths
            for name in ("relief", "noise"):
                figures[f"{name}_grey"] = figures.pop(f"{name}_um")
        marks.append(
            {
                "mark": region.mark_type,
                "origin": region.origin,
                "mask": str(masks[region.mark_type]) if masks else None,
                "center_px": region.center_px(scan),
                "radius_px": region.radius_um / scan.pixel_pitch_um,
                "quality": figures,
            }
        )
    return {
        "file": scan.provenance.source,
        "kind": scan.kind,
        "pixel_pitch_um": scan.pixel_pitch_um,
        "shape": scan.shape,
        "lighting": scan.provenance.lighting,
        "marks": marks,
        "notes": scan.provenance.notes,
    }


def outlines_table(scan: Scan, regions: Sequence[Region], quality: Sequence[Quality]) -> str:
    """One row a mark, and the reasons against those that are not usable."""
    unit = "grey" if scan.kind is ScanKind.IMAGE else "um"
    figures = ("measured", "directions", f"relief {unit}", f"noise {unit}")
    header = ("mark", "origin", "verdict", "mm2", *figures)
    rows = [
        (r.mark_type, r.origin, q.verdict, q.area_mm2, q.valid_share, q.coverage, q.relief_um,
         q.noise_um)
        for r, q in zip(regions, quality, strict=True)
    ]  # fmt: skip
    light = light_words(scan)
    lines = [
        scan.provenance.source,
        *([f"lighting: {light}"] if light else []),
        table(header, rows),
    ]
    lines += [f"{q.mark_type} is {q.verdict}: {reason}" for q in quality for reason in q.reasons]
    lines += [f"{q.mark_type}: {words}" for q in quality if (words := _left_out(q))]
    return "\n".join([*lines, *scan.provenance.notes])


def _left_out(quality: Quality) -> str:
    said = left_out_words(quality.left_out)
    return f"left out of the mark: {said} ({KEEP_ALL})" if said else ""


def _line(region: Region, quality: Quality) -> str:
    why = f" ({'; '.join(quality.reasons)})" if quality.reasons else ""
    return f"{region.mark_type} {region.origin}: {quality.verdict}{why}"


def _grey(scan: Scan, size: tuple[int, int]) -> Picture:
    if scan.kind is ScanKind.IMAGE:
        grey = cv2.resize(scan.values, size, interpolation=cv2.INTER_AREA)
        return np.asarray(np.clip(grey * 255.0, 0, 255), np.uint8)
    weight = cv2.resize(scan.valid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    heights = np.where(scan.valid, scan.values, np.float32(0))
    heights = cv2.resize(heights, size, interpolation=cv2.INTER_AREA) / np.maximum(weight, 1e-3)
    return shade_surface(np.asarray(heights, np.float32), weight > 0.5)
