"""A topography as a camera sees it: under a ring light or a side light, with known truth."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ribin.errors import ParameterError, ScanError
from ribin.model import BoolArray, FloatArray, Lamp, Lighting, Provenance, Scan, ScanKind

_RING_LAMPS = 24  # the sum over more changes no pixel by a grey level
_WHITE = 255
_DARKEST, _BRIGHTEST = 20.0, 235.0  # where the 1st and 99th percentile fall at a gain of 1


@dataclass(frozen=True)
class Light:
    """Where the light comes from and how the metal throws it back."""

    lamp: Lamp = Lamp.RING
    azimuth_deg: float = 0.0  # of a side light, from the right, counter-clockwise as displayed
    elevation_deg: float = 45.0  # of the lamps above the plane of the image
    specular: float = 0.5  # weight of the mirror-like lobe beside 1 for the matt part
    shininess: float = 12.0  # exponent of the lobe (Blinn 1977, doi:10.1145/563858.563893)

    def __post_init__(self) -> None:
        if not 0.0 < self.elevation_deg < 90.0:
            raise ParameterError(
                f"elevation_deg: between 0 and 90 needed, found {self.elevation_deg:g}"
            )


@dataclass(frozen=True)
class Camera:
    """What becomes of the light on the way to grey levels of 8 bit."""

    # On the contrast about middle grey: 1 puts the 1st to 99th percentile on most of the range,
    # more than about 1.2 saturates.
    gain: float = 1.0
    noise_grey: float = 4.0  # standard deviation in grey levels
    unevenness: float = 0.0  # share by which the light falls off from border to border
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("gain", "noise_grey", "unevenness"):
            if not getattr(self, name) >= 0.0:
                raise ParameterError(f"{name}: 0 or more needed, found {getattr(self, name):g}")


def render_scan(scan: Scan, light: Light | None = None, camera: Camera | None = None) -> Scan:
    """Photograph a topography at its own pitch; every pixel keeps its place.

    Parameters
    ----------
    scan : Scan
        Topography of (H, W) pixels.
    light, camera : optional
        A ring light and a camera with 4 grey levels of noise if not given.

    Returns
    -------
    Scan
        An image of (H, W) pixels from 0 to 1 in steps of 1/255, 0 where not measured.

    Raises
    ------
    ScanError
        The scan is an image, or nothing was measured.
    """
    light, camera = light or Light(), camera or Camera()
    if scan.kind is not ScanKind.TOPOGRAPHY or not scan.valid.any():
        raise ScanError(f"{scan.provenance.source}: measured heights needed to render an image")
    normals = surface_normals(scan.values, scan.valid, (scan.row_pitch_um, scan.col_pitch_um))
    grey = _expose(shade(normals, light), scan.valid, light, camera)
    values = np.where(scan.valid, grey / np.float32(_WHITE), np.float32(0)).astype(np.float32)
    return replace(
        scan,
        values=values,
        kind=ScanKind.IMAGE,
        provenance=_provenance(scan.provenance, values, light),
    )


def shade(normals: FloatArray, light: Light) -> FloatArray:
    """Radiance towards a camera straight above: matt (Lambert) and specular (Blinn), no shadows.

    `normals`, (H, W, 3) float32: unit vectors: right, up and towards the camera. Returns (H, W)
    float32 array: mean over the lamps.
    """
    lamps = _lamp_directions(light)
    total: FloatArray = np.zeros(normals.shape[:2], np.float32)
    for lamp in lamps:
        halfway = lamp + np.array([0.0, 0.0, 1.0])
        halfway /= np.linalg.norm(halfway)
        matt = np.maximum(normals @ lamp.astype(np.float32), 0.0)
        mirror = np.maximum(normals @ halfway.astype(np.float32), 0.0) ** light.shininess
        total += matt + np.float32(light.specular) * np.where(matt > 0.0, mirror, 0.0)
    return total / np.float32(len(lamps))


def _lamp_directions(light: Light) -> list[NDArray[np.float64]]:
    if light.lamp is Lamp.RING:
        azimuths = np.arange(_RING_LAMPS) * 360.0 / _RING_LAMPS
    else:
        azimuths = np.array([light.azimuth_deg])
    high = np.deg2rad(light.elevation_deg)
    return [
        np.array([np.cos(high) * np.cos(a), np.cos(high) * np.sin(a), np.sin(high)])
        for a in np.deg2rad(azimuths)
    ]


def _expose(radiance: FloatArray, valid: BoolArray, light: Light, camera: Camera) -> FloatArray:
    """Whole grey levels from 0 to 255."""
    rng = np.random.default_rng(camera.seed)
    low, high = np.percentile(radiance[valid], [1, 99])
    middle = (_DARKEST + _BRIGHTEST) / 2.0
    span = max(float(high - low), 1e-9)
    grey = (radiance - (low + high) / 2.0) * (_BRIGHTEST - _DARKEST) / span
    grey = middle + camera.gain * grey
    grey = grey * _fall_off(radiance.shape, light, camera.unevenness)
    grey = grey + camera.noise_grey * rng.standard_normal(radiance.shape)
    return np.asarray(np.rint(np.clip(grey, 0.0, _WHITE)), np.float32)


def _fall_off(shape: tuple[int, ...], light: Light, unevenness: float) -> NDArray[np.float64]:
    """From 1 at the lamp's border (of a ring: in the middle) to 1 - unevenness at the far one."""
    row, col = np.meshgrid(
        np.linspace(1, -1, shape[0]), np.linspace(-1, 1, shape[1]), indexing="ij"
    )
    if light.lamp is Lamp.RING:
        away = np.hypot(row, col) / np.sqrt(2.0)
    else:
        azimuth = np.deg2rad(light.azimuth_deg)
        away = (1.0 - (col * np.cos(azimuth) + row * np.sin(azimuth)) / np.sqrt(2.0)) / 2.0
    return np.asarray(1.0 - unevenness * away)


def _provenance(source: Provenance, values: FloatArray, light: Light) -> Provenance:
    aside = f" from {light.azimuth_deg:g} degrees" if light.lamp is Lamp.SIDE else ""
    note = f"Rendered from the topography {source.source or 'made'}: {light.lamp} light{aside}."
    return replace(
        source,
        sha256=hashlib.sha256(values.tobytes()).hexdigest(),
        size_bytes=values.nbytes,
        reader="RIBIN synth",
        notes=(*source.notes, note),
        lighting=str(Lighting(light.lamp, light.azimuth_deg if light.lamp is Lamp.SIDE else None)),
    )


# Which way each point of a surface faces.


def surface_normals(
    surface: FloatArray, valid: BoolArray, pitch_um: tuple[float, float]
) -> FloatArray:
    """Unit normals from differences of neighbouring heights in um.

    Beside a hole the difference is one-sided; a pixel without a measured neighbour lies level.
    Returns (H, W, 3) float32: right, up and towards the viewer, as displayed.
    """
    right = _slope(surface, valid, 1) / np.float32(pitch_um[1])
    up = -_slope(surface, valid, 0) / np.float32(pitch_um[0])
    normals = np.stack([-right, -up, np.ones_like(right)], axis=-1)
    return np.asarray(normals / np.linalg.norm(normals, axis=-1, keepdims=True), np.float32)


def _slope(surface: FloatArray, valid: BoolArray, axis: int) -> FloatArray:
    """Height difference a pixel along an axis: the mean of the steps to measured neighbours."""
    step = np.diff(surface, axis=axis)
    known = np.logical_and(*_neighbours(valid, axis)).astype(np.float32)
    before, after = [(1, 0), (0, 0)], [(0, 1), (0, 0)]
    if axis == 1:
        before, after = before[::-1], after[::-1]
    total = np.pad(step * known, before) + np.pad(step * known, after)
    number = np.pad(known, before) + np.pad(known, after)
    return np.asarray(total / np.maximum(number, 1.0), np.float32)


def _neighbours(valid: BoolArray, axis: int) -> tuple[BoolArray, BoolArray]:
    return (valid[:-1], valid[1:]) if axis == 0 else (valid[:, :-1], valid[:, 1:])
