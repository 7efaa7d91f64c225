"""Whole heads: the marks are found where they are, and nothing is found where there is none."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from heads import HeadSpec, Stage, SynthHead, scan_head

from ribin.errors import ScanError
from ribin.extract.find import find_regions
from ribin.extract.head_3d import find_head_regions
from ribin.model import MarkType, Origin, Provenance, Region, Scan, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.read import read_scan
from ribin.synth.firearm import make_firearm

SEEDS = (*range(3), *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 8)))
PROVENANCE = Provenance("made.x3p", "0" * 64, 1, "test")


def iou(one: np.ndarray, two: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((one & two).sum() / (one | two).sum())


@cache
def found_in(scan: Scan) -> dict[MarkType, Region]:
    return {region.mark_type: region for region in find_regions(scan, DEFAULT_PARAMS)}


@cache
def firearm(number: int):
    return make_firearm(number)


@cache
def plain_head() -> SynthHead:
    """A large frame at a coarse pitch that shows everything, level and clean."""
    rng = np.random.default_rng(6)
    spec = dataclasses.replace(HeadSpec.draw(rng), ejector_um=1100.0, drag_um=300.0)
    stage = Stage(11.0, -4700.0, 4700.0, -4700.0, 4700.0, (1.5, -2.0), 0.1, 0.0005, 5.0, 4)
    return scan_head(firearm(0), 1, spec, stage)


def made(values: np.ndarray, valid: np.ndarray | None = None) -> Scan:
    valid = np.ones(values.shape, bool) if valid is None else valid
    return Scan(values.astype(np.float32), valid, 10.0, 10.0, ScanKind.TOPOGRAPHY, PROVENANCE)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_breech_face_of_a_drawn_head(seed):
    rng = np.random.default_rng(seed)
    spec = dataclasses.replace(HeadSpec.draw(rng), ejector_um=0.0)
    stage = dataclasses.replace(Stage.draw(rng, spec), pixel_pitch_um=9.0 + 0.4 * seed)
    head = scan_head(firearm(0), seed, spec, stage)
    found = found_in(head.scan)
    assert iou(found[MarkType.BREECH_FACE].inside, head.truth[MarkType.BREECH_FACE]) > 0.85
    assert iou(found[MarkType.FIRING_PIN].inside, head.truth[MarkType.FIRING_PIN]) > 0.75
    off = np.subtract(found[MarkType.BREECH_FACE].center_um, head.center_um)
    assert np.hypot(*off) < 40.0


@pytest.mark.slow
def test_two_hundred_heads():
    agreement = []
    for seed in range(1000, 1200):
        head = scan_head(firearm(seed % 5), seed)
        face = found_in(head.scan)[MarkType.BREECH_FACE]
        agreement.append(iou(face.inside, head.truth[MarkType.BREECH_FACE]))
    assert np.median(agreement) > 0.92
    assert min(agreement) > 0.80


def test_all_three_marks_where_the_frame_shows_them():
    head = plain_head()
    found = found_in(head.scan)
    assert set(found) == set(MarkType)
    for mark_type, truth in head.truth.items():
        assert iou(found[mark_type].inside, truth) > 0.8, mark_type
        assert found[mark_type].origin is Origin.FOUND
    assert not (found[MarkType.BREECH_FACE].inside & found[MarkType.FIRING_PIN].inside).any()


@pytest.mark.parametrize(
    "moved",
    [lambda a: np.rot90(a), lambda a: a.T, lambda a: a[::-1], lambda a: a[120:-60, 90:]],
    ids=["turned", "transposed", "mirrored", "cropped"],
)
def test_the_mask_moves_with_the_scan(moved):
    scan = plain_head().scan
    copy = dataclasses.replace(
        scan,
        values=np.ascontiguousarray(moved(scan.values)),
        valid=np.ascontiguousarray(moved(scan.valid)),
    )
    before, after = found_in(scan), found_in(copy)
    for mark_type in (MarkType.BREECH_FACE, MarkType.FIRING_PIN):
        assert iou(moved(before[mark_type].inside), after[mark_type].inside) > 0.96, mark_type


def test_another_pitch_finds_the_same_region():
    scan = plain_head().scan
    coarse = dataclasses.replace(
        scan,
        values=np.ascontiguousarray(scan.values[::2, ::2]),
        valid=np.ascontiguousarray(scan.valid[::2, ::2]),
        row_pitch_um=2 * scan.row_pitch_um,
        col_pitch_um=2 * scan.col_pitch_um,
    )
    fine = found_in(scan)[MarkType.BREECH_FACE]
    half = found_in(coarse)[MarkType.BREECH_FACE]
    assert iou(fine.inside[::2, ::2], half.inside) > 0.95
    assert np.allclose(fine.center_um, half.center_um, atol=25.0)
    assert half.radius_um == pytest.approx(fine.radius_um, rel=0.02)


def _ramp(rows, cols):
    return 0.05 * rows + 0.02 * cols


def _noise(rows, cols):
    return np.random.default_rng(1).normal(0.0, 30.0, rows.shape)


def _waves(rows, cols):
    return 60.0 * np.sin(rows / 300.0) * np.sin(cols / 270.0)


def _steps(rows, cols):
    return 80.0 * np.floor(rows / 700.0)


@pytest.mark.parametrize("surface", [_ramp, _noise, _waves, _steps])
def test_what_is_no_head_is_refused(surface):
    rows, cols = np.indices((500, 520)) * 10.0
    with pytest.raises(ScanError, match=r"made\.x3p: .*(no primer|no breech face|needed)"):
        find_regions(made(surface(rows, cols)), DEFAULT_PARAMS)


def test_half_a_head_is_refused():
    scan = plain_head().scan
    middle = round(plain_head().center_um[1] / scan.col_pitch_um)
    part = np.s_[:, middle + 60 :]
    half = dataclasses.replace(
        scan,
        values=np.ascontiguousarray(scan.values[part]),
        valid=np.ascontiguousarray(scan.valid[part]),
    )
    with pytest.raises(ScanError, match="no primer found"):
        find_regions(half, DEFAULT_PARAMS)


def test_what_a_person_outlined_stays_and_the_rest_is_found():
    scan = plain_head().scan
    drawn = np.zeros(scan.shape, bool)
    drawn[300:400, 300:420] = True
    found = found_in(dataclasses.replace(scan, mark_valid=drawn))
    assert found[MarkType.BREECH_FACE].origin is Origin.OUTLINED
    assert np.array_equal(found[MarkType.BREECH_FACE].inside, drawn & scan.valid)
    assert found[MarkType.FIRING_PIN].origin is Origin.FOUND


@pytest.mark.realdata
def test_the_raw_head_agrees_with_its_human_outline(real_data):
    scan = read_scan(real_data / "head3d" / "K013sA1.x3p")
    raw = dataclasses.replace(scan, mark_valid=None)
    found = {r.mark_type: r for r in find_head_regions(raw, DEFAULT_PARAMS)}
    assert set(found) == {MarkType.BREECH_FACE, MarkType.FIRING_PIN}
    assert iou(found[MarkType.BREECH_FACE].inside, scan.mark_valid) > 0.82
    # Looked at: the bowl without its drag to the left.
    pin = found[MarkType.FIRING_PIN]
    assert np.allclose(pin.center_px(scan), (391.0, 359.0), atol=6.0)
    assert 440.0 < pin.radius_um < 560.0


@pytest.mark.realdata
def test_scans_that_are_cut_out_are_taken_whole(fadul_dir):
    scan = read_scan(fadul_dir / "Fadul_1-1.x3p")
    (region,) = find_regions(scan, DEFAULT_PARAMS)
    assert region.origin is Origin.CUT_OUT
    assert np.array_equal(region.inside, scan.valid)
