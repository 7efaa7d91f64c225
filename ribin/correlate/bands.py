"""How well two marks agree in each of some bands of wavelengths, as they were laid on each other.

A correlation follows the wavelengths that hold most of the relief. Noise fills some bands of a weak
mark, and of others little reproduces: there the bands say more one by one, each weighed by how much
independent relief it holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from ribin.comparison import Registration, RigidMotion
from ribin.model import BoolArray, FloatArray, Template
from ribin.params.defaults import CorrelateParams, DescribeParams
from ribin.surface._jit import sum_kernel
from ribin.surface.gaussian import split_bands

_MOST_CCF = 0.999  # a mark on itself: beyond it, Fisher's z says nothing


class BandLevel(NamedTuple):
    """Some bands of a mark at one pitch, with a border that was not measured."""

    bands: FloatArray  # (B, S, S), 0 where not measured
    valid: BoolArray  # (S, S) True where measured
    pitch_um: float


@sum_kernel
def _band_sums(fixed, fixed_valid, turned, turned_valid, turn, shift_px, sums):
    """Sums over the pixels of `fixed` that both marks measured: products and energies of each band.

    `turn`: cosine and sine of the turn of `turned`, which then is shifted. The last row of `sums`,
    (B + 1, 3), begins with the number of pixels.
    """
    bands, size = fixed.shape[0], turned.shape[1]
    cosine, sine = turn
    middle, other_middle = (fixed.shape[1] - 1) / 2.0, (size - 1) / 2.0
    sums[:] = 0.0
    for r in range(fixed.shape[1]):
        for c in range(fixed.shape[2]):
            if not fixed_valid[r, c]:
                continue
            y, x = r - middle - shift_px[0], c - middle - shift_px[1]
            row = cosine * y + sine * x + other_middle
            col = cosine * x - sine * y + other_middle
            if not (0.0 <= row < size - 1 and 0.0 <= col < size - 1):
                continue
            i, j = int(row), int(col)
            down, right = row - i, col - j
            a, b = (1.0 - down) * (1.0 - right), (1.0 - down) * right
            d, e = down * (1.0 - right), down * right
            measured = a * turned_valid[i, j] + b * turned_valid[i, j + 1]
            measured += d * turned_valid[i + 1, j] + e * turned_valid[i + 1, j + 1]
            if measured < 0.5:
                continue
            sums[bands, 0] += 1.0
            for k in range(bands):
                value = a * turned[k, i, j] + b * turned[k, i, j + 1]
                value += d * turned[k, i + 1, j] + e * turned[k, i + 1, j + 1]
                value /= measured
                own = np.float64(fixed[k, r, c])  # as the other, so that their order changes no bit
                sums[k, 0] += own * value
                sums[k, 1] += own * own
                sums[k, 2] += value * value


_levels: WeakKeyDictionary[Template, dict[bool, tuple[BandLevel, BandLevel]]] = WeakKeyDictionary()


def band_levels(
    template: Template, rest: bool, describe: DescribeParams, correlate: CorrelateParams
) -> tuple[BandLevel, BandLevel]:
    """A template split into bands, the finer ones and the coarsest; done once.

    `rest`: of the mark without its lines, where it has any.
    """
    kept = _levels.setdefault(template, {})
    if rest not in kept:
        before = "rest_" if rest and "rest_fine" in template.arrays else ""
        fine_um, coarse_um = correlate.bands_um[1:], correlate.coarse_band_um[:1]
        arrays = template.arrays
        fine = _split(*(arrays[f"{before}fine"], arrays["fine_valid"]), fine_um, describe.pitch_um)
        medium = _split(
            *(arrays[f"{before}medium"], arrays["medium_valid"]),
            coarse_um,
            describe.medium_pitch_um,
        )
        kept[rest] = fine._replace(bands=fine.bands[:-1]), medium._replace(bands=medium.bands[1:])
    return kept[rest]


def _split(
    surface: FloatArray, valid: BoolArray, cutoffs_um: Sequence[float], pitch_um: float
) -> BandLevel:
    inside = np.pad(valid, 1)
    return BandLevel(
        split_bands(np.pad(surface, 1), inside, cutoffs_um, pitch_um), inside, pitch_um
    )


def band_agreement(
    reference: tuple[BandLevel, ...],
    comparison: tuple[BandLevel, ...],
    registration: Registration,
    correlate: CorrelateParams,
) -> float:
    """Fisher values of all bands where the marks were laid, over the root of their number.

    Each is weighed by the root of how many numbers describe relief of its band: pi / a^2 - pi / b^2
    for each unit of area that both marks measured, for wavelengths from a to b.

    Which mark is sampled anew depends on the motion alone: of the marks in the other order the same
    comes out, to the bit.
    """
    motion, moved, fixed = registration.ahead, reference, comparison
    if registration.back > motion:
        motion, moved, fixed = registration.back, comparison, reference
    found = [one for levels in zip(moved, fixed, strict=True) for one in band_ccfs(*levels, motion)]
    limits_um = [*pairwise(correlate.bands_um), *pairwise(correlate.coarse_band_um)]
    total = 0.0
    for (ccf, area_um2), (shortest, longest) in zip(found, limits_um, strict=True):
        numbers = math.pi * area_um2 * (shortest**-2 - longest**-2)
        total += math.atanh(min(ccf, _MOST_CCF)) * math.sqrt(numbers)
    return total / math.sqrt(len(found))


def band_ccfs(
    moved: BandLevel, fixed: BandLevel, motion: RigidMotion
) -> Iterator[tuple[float, float]]:
    """Of each band its correlation, 0 where there is none, and the area in um^2 that it is over."""
    angle = math.radians(motion.rotation_deg)
    turn = math.cos(angle), math.sin(angle)
    shift_px = motion.shift_um[0] / fixed.pitch_um, motion.shift_um[1] / fixed.pitch_um
    sums = np.empty((len(fixed.bands) + 1, 3))
    _band_sums(fixed.bands, fixed.valid, moved.bands, moved.valid, turn, shift_px, sums)
    area_um2 = float(sums[-1, 0]) * fixed.pitch_um**2
    for product, energy, other in sums[:-1].tolist():
        yield product / math.sqrt(energy * other) if energy * other > 0.0 else 0.0, area_um2
