"""An image against a topography: rendered under its light, and said to be experimental."""

from __future__ import annotations

import dataclasses
import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ribin.errors import ParameterError, ScanError
from ribin.model import Lamp, Scan
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.services.reading import as_images, best_of
from ribin.synth.cartridge import fire
from ribin.synth.firearm import make_firearm
from ribin.synth.render import Camera, Light, render_scan
from ribin.synth.write import write_png, write_x3p

SHINY = Light(elevation_deg=25.0, specular=1.0, shininess=25.0)
# Neither the lamp nor the metal is what the rendering of a topography assumes.
UNKNOWN = {
    "ring": (Light(elevation_deg=55.0, specular=0.3, shininess=6.0), SHINY),
    "side 30": (Light(Lamp.SIDE, azimuth_deg=30.0, elevation_deg=30.0, specular=1.0),),
}


@cache
def fired(gun: int, shot: int) -> Scan:
    return fire(make_firearm(gun), shot)


def template(scan):
    return describe_mark(extract_marks(scan)[0])


@pytest.mark.parametrize(
    ("lighting", "k"),
    [
        ("ring", 1),
        pytest.param("ring", 0, marks=pytest.mark.slow),
        pytest.param("side 30", 0, marks=pytest.mark.slow),
    ],
)
def test_mates_score_above_others(lighting, k):
    image = template(render_scan(fired(1, 1), UNKNOWN[lighting][k], Camera(0.9)))
    scores = []
    for gun in (1, 2, 3):
        ways = as_images(fired(gun, 2), lighting)
        scores.append(max(compare_marks(image, template(way)).score for way in ways))
    assert scores[0] > 40.0
    assert max(scores[1:]) < 25.0


def test_the_ways_of_a_ring_light_are_two_and_of_a_side_light_one():
    scan = fired(1, 1)
    dark, bright = as_images(scan, "ring")
    assert dark.provenance.lighting == bright.provenance.lighting == "ring"
    greys = np.corrcoef(dark.values[dark.valid], bright.values[bright.valid])
    assert greys[0, 1] < -0.5
    (side,) = as_images(scan, "side:30")
    assert side.provenance.lighting == "side 30"
    assert not side.values[~side.valid].any()


def test_what_cannot_be_rendered():
    scan = fired(1, 1)
    with pytest.raises(ParameterError, match="side:DEG needed to render a topography, found side"):
        as_images(scan, "side")
    with pytest.raises(ScanError, match="measured heights needed to render an image"):
        as_images(render_scan(scan), "ring")


def test_a_pair_that_was_not_compared_is_the_last_choice():
    result = compare_marks(*[template(fired(1, shot)) for shot in (1, 2)])
    failed = dataclasses.replace(result, score=float("nan"), reason="no overlap")
    assert best_of([failed, result, failed]) == 1


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_png(render_scan(fired(1, 1), SHINY), folder / "photo.png")
    write_x3p(fired(1, 2), folder / "case.x3p")
    return folder


@pytest.fixture
def files(made, tmp_path) -> tuple[Path, Path]:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "photo.png", tmp_path / "case.x3p"


def test_the_command_renders_when_asked(files, ribin):
    ran = ribin("compare", *files, "--json")
    assert ran.code == 3
    assert "unlike: breech face as image and breech face as topography" in ran.out
    ran = ribin("compare", *files[::-1], "--json", "--render")
    assert ran.code == 0, ran.err
    result = json.loads(ran.out)
    assert result["score"] > 40.0
    assert "experimental: a topography rendered under ring light" in result["note"]


def test_the_command_wants_to_know_the_light(files, ribin):
    photo, heights = files
    with Image.open(photo) as image:
        image.save(photo, dpi=image.info["dpi"])  # without its text
    ran = ribin("compare", photo, heights, "--render")
    assert ran.code == 2
    assert "its lighting needed to render the other scan under it, found none" in ran.err
    assert ribin("compare", photo, heights, "--render", "--lighting", "ring").code == 0
