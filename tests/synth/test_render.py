"""The renderer: known slopes to known brightness, and files that state their pitch and mask."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ribin.errors import ParameterError, ScanError
from ribin.model import Provenance, Scan, ScanKind
from ribin.read import read_scan
from ribin.synth.render import Camera, Lamp, Light, render_scan, shade, surface_normals
from ribin.synth.write import write_png

QUIET = Camera(noise_grey=0.0)


def bump(pitch_um: float = 5.0) -> Scan:
    rows, cols = np.mgrid[-40:41, -50:51] * pitch_um
    heights = 40.0 * np.exp(-(rows**2 + cols**2) / (2 * 80.0**2))
    valid = np.ones(heights.shape, bool)
    valid[:10] = False
    values = np.where(valid, heights, 0.0).astype(np.float32)
    return Scan(
        values, valid, pitch_um, pitch_um, ScanKind.TOPOGRAPHY, Provenance("bump", "", 0, "made")
    )


def test_normals_of_a_ramp_beside_a_hole():
    rows, cols = np.mgrid[:20, :30].astype(np.float32)
    valid = np.ones(rows.shape, bool)
    valid[5:9, 5:9] = False
    surface = np.where(valid, 2.0 * cols - 3.0 * rows, 1e6).astype(np.float32)
    normals = surface_normals(surface, valid, (3.0, 4.0))
    # Up to the right by 2/4, and up to the top by 3/3.
    expected = np.array([-0.5, -1.0, 1.0]) / np.sqrt(2.25)
    assert np.abs(normals[valid] - expected).max() < 1e-6


@pytest.mark.parametrize(("azimuth", "side"), [(0, (30, 70)), (90, (20, 50)), (180, (30, 30))])
def test_a_side_light_brightens_the_flank_that_faces_it(azimuth, side):
    image = render_scan(bump(), Light(Lamp.SIDE, azimuth_deg=azimuth), QUIET)
    opposite = 60 - side[0] + 20, 100 - side[1]
    assert image.values[side] > image.values[opposite] + 0.3
    assert image.kind is ScanKind.IMAGE
    assert f"side light from {azimuth} degrees" in image.provenance.notes[-1]


def test_a_ring_light_favours_no_side():
    image = render_scan(bump(), Light(), QUIET).values
    assert np.abs(image[30:, :] - image[30:, ::-1]).max() < 0.02
    assert image[40, 50] > image[40, 65] + 0.3  # the top throws more back than the flank


def test_lambert_without_the_lobe():
    level = np.zeros((2, 2, 3), np.float32)
    level[..., 2] = 1.0
    light = Light(elevation_deg=30.0, specular=0.0)
    assert np.allclose(shade(level, light), 0.5, atol=1e-6)


def test_exposure_noise_and_holes():
    image = render_scan(bump(), Light(Lamp.SIDE), Camera(noise_grey=4.0, seed=3))
    grey = np.rint(image.values * 255.0)
    assert np.array_equal(grey / np.float32(255.0), image.values)
    low, high = np.percentile(grey[image.valid], [1, 99])
    assert low < 40
    assert high > 215
    assert not image.values[~image.valid].any()
    quiet = render_scan(bump(), Light(Lamp.SIDE), QUIET)
    added = (grey - quiet.values * 255.0)[image.valid & (quiet.values > 0.1)]
    assert 3.5 < added.std() < 4.5
    again = render_scan(bump(), Light(Lamp.SIDE), Camera(noise_grey=4.0, seed=3))
    assert np.array_equal(again.values, image.values)


def test_height_offset_changes_nothing():
    lifted = bump()
    lifted = dataclasses.replace(lifted, values=lifted.values + np.float32(7.0))
    one, other = render_scan(bump(), Light(), QUIET), render_scan(lifted, Light(), QUIET)
    assert np.abs(one.values - other.values).max() <= 1.01 / 255.0


def test_files_state_pitch_and_mask(tmp_path):
    image = render_scan(bump(6.25), Light())
    write_png(image, tmp_path / "a.png")
    back = read_scan(tmp_path / "a.png")
    assert back.pixel_pitch_um == pytest.approx(6.25, rel=1e-4)
    assert np.array_equal(back.mark_valid, image.valid)
    assert np.array_equal(back.values, image.values)
    write_png(image, tmp_path / "b.png", masked=False)
    assert not (tmp_path / "b.mask.png").exists()


def test_refusals(tmp_path):
    image = render_scan(bump(), Light())
    with pytest.raises(ScanError, match="bump: measured heights needed"):
        render_scan(image, Light())
    with pytest.raises(ParameterError, match=r"a name that ends in \.png needed"):
        write_png(image, tmp_path / "a.jpg")
    with pytest.raises(ParameterError, match="elevation_deg: between 0 and 90 needed, found 95"):
        Light(elevation_deg=95.0)
    with pytest.raises(ParameterError, match="noise_grey: 0 or more needed, found -1"):
        Camera(noise_grey=-1.0)


def test_command(ribin, sample_dir, tmp_path):
    scan = sorted(sample_dir.glob("**/*.x3p"))[0]
    out = tmp_path / "a.png"
    done = ribin("synth", "render", scan, "--light", "side", "--azimuth", "90", "-o", out)
    assert done.code == 0, done.err
    again = read_scan(out)
    assert again.kind is ScanKind.IMAGE
    assert again.shape == read_scan(scan).shape
    assert again.mark_valid is not None
