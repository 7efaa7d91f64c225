"""Scans of real instruments, from the folder beside the checkout."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import pytest
from budgets import slowness

from ribin.errors import ScanError
from ribin.read import read_scan

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="no real scans in ../shared/data"),
]


@pytest.mark.slow
def test_forty_breech_faces_need_no_repair():
    paths = sorted((DATA / "fadul").glob("*.x3p"))
    assert len(paths) == 40
    started = time.process_time()
    for path in paths:
        scan = read_scan(path)
        origin = scan.provenance
        assert (scan.row_pitch_um, scan.col_pitch_um) == pytest.approx((6.25, 6.25))
        assert 0.1 < scan.valid.mean() < 0.6
        assert 2.0 < np.ptp(scan.values) < 200.0  # um, of a filtered breech face
        assert origin.repairs == origin.notes == ()
        assert origin.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert origin.instrument.startswith("NanoFocus usurf")
        assert origin.measured_on.startswith("2011-")
        assert scan.mark_valid is None
    # CPU seconds, inflating included
    assert (time.process_time() - started) / 40 < 0.15 * slowness()


def test_a_head_of_the_field_is_repaired_and_its_outline_kept():
    scan = read_scan(DATA / "head3d" / "K013sA1.x3p")
    assert scan.shape == (749, 769)
    assert (scan.row_pitch_um, scan.col_pitch_um) == (7.37468, 7.37468)
    assert scan.provenance.repairs == (
        "Revision 'ISO5436-2000' read as 'ISO5436 - 2000'.",
        "Increment 7.37468 of x read as um: metres are not possible.",
        "Increment 7.37468 of y read as um: metres are not possible.",
        "Heights read as um: a relief of 385.279 m is not possible.",
    )
    assert scan.provenance.notes == (
        "Mask bindata/mask.png of the file: 13.3% of the pixels inside.",
    )
    assert scan.provenance.instrument == "Cadre TopMatch-GS 3D 1062 3.1"
    # The breech face is a ring round the firing pin aperture, on the raised primer: with any
    # flip, turn or inversion the outline would take in the low groove or the step of the aperture.
    inside = scan.values[scan.mark_valid]
    steep = np.hypot(*np.gradient(scan.values))

    def share_steep(mask: np.ndarray) -> float:
        return float(np.mean(steep[mask] > 5.0))

    assert np.ptp(np.percentile(inside, (0.1, 99.9))) < 120.0
    turned = [scan.mark_valid[::-1], scan.mark_valid[:, ::-1], scan.mark_valid[::-1, ::-1]]
    assert share_steep(scan.mark_valid) < 0.5 * min(map(share_steep, turned))


@pytest.mark.parametrize("name", ["nbide_118_ring.png", "nbide_129_ring.png"])
def test_ring_lit_heads_state_their_pitch(name):
    scan = read_scan(DATA / "heads2d" / name)
    assert scan.shape == (1944, 2592)
    assert scan.pixel_pitch_um == pytest.approx(2.53, abs=0.001)
    assert scan.valid.all()


def test_a_print_density_is_not_taken_for_a_pitch():
    path = DATA / "heads2d" / "fbi_b240793_ring.png"
    with pytest.raises(ScanError, match=r"300 dpi is a placeholder, .*--pixel-pitch-um"):
        read_scan(path)
    assert read_scan(path, pixel_pitch_um=2.53).shape == (1944, 2592)
