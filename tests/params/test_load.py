"""A file of parameters: what it may change, and the one line that refuses what cannot be."""

from __future__ import annotations

import dataclasses
import math

import pytest

from ribin.errors import ParameterError
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.params.load import find_problem, load_params


def written(tmp_path, text):
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    return tmp_path / "p.toml"


def test_the_defaults_keep_the_rules():
    assert find_problem(DEFAULT_PARAMS) == ""


def test_a_file_changes_what_it_names_alone(tmp_path):
    text = (
        "[breech_face.describe]\npitch_um = 37.5\n[breech_face.correlate]\nshift_range_um = 0\n"
        "[quality]\nrelief_um = [0.2, 0.1]\n"
    )
    params = load_params(written(tmp_path, text))
    assert params.breech_face.describe.pitch_um == 37.5
    assert params.breech_face.correlate.shift_range_um == 0.0
    assert params.quality.relief_um == (0.2, 0.1)
    assert params.firing_pin == DEFAULT_PARAMS.firing_pin
    assert params.params_id != DEFAULT_PARAMS.params_id


@pytest.mark.parametrize(
    ("section", "line", "message"),
    [
        ("breech_face.describe", "pitch_um = -1", "pitch_um: more than 0 needed, found -1"),
        ("breech_face.describe", "pitch_um = 0", "pitch_um: more than 0 needed, found 0"),
        ("breech_face.describe", "pitch_um = nan", "pitch_um: more than 0 needed, found nan"),
        ("breech_face.describe", "pitch_um = inf", "pitch_um: more than 0 needed, found inf"),
        ("firing_pin.describe", "min_fill = 1.5", "min_fill: 0 to 1 needed, found 1.5"),
        ("ejector.correlate", "seeds = 0", "seeds: 1 or more needed, found 0"),
        (
            "breech_face.correlate",
            "fine_rotation_steps = -1",
            "fine_rotation_steps: 0 or more needed, found -1",
        ),
        (
            "breech_face.correlate",
            "coarse_rotation_step_deg = 0",
            "coarse_rotation_step_deg: more than 0 and at most 180 needed, found 0",
        ),
        (
            "breech_face.preprocess",
            "working_pitch_um = 0",
            "working_pitch_um: more than 0 needed, found 0",
        ),
        ("breech_face.decide", "min_ccf = 2", "min_ccf: -1 to 1 needed, found 2"),
        (
            "breech_face.correlate",
            "bands_um = [84.0, 50.0, 173.0]",
            "bands_um: each value above the one before needed, found 84, 50, 173",
        ),
        (
            "breech_face.decide",
            "rest_scores = [0.0, 62.0, 62.0]",
            "rest_scores: each value above the one before needed, found 0, 62, 62",
        ),
        ("quality", "valid_share = [0.8, 5]", "valid_share: 0 to 1 needed, found 5"),
        (
            "breech_face.preprocess.light",
            "max_white = -0.1",
            "max_white: 0 to 1 needed, found -0.1",
        ),
        ("search", "batch_marks = 0", "batch_marks: 1 or more needed, found 0"),
        (
            "head",
            "max_primer_um = 1000",
            "max_primer_um: min_primer_um (1400) or more needed, found 1000",
        ),
    ],
)
def test_values_that_cannot_be(tmp_path, section, line, message):
    path = written(tmp_path, f"[{section}]\n{line}\n")
    with pytest.raises(ParameterError) as refused:
        load_params(path)
    assert str(refused.value) == f"{path}: {section}.{message}"


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("describe.medium_pitch_um = 55", "a whole multiple of preprocess.working_pitch_um (12.5)"),
        ("describe.pitch_um = 33.0", "a whole multiple of preprocess.working_pitch_um (12.5)"),
        (
            "correlate.coarse_rotation_step_deg = 4",
            "a whole multiple of correlate.medium_rotation_step_deg (1.5)",
        ),
        ("preprocess.high_cutoff_um = 30", "preprocess.low_cutoff_um (40) or more"),
        ("preprocess.frame_um = 300", "describe.cell_um (400) or more"),
    ],
)
def test_values_that_do_not_go_together(tmp_path, line, needed):
    path = written(tmp_path, f"breech_face.{line}\n")
    with pytest.raises(ParameterError) as refused:
        load_params(path)
    name, value = line.split(" = ")
    found = f"{float(value):g}"
    assert str(refused.value) == f"{path}: breech_face.{name}: {needed} needed, found {found}"


def test_every_number_has_a_bound():
    """No number of the whole set can be nan, or far below nothing, without being refused."""

    def spoilt(group, value):
        for field in dataclasses.fields(group):
            old = getattr(group, field.name)
            if dataclasses.is_dataclass(old):
                for name, one in spoilt(old, value):
                    yield (f"{field.name}.{name}", dataclasses.replace(group, **{field.name: one}))
            else:
                new = (value,) * len(old) if isinstance(old, tuple) else value
                yield field.name, dataclasses.replace(group, **{field.name: new})

    for value in (math.nan, -1e9, math.inf):
        for name, params in spoilt(DEFAULT_PARAMS, value):
            assert find_problem(params).startswith(f"{name}: "), (name, value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[quality]\nvalid_share = [0.5]\n", "quality: valid_share needs 2 values, found 1"),
        ("[breech_face]\ndescribe = 3\n", "breech_face: describe needs a section, found 3"),
        ("[read]\nmax_pixels = true\n", "read: max_pixels needs int, found True"),
    ],
)
def test_the_form_of_a_value(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(ParameterError) as refused:
        load_params(path)
    assert str(refused.value) == f"{path}: {message}"


def test_a_file_that_is_not_there_is_named_once(tmp_path):
    path = tmp_path / "none.toml"
    with pytest.raises(ParameterError) as refused:
        load_params(path)
    needed = "a TOML file of parameters needed, No such file or directory"
    assert str(refused.value) == f"{path}: {needed}"
