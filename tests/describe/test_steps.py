"""From a mark to a template: kernels against their twins, cells, and what changes nothing."""

from __future__ import annotations

import dataclasses

import naive
import numpy as np
import pytest
from mark_makers import heights, make_scan, with_garbage

from ribin.describe.cells import block_counts, block_runs, lay_cells
from ribin.describe.reduce import even_out, reduce_surface
from ribin.errors import ScanError
from ribin.model import Mark, Template, Trace
from ribin.params.defaults import BLOCK_PX, DEFAULT_PARAMS, HEIGHT_STEP
from ribin.pipeline import describe_mark, extract_marks
from ribin.surface.regression import remove_form
from ribin.surface.rings import COVER_ORDERS

PARAMS = DEFAULT_PARAMS.breech_face.describe


def rough(shape: tuple[int, int], share: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.indices(shape) * 12.5
    valid = np.random.default_rng(6).random(shape) < share
    return heights(6, rows, cols).astype(np.float32), valid


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_reducing_equals_its_twin(factor, share):
    surface, valid = rough((factor * 7 + factor // 2, factor * 9), share)
    out, out_valid = reduce_surface(surface, valid, factor)
    slow, slow_valid = naive.reduce(surface, valid, factor)
    assert np.array_equal(out_valid, slow_valid)
    assert np.abs(out - slow).max() < 1e-6
    assert (out[~out_valid] == 0.0).all()


def test_half_of_the_pixels_are_enough():
    halves = np.array([[1, 1, 1, 0], [0, 0, 0, 0]], bool)
    _, out_valid = reduce_surface(np.ones((2, 4), np.float32), halves, 2)
    assert out_valid.tolist() == [[True, False]]


def test_counting_equals_its_twin():
    valid = rough((48, 32), 0.4)[1]
    assert np.array_equal(block_counts(valid, BLOCK_PX), naive.block_counts(valid, BLOCK_PX))


@pytest.mark.parametrize("scale", [0.1, 1.0, 1000.0])
def test_evening_out_gives_unit_relief_whatever_the_scale(scale):
    surface, valid = rough((60, 60), 0.7)
    once = even_out(surface, valid, 2.5)
    assert np.sqrt(np.mean(np.square(once[valid]))) == pytest.approx(1.0, abs=1e-4)
    assert (once[~valid] == 0.0).all()
    assert np.abs(even_out(np.float32(scale) * surface, valid, 2.5) - once).max() < 1e-5


def test_what_stands_out_is_cut_off():
    surface, valid = rough((60, 60))
    limit = 2.5 * 1.4826 * np.median(np.abs(surface))
    dirty = surface.copy()
    dirty[:3] = 500.0
    evened = even_out(dirty, valid, 2.5)
    assert np.allclose(evened[:3], evened.max())
    clipped = np.clip(surface[3:], -limit, limit)
    large = np.abs(clipped) > 0.3 * limit  # others are rounded by more than that
    ratio = evened[3:][large] / clipped[large]
    assert np.ptp(ratio) < 0.1 * ratio.mean()  # the median moved a little with 5 % of dirt


def test_heights_are_rounded_and_a_measured_one_is_never_zero():
    surface, valid = rough((60, 60), 0.7)
    surface[:5] = 0.0
    evened = even_out(surface, valid, 2.5)
    halves = evened[valid] / np.float32(HEIGHT_STEP) - 0.5
    assert np.array_equal(halves, np.rint(halves))
    assert np.array_equal(evened != 0.0, valid)
    limit = 2.5 * 1.4826 * np.median(np.abs(surface[valid]))
    clipped = np.clip(surface, -limit, limit)
    exact = clipped / np.sqrt(np.mean(np.square(clipped[valid])))
    assert np.abs(evened - exact)[valid].max() <= 0.51 * HEIGHT_STEP


@pytest.mark.parametrize("measured", [True, False])
def test_no_relief_stays_zero(measured):
    flat = even_out(np.zeros((8, 8), np.float32), np.full((8, 8), measured), 2.5)
    assert (flat == 0.0).all()


def test_cells_hold_enough_and_none_that_does_is_missing():
    counts = naive.block_counts(rough((96, 80), 0.35)[1], BLOCK_PX)
    cells = lay_cells(counts, BLOCK_PX, 0.35)
    full = {
        (r, c)
        for r, c in np.ndindex(counts.shape[0] - 1, counts.shape[1] - 1)
        if counts[r : r + 2, c : c + 2].sum() >= 0.35 * 256
    }
    assert 10 < len(full) < 80
    assert {tuple(cell) for cell in cells.tolist()} == full
    assert len(cells) == len(full)


def test_every_beginning_of_the_cells_is_spread():
    """The first K cells are no nearer to each other than K places on a grid can be, about."""
    counts = np.full((24, 24), BLOCK_PX**2)
    cells = lay_cells(counts, BLOCK_PX, 0.3).astype(float)
    for first in (4, 10, 40, 100):
        apart = np.hypot(*(cells[:first, None] - cells[None, :first]).transpose(2, 0, 1))
        nearest = (apart + 1e9 * np.eye(first)).min()
        assert nearest > 0.6 * 23.0 / np.sqrt(first)


def test_of_cells_as_far_the_fuller_comes_first():
    counts = np.zeros((4, 12), np.int32)
    counts[1:3, 0:2] = 40
    counts[1:3, 5:7] = 64
    counts[1:3, 10:12] = 64
    assert lay_cells(counts, BLOCK_PX, 0.6).tolist() == [[1, 5], [1, 10], [1, 0]]


@pytest.mark.parametrize(("shape", "share"), [((9, 11), 0.3), ((18, 18), 0.8), ((2, 2), 1.0)])
def test_cells_and_runs_equal_their_twins(shape, share):
    rng = np.random.default_rng(7)
    counts = rng.integers(1, BLOCK_PX**2 + 1, shape).astype(np.int32)
    counts[rng.random(shape) >= share] = 0
    cells = lay_cells(counts, BLOCK_PX, 0.3)
    assert list(map(tuple, cells.tolist())) == naive.spread_cells(counts, 0.3 * 256)
    assert list(map(tuple, block_runs(counts).tolist())) == naive.block_runs(counts)


def test_no_cells_where_nothing_is_filled():
    cells = lay_cells(np.zeros((5, 5), np.int32), BLOCK_PX, 0.3)
    assert cells.shape == (0, 2)
    assert block_runs(np.zeros((5, 5), np.int32)).shape == (0, 3)


def test_runs_are_the_blocks_that_hold_surface():
    counts = np.random.default_rng(3).integers(0, 3, (9, 11))
    seen = np.zeros(counts.shape, int)
    for row, first, number in block_runs(counts):
        seen[row, first : first + number] += 1
        assert number > 0
        assert first == 0 or counts[row, first - 1] == 0  # no run begins inside another
    assert np.array_equal(seen, counts > 0)


@pytest.fixture(scope="module")
def mark() -> Mark:
    (mark,) = extract_marks(make_scan(6, outline_um=(40.0, -25.0)))
    return mark


@pytest.fixture(scope="module")
def template(mark: Mark) -> Template:
    return describe_mark(mark)


def test_a_template_is_what_its_docstring_says(mark, template):
    arrays = template.arrays
    assert (template.mark_type, template.kind) == (mark.mark_type, mark.kind)
    assert template.provenance is mark.provenance
    assert template.pitch_um == PARAMS.pitch_um
    for name in ("fine", "medium"):
        surface, valid = arrays[name], arrays[f"{name}_valid"]
        assert (surface.dtype, valid.dtype) == (np.float32, np.bool_)
        assert surface.shape == valid.shape
        assert surface.shape[0] == surface.shape[1]
        assert surface.shape[0] % (2 * BLOCK_PX) == 0
        assert (surface[~valid] == 0.0).all()
        assert surface[valid].std() == pytest.approx(1.0, abs=0.01)
        runs = block_runs(naive.block_counts(valid, BLOCK_PX))
        assert np.array_equal(arrays[f"{name}_runs"], runs)
    counts = arrays["fine_counts"]
    assert np.array_equal(counts, naive.block_counts(arrays["fine_valid"], BLOCK_PX))
    assert np.array_equal(arrays["cells"], lay_cells(counts, BLOCK_PX, PARAMS.min_fill))
    assert arrays["cells"].dtype == np.int16
    rings = mark.surface.shape[0] * mark.pitch_um / 2.0 / PARAMS.coarse_step_um
    assert arrays["coarse_cover"].shape == (2, 2, rings, COVER_ORDERS)
    assert arrays["coarse"].dtype == np.int8
    assert np.abs(arrays["coarse"]).max() == 127


def test_nothing_measured_is_cropped_and_the_center_stays(mark, template):
    whole, valid = naive.reduce(mark.surface, mark.valid, 2)
    off = (whole.shape[0] - template.arrays["fine"].shape[0]) // 2
    assert 0 < off < whole.shape[0] // 2
    inner = slice(off, -off)
    assert np.array_equal(template.arrays["fine_valid"], valid[inner, inner])
    assert valid[inner, inner].sum() == valid.sum()
    pitch_um = (PARAMS.pitch_um, PARAMS.pitch_um)
    finer = remove_form(whole.astype(np.float32), valid, PARAMS.high_cutoff_um, pitch_um)
    evened = even_out(finer, valid, PARAMS.clip_mads)
    assert np.abs(template.arrays["fine"] - evened[inner, inner]).max() < 1e-4


@pytest.mark.parametrize(
    ("first", "last", "side"),
    [(48, 140, 96), (52, 143, 96), (47, 140, 112), (52, 144, 112), (0, 191, 192)],
)
def test_the_frame_is_the_smallest_around_the_center(mark, first, last, side):
    """Of 192 fine pixels a side those from `first` to `last` are measured."""
    box = np.zeros(mark.valid.shape, bool)
    box[2 * first : 2 * last + 2, 160:240] = True
    surface = np.random.default_rng(0).standard_normal(box.shape).astype(np.float32)
    arrays = describe_mark(dataclasses.replace(mark, surface=surface, valid=box)).arrays
    assert arrays["fine"].shape == (side, side)
    assert arrays["fine_valid"].sum() == (last - first + 1) * 40


@pytest.mark.parametrize("scale", [0.1, 1000.0])
def test_heights_scale_out(mark, template, scale):
    times = describe_mark(dataclasses.replace(mark, surface=np.float32(scale) * mark.surface))
    for name in ("fine", "medium"):
        assert np.abs(times.arrays[name] - template.arrays[name]).max() < 1e-5
    for name, close in (("coarse", 1), ("coarse_cover", 0.01)):
        away = np.abs(times.arrays[name] - template.arrays[name].astype(float)).max()
        assert away <= close * max(1.0, float(np.abs(template.arrays[name]).max()) * (close < 1))
    assert np.array_equal(times.arrays["cells"], template.arrays["cells"])


def test_what_was_not_measured_takes_no_part(mark, template):
    dirty = describe_mark(dataclasses.replace(mark, surface=with_garbage(mark.surface, mark.valid)))
    for name, array in template.arrays.items():
        assert np.array_equal(dirty.arrays[name], array), name


def test_no_relief_is_refused(mark):
    flat = dataclasses.replace(mark, surface=np.zeros_like(mark.surface))
    with pytest.raises(ScanError, match=r"made\.x3p: breech_face has no relief"):
        describe_mark(flat)


def test_too_little_for_one_cell_is_refused(mark):
    strip = mark.valid & (np.indices(mark.valid.shape)[0] % 60 < 4)
    thin = dataclasses.replace(mark, valid=strip)
    message = r"made\.x3p: 0 cells of breech_face are filled to 0\.3, 1 needed"
    with pytest.raises(ScanError, match=message):
        describe_mark(thin)


def test_each_step_is_traced(mark):
    trace = Trace()
    describe_mark(mark, trace=trace)
    assert [stage for stage, _ in trace] == ["fine", "cells", "medium", "coarse", "rest"]
