"""What the lamp did to an image is taken out, and the mark stays."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ribin.errors import ScanError
from ribin.extract.illumination import even_light, remove_glare
from ribin.extract.level import remove_rings
from ribin.model import Lamp, MarkType, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.surface.gaussian import smooth_surface
from ribin.synth.cartridge import fire
from ribin.synth.firearm import make_firearm
from ribin.synth.render import Camera, Light, render_scan

PITCH = (10.0, 10.0)


def texture(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    valid = np.hypot(*np.mgrid[-100:101, -100:101]) < 95
    noise = np.random.default_rng(seed).standard_normal(valid.shape).astype(np.float32)
    smooth = smooth_surface(noise, valid, 60.0, PITCH)
    return 0.4 + 0.1 * smooth / smooth[valid].std() * valid, valid


def agreement(one, other, valid):
    return float(np.corrcoef(one[valid], other[valid])[0, 1])


def test_uneven_light_gain_and_offset_change_little():
    grey, valid = texture()
    usual = even_light(grey, valid, PITCH, 800.0)
    falling = np.linspace(0.4, 1.0, grey.shape[1], dtype=np.float32)
    assert agreement(usual, even_light(grey * falling, valid, PITCH, 800.0), valid) > 0.98
    assert np.abs(usual - even_light(0.5 * grey + 0.1, valid, PITCH, 800.0)).max() < 1e-3


def test_what_is_masked_takes_no_part():
    grey, valid = texture()
    spoiled = np.where(valid, grey, np.float32(99.0))
    assert np.array_equal(
        even_light(grey, valid, PITCH, 800.0), even_light(spoiled, valid, PITCH, 800.0)
    )


def test_level_grey_has_no_contrast():
    _, valid = texture()
    level = np.full(valid.shape, 0.5, np.float32)
    assert not even_light(level, valid, PITCH, 800.0).any()


def test_circular_shading_goes_and_the_mark_stays():
    grey, valid = texture()
    mark = grey - grey[valid].mean()
    radius = np.hypot(*np.mgrid[-100:101, -100:101])
    shaded = (mark + 0.5 * np.cos(radius / 25.0)).astype(np.float32)
    cleared = remove_rings(shaded, valid, PITCH, (1000.0, 1000.0), 100.0)
    assert agreement(shaded, mark, valid) < 0.4
    assert agreement(cleared, mark, valid) > 0.85
    assert not cleared[~valid].any()


def test_wide_glare_is_masked_and_thin_edges_are_not():
    grey, valid = texture()
    grey = np.clip(grey, 0.0, 0.9)
    grey[80:100, 80:100] = 1.0
    grey[130, 60:140] = 1.0
    kept = remove_glare(grey, valid, PITCH, 60.0, 0.2)
    assert not kept[84:96, 84:96].any()
    assert kept[130, 60:140].all()
    over = np.where(valid, np.float32(1.0), grey)
    assert np.array_equal(remove_glare(over, valid, PITCH, 60.0, 0.2), valid)


def images(light: Light, camera: Camera) -> list:
    scans = [fire(make_firearm(gun), shot) for gun, shot in ((1, 1), (1, 2), (2, 1))]
    return [render_scan(s, light, dataclasses.replace(camera, seed=i)) for i, s in enumerate(scans)]


ROUGH = Camera(gain=0.8, noise_grey=10.0, unevenness=0.5)


@pytest.mark.parametrize(
    ("lamp", "camera"),
    [
        (Lamp.SIDE, ROUGH),
        *(
            pytest.param(lamp, camera, marks=pytest.mark.slow)
            for lamp, camera in ((Lamp.RING, ROUGH), (Lamp.RING, Camera()), (Lamp.SIDE, Camera()))
        ),
    ],
)
def test_mates_in_images_score_above_others(lamp, camera):
    templates = [describe_mark(extract_marks(i)[0]) for i in images(Light(lamp), camera)]
    mates = compare_marks(templates[0], templates[1])
    others = [compare_marks(templates[k], templates[2]) for k in (0, 1)]
    assert mates.score > 40.0
    assert max(o.score for o in others) < 20.0


def test_images_have_a_method_of_their_own():
    method = DEFAULT_PARAMS.of(MarkType.BREECH_FACE, ScanKind.IMAGE)
    assert method is DEFAULT_PARAMS.breech_face_image
    assert DEFAULT_PARAMS.of(MarkType.BREECH_FACE) is DEFAULT_PARAMS.breech_face


def test_a_saturated_mark_is_refused():
    image = render_scan(fire(make_firearm(1), 1), Light(), Camera())
    white = dataclasses.replace(image, values=np.where(image.valid, np.float32(1.0), 0.0))
    white = dataclasses.replace(white, mark_valid=image.valid)
    with pytest.raises(ScanError, match="100% of the breech face is saturated, at most 60%"):
        extract_marks(white)
