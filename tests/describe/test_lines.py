"""Lines of a mark are found where they are, taken out, and said."""

from __future__ import annotations

import dataclasses

import naive
import numpy as np
import pytest
from mark_makers import heights, make_scan

from ribin.describe.lines import PARALLEL, RINGS, find_lines, lines_of, without_lines
from ribin.model import Mark
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import describe_mark, extract_marks

METHOD = DEFAULT_PARAMS.breech_face.describe
PARAMS = METHOD.lines
PITCH_UM = 25.0


def ring_places() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, cols = (np.indices((144, 144)) - 71.5) * PITCH_UM
    away = np.hypot(rows, cols)
    return rows, cols, (away < 1700.0) & (away > 600.0)


def profile(across_um: np.ndarray) -> np.ndarray:
    """A rough line, of RMS 1."""
    rng = np.random.default_rng(5)
    waves = [(rng.uniform(90.0, 400.0), rng.uniform(0.0, 6.28)) for _ in range(12)]
    total = np.sum([np.sin(2.0 * np.pi * across_um / w + p) for w, p in waves], axis=0)
    return total / np.sqrt(6.0)


@pytest.mark.parametrize("scale", [0.1, 1.0, 1000.0])
@pytest.mark.parametrize("across_deg", [12.0, 97.5])
def test_the_direction_of_parallel_lines_is_found(across_deg, scale):
    rows, cols, valid = ring_places()
    angle = np.deg2rad(across_deg)
    lines = profile(np.cos(angle) * rows + np.sin(angle) * cols)
    surface = np.where(valid, scale * (lines + heights(1, rows, cols)), 0.0).astype(np.float32)
    found = find_lines(surface, valid, PITCH_UM, PARAMS)
    turn = (found.across_deg - across_deg + 90.0) % 180.0 - 90.0
    assert abs(turn) < 1.5
    assert found.curvature_per_um < 1e-4
    assert found.share > PARAMS.min_share


def test_the_centre_of_rings_is_found():
    rows, cols, valid = ring_places()
    rings = profile(np.hypot(rows - 260.0, cols + 170.0))
    surface = np.where(valid, rings + heights(1, rows, cols), 0.0).astype(np.float32)
    found = find_lines(surface, valid, PITCH_UM, PARAMS)
    angle, away_um = np.deg2rad(found.across_deg), 1.0 / found.curvature_per_um
    center = away_um * np.cos(angle), away_um * np.sin(angle)
    assert center == pytest.approx((260.0, -170.0), abs=20.0)


def test_a_surface_without_lines_stays_as_it_is():
    rows, cols, valid = ring_places()
    surface = np.where(valid, heights(1, rows, cols), 0.0).astype(np.float32)
    rest, lines = without_lines(surface, valid, PITCH_UM, METHOD.clip_mads, PARAMS)
    assert lines == ()
    assert np.array_equal(rest, surface)


@pytest.mark.parametrize("curvature_per_um", [0.0, 0.0006, 0.0032])
def test_the_explained_share_equals_its_twin(curvature_per_um):
    from ribin.describe.lines import _Explained

    rows, cols, valid = ring_places()
    surface = np.where(valid, heights(2, rows, cols), 0.0).astype(np.float32)
    found = _Explained(surface, valid, PITCH_UM, PARAMS).lines(40.0, curvature_per_um)
    slow = naive.explained_share(
        surface, valid, PITCH_UM, 40.0, curvature_per_um, PARAMS.cell_um, PARAMS.alike_um
    )
    # The arc tangent of the kernel is near enough, so some pixels lie in a neighbouring cell.
    assert found.share == pytest.approx(slow, abs=1e-6 if curvature_per_um == 0.0 else 0.02)


def lined_mark(across_um) -> Mark:
    mark = extract_marks(make_scan(1))[0]
    rows, cols = (
        np.indices(mark.surface.shape) - (mark.surface.shape[0] - 1) / 2.0
    ) * mark.pitch_um
    strength = mark.surface[mark.valid].std()
    lines = (strength * profile(across_um(rows, cols))).astype(np.float32)
    return dataclasses.replace(mark, surface=np.where(mark.valid, mark.surface + lines, 0.0))


def test_a_template_holds_the_mark_without_its_lines():
    plain = describe_mark(extract_marks(make_scan(1))[0])
    assert "lines" not in plain.arrays
    parallel = describe_mark(lined_mark(lambda rows, cols: rows))
    rings = describe_mark(lined_mark(lambda rows, cols: np.hypot(rows - 260.0, cols + 170.0)))
    assert lines_of(plain, plain) == ""
    assert lines_of(plain, parallel) == lines_of(parallel, plain) == PARALLEL
    assert lines_of(parallel, parallel) == PARALLEL
    assert lines_of(rings, rings) == RINGS
    inside = plain.arrays["fine_valid"]
    for lined in (parallel, rings):
        assert np.array_equal(lined.arrays["fine_valid"], inside)
        for name, more in (("fine", 0.1), ("rest_fine", 0.75)):
            agrees = np.corrcoef(plain.arrays["fine"][inside], lined.arrays[name][inside])[0, 1]
            assert agrees > more
        assert lined.arrays["rest_medium"].shape == lined.arrays["medium"].shape
