"""The marks of a whole head in an image under a ring light: two circles, and what lies between.

The flat of the primer is bright; its rounded shoulder and the gap round it throw the light aside
and are dark; so is the edge of the firing pin's impression, or of the aperture that the primer
flowed into.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ribin.errors import ScanError
from ribin.extract.circles import Circle, circle_flux, inside_circle, refine_circle
from ribin.extract.illumination import check_contrast, check_white
from ribin.model import UM_PER_MM, BoolArray, FloatArray, MarkType, Origin, Region, Scan
from ribin.params.defaults import HeadImageParams, Params


def find_image_regions(scan: Scan, params: Params) -> tuple[Region, ...]:
    """1 a coarse grid, 2 the primer's circle, 3 the firing pin's, 4 the breech face between.

    Returns tuple of Region: the breech face, less what in it is neither flat nor evenly lit, on the
    circle of the primer's flat; and the impression of the firing pin, where one is seen: the
    aperture round it is none.
    Raises ScanError: the image is blank or saturated, or shows no whole primer with an impression
    in it.
    """
    name, head = scan.provenance.source, params.head_image
    check_white(scan, scan.valid, "image", head.max_white)
    check_contrast(scan, head.min_contrast)
    grey = _on_grid(scan, head.grid_um)
    primers = likely_primers(grey, head)
    regions = _first_face(scan, grey, primers, head)
    regions = regions or _first_face(scan, grey, soft_primers(grey, head), head)
    if regions:
        return regions
    if diameter_px := _primer_at_another_pitch(scan, params):
        cups = [
            f"{mm * UM_PER_MM / diameter_px:.3g} um if it is a primer cup of {mm:g} mm"
            for mm in params.read.primer_cups_mm
        ]
        raise ScanError(
            f"{name}: no primer found at the pitch of {scan.pixel_pitch_um:.4g} um, but a disc of "
            f"{diameter_px:.0f} pixels across that looks like one: the pitch would be "
            f"{', '.join(cups)}",
            hint="--pixel-pitch-um states the pitch; it is a fifth less where only the flat of "
            "the cup shines",
        )
    if not primers:
        raise ScanError(
            f"{name}: no whole primer found; a bright disc of {head.min_primer_um / 1e3:g} to "
            f"{head.max_primer_um / 1e3:g} mm radius within a dark ring is needed, or a mask"
        )
    raise ScanError(
        f"{name}: a bright disc of {primers[0].radius * head.grid_um / 1e3:.2f} mm radius found, "
        "but no even face with a firing pin impression in it; a mask is needed"
    )


def _primer_at_another_pitch(scan: Scan, params: Params) -> float:
    """Pixels across a primer, with an even face and a hole, that would be one if the pitch were
    another; 0 where there is none: the pitch is doubted only where a primer is seen."""
    head = replace(params.head_image, grid_um=params.read.other_grid * params.head_image.grid_um)
    for scale in params.read.other_scales:
        scaled = replace(
            scan, row_pitch_um=scan.row_pitch_um * scale, col_pitch_um=scan.col_pitch_um * scale
        )
        frame_um = (scan.shape[0] * scaled.row_pitch_um, scan.shape[1] * scaled.col_pitch_um)
        too_small = max(frame_um) < 2.0 * head.min_primer_um
        if too_small or max(frame_um) > params.read.other_frame_mm * UM_PER_MM:
            continue
        grey = _on_grid(scaled, head.grid_um)
        regions = _first_face(scaled, grey, likely_primers(grey, head), head)
        if regions:
            return 2.0 * regions[0].radius_um / scaled.pixel_pitch_um
    return 0.0


def _first_face(
    scan: Scan, grey: FloatArray, primers: list[Circle], params: HeadImageParams
) -> tuple[Region, ...]:
    """The regions of the first primer that has an even face round a hole; empty where none has."""
    for primer in primers:
        flat = _flatness(grey, primer)
        hole = round_hole(flat, primer, params)
        if hole is None and primer.edge_share >= params.sure_edge_share:
            hole = any_hole(flat, primer, params)
        if hole is None or _has_dark_ring(flat, primer, hole, params):
            continue
        face = _breech_face(flat, primer, hole.inside, params)
        ring_px = math.pi * primer.radius**2 - float(hole.inside.sum())
        if float(face.sum()) >= params.min_face_share * ring_px:
            pin = impression(flat, hole, params)
            return (
                _region(scan, MarkType.BREECH_FACE, face, primer, params),
                *(
                    [_region(scan, MarkType.FIRING_PIN, pin.inside, pin.circle, params)]
                    if pin
                    else []
                ),
            )
    return ()


def _on_grid(scan: Scan, grid_um: float) -> FloatArray:
    """Mean grey on square pixels; the place of (row, col) is (row * pitch / grid)."""
    pitch = (scan.row_pitch_um, scan.col_pitch_um)
    height, width = (max(8, round(n * p / grid_um)) for n, p in zip(scan.shape, pitch, strict=True))
    small = cv2.resize(scan.values, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _flatness(grey: FloatArray, primer: Circle) -> FloatArray:
    """Brightness as a share of that of the primer's flat, which is most of the circle."""
    rows, cols = np.ogrid[: grey.shape[0], : grey.shape[1]]
    away = np.hypot(rows - primer.row, cols - primer.col) / primer.radius
    rings = [grey[(away > r) & (away <= r + 0.03)] for r in np.arange(1.0, 1.3, 0.03)]
    outer = inside_circle(grey.shape, primer, 0.95) & ~inside_circle(grey.shape, primer, 0.65)
    black = min((float(np.median(ring)) for ring in rings if ring.size), default=0.0)
    bright = float(np.median(grey[outer]))
    return np.asarray(np.clip((grey - black) / max(bright - black, 1e-3), 0.0, 2.0), np.float32)


def _has_dark_ring(flat: FloatArray, primer: Circle, hole: Hole, params: HeadImageParams) -> bool:
    """Whether the disc is no flat: a pocket with a primer in it, or a primer with its shoulder."""
    rows, cols = np.ogrid[: flat.shape[0], : flat.shape[1]]
    away = np.hypot(rows - primer.row, cols - primer.col)
    outside = ~hole.inside & (away < 0.93 * primer.radius)
    for radius in np.arange(0.3 * primer.radius, 0.93 * primer.radius):
        ring = np.abs(away - radius) < 1.0
        shown = flat[ring & outside]
        if len(shown) > 0.6 * ring.sum() and np.median(shown) < params.darkest_ring:
            return True
    return False


def _breech_face(
    flat: FloatArray, primer: Circle, hole: BoolArray, params: HeadImageParams
) -> BoolArray:
    """Within the primer and outside the hole, without dark or glaring patches."""
    from scipy import ndimage
    from skimage.morphology import disk

    margin = max(1, round(params.pin_margin_um / params.grid_um))
    ring = inside_circle(flat.shape, primer, params.primer_margin)
    ring &= ~ndimage.binary_dilation(hole, disk(margin))
    smooth = blur(flat, params.patch_um / params.grid_um)
    odd = ring & ((smooth < params.darkest) | (smooth > params.brightest))
    labels, number = ndimage.label(odd)
    least = (params.patch_um / params.grid_um) ** 2 * 4.0
    if number:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        ring &= ~(sizes >= least)[labels]
    return np.asarray(ring, np.bool_)


def _region(
    scan: Scan, mark_type: MarkType, found: BoolArray, circle: Circle, params: HeadImageParams
) -> Region:
    size = (scan.shape[1], scan.shape[0])
    large = cv2.resize(found.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    inside = np.asarray((large > 0.5) & scan.valid, np.bool_)
    if mark_type is MarkType.BREECH_FACE:
        check_white(scan, inside, "breech face", params.max_white)
    # Pixel (0, 0) of the scan lies near the corner of the grid's, half a step from its middle.
    row_um, col_um = (circle.row + 0.5) * params.grid_um, (circle.col + 0.5) * params.grid_um
    radius_um = circle.radius * params.grid_um
    return Region(mark_type, inside, (row_um, col_um), radius_um, Origin.FOUND)


# The hole in the flat of a primer, in an image: the firing pin's impression or its aperture.


@dataclass(frozen=True, eq=False)
class Hole:
    """A hole, True `inside` on the grid, and its circle: of a hole that is not round, the circle
    of its area.
    """

    circle: Circle
    inside: BoolArray


def blur(values: FloatArray, sigma_px: float) -> FloatArray:
    """Gaussian blur; (H, W) float32 arrays."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma_px), np.float32)


def round_hole(flat: FloatArray, primer: Circle, params: HeadImageParams) -> Hole | None:
    """The largest clear circle within the primer at which it is dark inside and flat outside.

    `flat`, (H, W) float32, is the brightness as a share of that of the primer's flat.
    """
    smooth = blur(np.minimum(flat, 1.0), params.smooth_um / params.grid_um)
    cap = params.edge_cap * params.grid_um / params.smooth_um
    radii = np.arange(params.min_pin_um / params.grid_um, params.max_pin_share * primer.radius)
    rise = -circle_flux(smooth, radii, cap)
    rows, cols = np.ogrid[: flat.shape[0], : flat.shape[1]]
    away = np.hypot(rows - primer.row, cols - primer.col)
    rise[(away[None] + radii[:, None, None]) > primer.radius * 1.03] = 0.0
    best = rise.max(axis=(1, 2))
    clear = (best >= params.pin_share_of_best * best.max()) & (best >= params.min_pin_rise)
    for k in np.flatnonzero(clear)[::-1]:
        row, col = np.unravel_index(int(rise[k].argmax()), rise[k].shape)
        start = Circle(float(row), float(col), float(radii[k]))
        band_px = params.pin_band_um / params.grid_um
        found = refine_circle(smooth, start, band_px, -1.0, params.min_edge * cap)
        # The refined circle may have slipped off: inwards, or out to the flat of a negative.
        fits = 0.8 * radii[k] < found.radius <= params.max_pin_share * primer.radius
        if fits and found.edge_share >= params.min_edge_share:
            return Hole(found, inside_circle(flat.shape, found))
    return None


def impression(flat: FloatArray, hole: Hole, params: HeadImageParams) -> Hole | None:
    """The impression of the firing pin in a hole: the circle within it that stands out clearly.

    Round an impression the primer has flowed back into the aperture, which shines. A hole without
    such a circle is the impression itself, unless it is too wide for one: an aperture is no mark of
    a firing pin.
    """
    smooth = blur(np.minimum(flat, 1.5), params.smooth_um / params.grid_um)
    cap = params.edge_cap * params.grid_um / params.smooth_um
    least = params.min_pin_um / params.grid_um
    radii = np.arange(least, params.max_inner_share * hole.circle.radius)
    if radii.size:
        rise = -circle_flux(smooth, radii, cap)
        rows, cols = np.ogrid[: flat.shape[0], : flat.shape[1]]
        away = np.hypot(rows - hole.circle.row, cols - hole.circle.col)
        rise[(away[None] + radii[:, None, None]) > hole.circle.radius] = 0.0
        k, row, col = np.unravel_index(int(rise.argmax()), rise.shape)
        if rise[k, row, col] >= params.min_inner_rise:
            start = Circle(float(row), float(col), float(radii[k]))
            band_px = params.pin_band_um / params.grid_um
            found = refine_circle(smooth, start, band_px, -1.0, params.min_edge * cap)
            fits = least <= found.radius < hole.circle.radius
            if fits and found.edge_share >= params.sure_edge_share:
                return Hole(found, inside_circle(flat.shape, found))
    wide = hole.circle.radius * params.grid_um > params.max_impression_um
    return None if wide else hole


def any_hole(flat: FloatArray, primer: Circle, params: HeadImageParams) -> Hole | None:
    """The largest patch near the middle that a dark outline encloses, of whatever shape."""
    from scipy import ndimage
    from skimage.morphology import disk

    smooth = blur(flat, 0.5 * params.smooth_um / params.grid_um)
    dark = (smooth < params.hole_flat) & inside_circle(flat.shape, primer, 0.9)
    reach = max(1, round(params.hole_closing_um / params.grid_um))
    closed = ndimage.binary_closing(dark, disk(reach))
    filled = ndimage.binary_fill_holes(closed)
    filled = ndimage.binary_opening(
        filled, disk(max(1, round(0.3 * params.min_pin_um / params.grid_um)))
    )
    labels, number = ndimage.label(filled)
    best: Hole | None = None
    for label in range(1, number + 1):
        inside = labels == label
        row, col = ndimage.center_of_mass(inside)
        radius = math.sqrt(float(inside.sum()) / math.pi)
        central = (
            math.hypot(row - primer.row, col - primer.col) <= params.hole_reach * primer.radius
        )
        fits = params.min_pin_um / params.grid_um <= radius <= params.max_pin_share * primer.radius
        if central and fits and (best is None or radius > best.circle.radius):
            best = Hole(Circle(float(row), float(col), radius), inside)
    return best


# The primer in an image of a head: the circle of its flat, bright within and dark without.


def likely_primers(grey: FloatArray, params: HeadImageParams) -> list[Circle]:
    """Circles, bright within and dark without, that lie in the frame; the clearest first."""
    levels = _levels(grey)
    smooth = blur(levels, params.smooth_um / params.grid_um)
    cap = params.edge_cap * params.grid_um / params.smooth_um
    radii = np.arange(params.min_primer_um, params.max_primer_um, 2 * params.grid_um)
    flux = circle_flux(smooth, radii / params.grid_um, cap)
    apart = round(params.apart_um / params.grid_um)
    found = []
    for _ in range(params.primer_candidates):
        k, row, col = np.unravel_index(int(flux.argmax()), flux.shape)
        if flux[k, row, col] < params.min_primer_fall:
            break
        start = Circle(float(row), float(col), float(radii[k] / params.grid_um))
        band_px = params.band_um / params.grid_um
        circle = refine_circle(smooth, start, band_px, 1.0, params.min_edge * cap)
        if _is_whole(circle, params):
            found.append((circle.edge_share * _contrast(levels, circle), circle))
        near = slice(max(0, k - 4), k + 5)
        flux[near, max(0, row - apart) : row + apart, max(0, col - apart) : col + apart] = -1.0
    clear = [pair for pair in found if pair[0] >= params.min_primer_contrast]
    return [circle for _, circle in sorted(clear, key=lambda pair: -pair[0])]


def soft_primers(grey: FloatArray, params: HeadImageParams) -> list[Circle]:
    """As `likely_primers`, of flats whose brightness falls slowly, and only unmistakable ones."""
    softer = replace(
        params,
        smooth_um=params.soft_smooth_um,
        min_primer_fall=params.soft_min_primer_fall,
        min_edge=params.soft_min_edge,
        min_edge_share=params.sure_edge_share,
    )
    return likely_primers(grey, softer)


def _is_whole(circle: Circle, params: HeadImageParams) -> bool:
    return (
        circle.shown >= params.min_shown
        and circle.edge_share >= params.min_edge_share
        and params.min_primer_um <= circle.radius * params.grid_um <= params.max_primer_um
    )


def _contrast(levels: FloatArray, circle: Circle) -> float:
    """How much brighter the border of the disc is than the darkest ring just outside it."""
    rows, cols = np.ogrid[: levels.shape[0], : levels.shape[1]]
    away = np.hypot(rows - circle.row, cols - circle.col) / circle.radius
    inner = np.median(levels[(away > 0.8) & (away < 0.97)])
    rings = [levels[(away > r) & (away <= r + 0.02)] for r in np.arange(1.0, 1.2, 0.02)]
    return float(inner - min(np.median(ring) for ring in rings if ring.size))


def _levels(grey: FloatArray) -> FloatArray:
    """Brightness on a scale that gain and glare hardly change: 0 black to 1 the bright half."""
    black, bright = np.percentile(grey, [2, 75])
    return np.asarray(np.clip((grey - black) / max(bright - black, 1e-3), 0.0, 1.5), np.float32)
