"""Surfaces on their way into a page: what is kept of them, and where they lie."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace

import numpy as np
import pytest
from mark_makers import heights, make_scan, middle_um, provenance

from ribin.errors import ScanError
from ribin.model import Scan, ScanKind
from ribin.pipeline import extract_marks
from ribin.view.surface import (
    Surface,
    coarsen,
    compared_surface,
    crop,
    measured_surface,
    pack_surface,
    whole_surface,
)


def made(shape=(40, 30), seed=0, scale_um=1.0) -> Surface:
    random = np.random.default_rng(seed)
    values = (scale_um * random.standard_normal(shape)).astype(np.float32)
    valid = random.random(shape) > 0.3
    return Surface("measured", values, valid, (2.0, 3.0), (-10.0, -20.0))


def unpacked(packed: dict) -> tuple[np.ndarray, np.ndarray]:
    """What the browser makes of it."""
    steps = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), "<u2")
    steps = steps.reshape(packed["rows"], packed["cols"]).astype(np.float64)
    return packed["low"] + (steps - 1) * packed["step"], steps > 0


@pytest.mark.parametrize("scale_um", [0.1, 1.0, 1000.0])
def test_a_surface_comes_back_within_half_a_step(scale_um):
    surface = made(scale_um=scale_um)
    packed = pack_surface(surface)
    values, valid = unpacked(packed)
    cropped = crop(surface)
    assert np.array_equal(valid, cropped.valid)
    apart = np.abs(values - cropped.values)[valid]
    assert apart.max() <= 0.5001 * packed["step"]
    assert packed["step"] == pytest.approx(np.ptp(surface.values[surface.valid]) / 65534)


def test_a_flat_surface_and_one_pixel_are_kept():
    flat = replace(made(), values=np.full((40, 30), 7.0, np.float32))
    values, valid = unpacked(pack_surface(flat))
    assert np.all(values[valid] == 7.0)
    dot = np.zeros((40, 30), bool)
    dot[5, 6] = True
    packed = pack_surface(replace(made(), valid=dot))
    assert (packed["rows"], packed["cols"]) == (1, 1)
    assert packed["origin_um"] == [-10.0 + 5 * 2.0, -20.0 + 6 * 3.0]


def test_unmeasured_values_never_matter():
    surface = made()
    garbage = np.where(surface.valid, surface.values, np.float32(1e9))
    assert pack_surface(surface) == pack_surface(replace(surface, values=garbage))
    assert pack_surface(replace(surface, values=np.where(surface.valid, surface.values, np.nan)))


def test_a_mark_without_a_pixel_is_refused():
    nothing = replace(made(), valid=np.zeros((40, 30), bool))
    with pytest.raises(ScanError, match="measured pixels needed, found none"):
        pack_surface(nothing)


def test_blocks_are_means_at_their_middles():
    surface = made((41, 29))
    small = coarsen(surface, 41 * 29 // 4)
    factor = round(small.pitch_um[0] / surface.pitch_um[0])
    assert factor == 3
    assert small.origin_um == (-10.0 + 2.0, -20.0 + 3.0)
    for row, col in np.ndindex(13, 9):  # whole blocks
        block = np.s_[3 * row : 3 * row + 3, 3 * col : 3 * col + 3]
        measured = surface.values[block][surface.valid[block]]
        assert small.valid[row, col] == (measured.size >= 4.5)
        if small.valid[row, col]:
            assert small.values[row, col] == pytest.approx(measured.mean(), abs=1e-6)
    assert coarsen(surface, surface.values.size) is surface


@pytest.mark.parametrize("pitch_um", [(10.0, 10.0), (6.0, 9.0)])
def test_the_measured_surface_lies_where_the_mark_lies(pitch_um):
    """A point of the mark's frame shows the same place of the surface in both layers."""
    scan = make_scan(3, pitch_um=pitch_um, shift_um=(30.0, -40.0))
    (mark,) = extract_marks(scan)
    surface = measured_surface(scan, mark)
    assert surface.valid.any()
    assert not (surface.valid & ~scan.valid).any()
    rows, cols = np.nonzero(surface.valid)
    at = np.stack(
        [surface.origin_um[0] + rows * pitch_um[0], surface.origin_um[1] + cols * pitch_um[1]]
    )
    in_scan = at + middle_um(mark)[:, np.newaxis]
    half_um = [(n - 1) / 2 * p for n, p in zip(scan.shape, pitch_um, strict=True)]
    truth = heights(3, *(in_scan - np.array(half_um)[:, np.newaxis] - [[30.0], [-40.0]]))
    assert np.corrcoef(truth, surface.values[surface.valid])[0, 1] > 0.99
    band = compared_surface(mark)
    places = np.rint((at.T - band.origin_um) / band.pitch_um[0]).astype(int)
    same = np.corrcoef(band.values[tuple(places.T)], surface.values[surface.valid])[0, 1]
    assert same > 0.8  # the band has lost the finest and the widest waves


def test_grey_values_are_shown_as_they_are():
    scan = replace(make_scan(3), kind=ScanKind.IMAGE)
    (mark,) = extract_marks(make_scan(3))
    surface = measured_surface(scan, replace(mark, kind=ScanKind.IMAGE))
    assert surface.values is scan.values


def test_a_mark_of_another_place_is_refused():
    scan = make_scan(3)
    (mark,) = extract_marks(scan)
    elsewhere = measured_surface(scan, replace(mark, origin_um=(1e6, 1e6)))
    with pytest.raises(ScanError, match="measured pixels needed"):
        pack_surface(elsewhere)


def test_what_lies_around_a_mark_lies_as_the_mark_does():
    """A tilted plate with a ring outlined on it: flat as the ring is, and all of it shown."""
    rows, cols = np.mgrid[:120, :150].astype(np.float32)
    ring = np.abs(np.hypot(rows - 60, cols - 75) - 35) < 12
    values = 5.0 + 0.04 * rows - 0.03 * cols
    values[:8] += 50.0
    valid = np.ones(values.shape, bool)
    valid[:, -10:] = False
    told = provenance()
    scan = Scan(values, valid, 10.0, 10.0, ScanKind.TOPOGRAPHY, told, mark_valid=ring & valid)
    mark = extract_marks(scan)[0]
    whole = whole_surface(scan, mark)
    assert whole is not None
    np.testing.assert_array_equal(whole.valid, valid)
    assert np.abs(whole.values[ring & valid]).max() < 0.01
    assert whole.values[3, 30] == pytest.approx(50.0, abs=0.1)
    seen = measured_surface(scan, mark)
    assert (whole.origin_um, whole.pitch_um) == (seen.origin_um, seen.pitch_um)
    assert pack_surface(whole)["rows"] == 120
    alone = replace(scan, valid=ring & valid)
    assert whole_surface(alone, mark) is None
