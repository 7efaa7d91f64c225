"""How good a scan is where a mark lies: measured figures, and what speaks against comparing it."""

from __future__ import annotations

import cv2
import numpy as np

from ribin.model import BoolArray, Mark, Quality, Region, Scan, ScanKind, Verdict
from ribin.params.defaults import QualityParams

_CLOSED_UM = 150.0  # holes narrower than twice this belong to the mark and were not measured
_SECTORS = 72
_SECTOR_SHARE = 0.02  # of the pixels that a sector would hold if the circle were full
_GRID_UM = 25.0
_LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_LAPLACE_GAIN = 6.0  # root of the sum of its squares: what it makes of white noise of SD 1
_MORE_IS_WORSE = ("saturation", "blur_um", "left_out")
_WORDS = {
    "valid_share": "gaps: {:.2f} of the mark measured",
    "coverage": "incomplete: {:.2f} of the directions from the centre measured",
    "relief_um": "too flat: the relief is {:.2f} um",
    "signal_to_noise": "noisy: the relief is {:.2f} times the noise",
    "blur_um": "blurred: the finest detail is {:.2f} um",
    "left_out": "dirty: {:.2f} of the mark left out as dust, drag or flowback",
}
_KEPT = "the outline keeps {:.2f} of the breech face that is seen, at least {:g} needed"
_OVEREXPOSED = "overexposed: {:.2f} of the pixels are white"
_UNDEREXPOSED = "underexposed: {:.2f} of the pixels are black"
_CLIPPED = "clipped: {:.2f} of the pixels at the lowest or the highest height of the scan"


def judge_quality(
    scan: Scan, region: Region, mark: Mark, params: QualityParams, high_cutoff_um: float
) -> Quality:
    """Measure one mark and compare its figures with the limits.

    `scan`, `region`: the scan as read and where the mark lies in it. `mark`: the same mark,
    levelled and band-passed. `high_cutoff_um`: the longest wavelength of its band, in which the
    finest detail is judged.
    """
    figures = {
        "valid_share": _valid_share(scan, region),
        "coverage": _coverage(scan, region),
        "relief_um": _rms(mark.surface, mark.valid),
        "signal_to_noise": 0.0,
        "saturation": _saturation(scan, region),
        "blur_um": _blur_um(mark),
    }
    left_out = mark.left_out_shares
    noise = _noise(scan, region)
    figures["signal_to_noise"] = figures["relief_um"] / noise if noise > 0.0 else np.inf
    faults = [
        (verdict, _reason(name, value, limit, scan, region))
        for name, value in {**figures, "left_out": sum(left_out.values())}.items()
        for verdict, limit in _broken(name, value, scan.kind, _limits(name, params, high_cutoff_um))
    ]
    for verdict, limit in _broken("kept_share", region.kept_share, scan.kind, params.kept_share):
        faults.append((verdict, _KEPT.format(region.kept_share, limit)))
    verdicts = [verdict for verdict, _ in faults]
    return Quality(
        mark_type=region.mark_type,
        verdict=next(
            (v for v in (Verdict.UNUSABLE, Verdict.POOR) if v in verdicts), Verdict.USABLE
        ),
        reasons=tuple(reason for _, reason in faults),
        area_mm2=mark.measured_mm2,
        noise_um=noise,
        left_out=left_out,
        **figures,
    )


def _limits(name: str, params: QualityParams, high_cutoff_um: float) -> tuple[float, float]:
    if name == "blur_um":
        return params.blur_share[0] * high_cutoff_um, params.blur_share[1] * high_cutoff_um
    limits: tuple[float, float] = getattr(params, name)
    return limits


def _broken(
    name: str, value: float, kind: ScanKind, limits: tuple[float, float]
) -> list[tuple[Verdict, float]]:
    """The worst limit that a figure breaks, if any."""
    if name == "relief_um" and kind is not ScanKind.TOPOGRAPHY:
        return []  # a contrast has no unit: its noise alone says what it is worth
    poor, unusable = limits
    sign = -1.0 if name in _MORE_IS_WORSE else 1.0
    if sign * value < sign * unusable:
        return [(Verdict.UNUSABLE, unusable)]
    return [(Verdict.POOR, poor)] if sign * value < sign * poor else []


def _reason(name: str, value: float, limit: float, scan: Scan, region: Region) -> str:
    words = _saturation_words(scan, region) if name == "saturation" else _WORDS[name]
    needed = "at most" if name in _MORE_IS_WORSE else "at least"
    return f"{words.format(value)}, {needed} {limit:g} needed"


def _saturation_words(scan: Scan, region: Region) -> str:
    """At which end of the range most of the saturated pixels of a mark lie."""
    if scan.kind is ScanKind.TOPOGRAPHY:
        return _CLIPPED
    dark, bright = _at_the_ends(scan, region)
    return _OVEREXPOSED if bright.sum() >= dark.sum() else _UNDEREXPOSED


def _valid_share(scan: Scan, region: Region) -> float:
    """Measured share of the mark with its narrow holes closed, on a coarse grid."""
    shape = scan.shape
    size = (
        max(3, round(shape[1] * scan.col_pitch_um / _GRID_UM)),
        max(3, round(shape[0] * scan.row_pitch_um / _GRID_UM)),
    )
    share = cv2.resize(region.inside.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    reach = round(_CLOSED_UM / _GRID_UM)
    padded = cv2.copyMakeBorder((share > 0.1).astype(np.uint8), *(reach,) * 4, cv2.BORDER_CONSTANT)
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, element)[reach:-reach, reach:-reach] > 0
    outlined = scan.mark_valid if region.mark_type == "breech_face" else None
    outlined = scan.outlines.get(region.mark_type, outlined)
    if outlined is not None:
        return float(region.inside.sum() / max(1, outlined.sum()))
    return float(share[closed].sum() / max(1, closed.sum()))


def _coverage(scan: Scan, region: Region) -> float:
    """Share of the directions from the centre in which there is surface of the mark."""
    rows, cols = np.nonzero(region.inside)
    down = rows * scan.row_pitch_um - region.center_um[0]
    across = cols * scan.col_pitch_um - region.center_um[1]
    sector = ((np.arctan2(down, across) / (2.0 * np.pi) + 0.5) * _SECTORS).astype(int) % _SECTORS
    full = np.pi * region.radius_um**2 / (scan.row_pitch_um * scan.col_pitch_um) / _SECTORS
    held = np.bincount(sector, minlength=_SECTORS)
    return float(np.mean(held > _SECTOR_SHARE * full))


def _noise(scan: Scan, region: Region) -> float:
    """SD of what changes from pixel to pixel only.

    From the median of a second difference in both directions (after Immerkaer 1996,
    doi:10.1006/cviu.1996.0060), which planes and slow relief do not reach.
    """
    change = cv2.filter2D(scan.values, cv2.CV_32F, _LAPLACE)
    inner = cv2.erode(region.inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if not inner.any():
        return float("nan")
    return 1.4826 * float(np.median(np.abs(change[inner]))) / _LAPLACE_GAIN


def _saturation(scan: Scan, region: Region) -> float:
    """Share of the mark's pixels that have exactly the lowest or highest value of the scan."""
    dark, bright = _at_the_ends(scan, region)
    return float((dark | bright).mean()) if dark.size else 0.0


def _at_the_ends(scan: Scan, region: Region) -> tuple[BoolArray, BoolArray]:
    """Which pixels of a mark have the lowest and which the highest value of the scan."""
    measured, inside = scan.values[scan.valid], scan.values[region.inside]
    return inside == measured.min(), inside == measured.max()


def _blur_um(mark: Mark) -> float:
    """Wavelength of a sine with the mark's ratio of height to slope."""
    down, across = np.gradient(mark.surface.astype(np.float64), mark.pitch_um)
    inner = cv2.erode(mark.valid.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    slope = _rms(np.hypot(down, across), inner)
    return 2.0 * np.pi * _rms(mark.surface, mark.valid) / slope if slope > 0.0 else float("inf")


def _rms(values: np.ndarray, where: BoolArray) -> float:
    held = values[where].astype(np.float64)
    return float(np.sqrt(np.mean(held**2))) if held.size else 0.0
