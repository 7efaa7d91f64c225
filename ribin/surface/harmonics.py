"""Harmonics of a disc: the few numbers that hold most of a surface, and turn without resampling.

A stationary random surface, seen through a window that depends on the radius alone, has a
covariance that does not change when it is turned. Its principal components are therefore products
of a radial function and a cosine or sine of a multiple of the polar angle (Karhunen-Loeve; Perona
1995, doi:10.1109/34.391394, on steerable bases). To turn a surface by an angle is to turn each
pair of coefficients by a multiple of it, exactly; no pixel is touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ribin.model import FloatArray

_WINDOW_FLOOR = 0.1  # outside the usual radii a mark is rare, but not impossible
_POWER_FLOOR = 1e-4  # outside the band: keeps every mode defined
_TURNS = 512  # samples of the polar angle in a covariance: more than twice the highest order
_RADII = 96  # samples of the radius
_FREQUENCIES = 600
_LEAST = 1e-9  # of the largest: modes below it are rounding


@dataclass(frozen=True)
class Band:
    """Where relief is expected: between two wavelengths, and between two radii of a disc (um)."""

    finest_um: float
    coarsest_um: float
    inner_um: float
    outer_um: float
    edge_um: float


@dataclass(frozen=True, eq=False)
class Harmonics:
    """The K modes of a disc that hold most of a surface, order by order.

    Of each order come first the cosines, strongest first, then their sines; order 0 has no sines.
    The dot products of the planes with each other are 0 or 1, up to the sampling.
    """

    planes: FloatArray  # (K, S * S) each mode on the pixels of a square frame
    cosines: NDArray[np.int64]  # (L,) how many of each order


@lru_cache(maxsize=8)
def disc_harmonics(band: Band, number: int, size_px: int, pitch_um: float) -> Harmonics:
    """The first `number` harmonics on a frame of `size_px` pixels of `pitch_um` um.

    The covariance of a surface with the power spectrum of the band is sampled at `_RADII` radii,
    taken apart into orders by its Fourier series over the angle, and each order into modes.
    """
    radii = (np.arange(_RADII, dtype=np.float64) + 0.5) * (size_px * pitch_um / 2.0 / _RADII)
    modes = sorted(_strongest_modes(band, radii, number), key=lambda mode: mode[:2])
    orders = np.array([order for order, _, _ in modes], np.int64)
    sines = np.array([sine for _, sine, _ in modes], np.bool_)
    radial = np.array([function for _, _, function in modes], np.float32)
    planes = _sample(orders, sines, radial, radii, size_px, pitch_um)
    return Harmonics(planes, np.bincount(orders[~sines]))


def _sample(
    orders: NDArray[np.int64],
    sines: NDArray[np.bool_],
    radial: FloatArray,
    radii: NDArray[np.float64],
    size_px: int,
    pitch_um: float,
) -> FloatArray:
    """The modes on the pixels of a frame, (K, S * S), from radial functions at some radii, (K, R).

    Beyond the last radius they are 0.
    """
    rows, cols = (np.mgrid[:size_px, :size_px] - (size_px - 1) / 2.0).reshape(2, -1)
    place = np.clip(np.hypot(rows, cols) * pitch_um / radii[0] / 2.0 - 0.5, 0.0, len(radii) - 1.0)
    inside = np.hypot(rows, cols) * pitch_um <= radii[-1]
    low = np.minimum(place.astype(np.int64), len(radii) - 2)
    share = ((place - low) * inside).astype(np.float32)
    rest = ((1.0 - (place - low)) * inside).astype(np.float32)
    angle = np.arctan2(-rows, cols)
    planes = np.empty((len(orders), size_px * size_px), np.float32)
    for order in np.unique(orders):
        norm = pitch_um / np.sqrt(np.pi if order else 2.0 * np.pi)
        for sine, wave in ((False, np.cos), (True, np.sin)):
            modes = np.flatnonzero((orders == order) & (sines == sine))
            along = (norm * wave(order * angle)).astype(np.float32)
            functions = radial[modes]
            planes[modes] = (functions[:, low] * rest + functions[:, low + 1] * share) * along
    return planes


def _strongest_modes(
    band: Band, radii: NDArray[np.float64], number: int
) -> list[tuple[int, bool, NDArray[np.float64]]]:
    """Order, whether a sine, and radial function of each mode."""
    step = radii[1] - radii[0]
    weight = _window(band, radii) * np.sqrt(radii)
    strengths, modes = [], []
    for order, covariance in enumerate(_orders(band, radii)):
        values, vectors = np.linalg.eigh(covariance * weight[:, None] * weight * step)
        for value, vector in zip(values[::-1], vectors.T[::-1], strict=True):
            peak = vector[np.abs(vector).argmax()]  # eigenvectors come with either sign
            strengths.append(value)
            modes.append((order, vector * np.sign(peak) / np.sqrt(radii * step)))
    strongest = max(strengths)
    chosen: list[tuple[int, bool, NDArray[np.float64]]] = []
    for place in np.argsort(-np.array(strengths), kind="stable"):
        order, radial = modes[place]
        sines = (False, True) if order else (False,)
        if len(chosen) + len(sines) > number or strengths[place] < _LEAST * strongest:
            continue
        chosen += [(order, sine, radial) for sine in sines]
        if len(chosen) == number:
            break
    return chosen


def _orders(band: Band, radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance between every two radii for every order, (M, R, R)."""
    angles = np.arange(_TURNS // 2 + 1) * (2.0 * np.pi / _TURNS)  # the other half is alike
    squares = radii[:, None, None] ** 2 + radii[None, :, None] ** 2
    apart = np.sqrt(squares - 2.0 * radii[:, None, None] * radii[None, :, None] * np.cos(angles))
    half = _covariance(band, apart)
    whole = np.concatenate([half, half[..., -2:0:-1]], axis=-1)
    series = np.fft.rfft(whole, axis=-1).real / _TURNS
    highest = int(2.0 * np.pi * radii[-1] / band.finest_um)
    return np.asarray(np.moveaxis(series, -1, 0)[: min(highest, _TURNS // 2) + 1])


def _covariance(band: Band, apart_um: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance of two points of the surface by their distance: a Hankel transform of the band."""
    from scipy.special import j0

    frequency = np.linspace(0.0, 2.0 / band.finest_um, _FREQUENCIES)
    fine = np.exp(-((frequency * band.finest_um) ** 2))
    coarse = 1.0 - np.exp(-2.0 * (frequency * band.coarsest_um) ** 2)
    power = (fine * coarse + _POWER_FLOOR) * frequency
    distance = np.linspace(0.0, apart_um.max(), 2048)
    covariance = j0(2.0 * np.pi * np.outer(distance, frequency)) @ power
    return np.interp(apart_um, distance, covariance / covariance[0])


def _window(band: Band, radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 between the radii, falling over `edge_um` to a floor."""
    edge_um = max(band.edge_um, radii[0])
    rise = (radii - band.inner_um) / edge_um if band.inner_um else np.ones_like(radii)
    fall = (band.outer_um - radii) / edge_um
    return np.maximum(np.clip(rise, 0.0, 1.0) * np.clip(fall, 0.0, 1.0), _WINDOW_FLOOR)
