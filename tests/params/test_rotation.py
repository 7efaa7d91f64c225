"""How far marks may be turned: `--rotation` for every mark type, beside `--params` in any order."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest

from ribin.errors import ParameterError
from ribin.model import MarkType, Scan
from ribin.params.defaults import DEFAULT_PARAMS, MethodParams
from ribin.params.load import with_rotation
from ribin.read import read_scan
from ribin.synth.write import write_x3p

FIRST, MATE = "JAM-2026-0007-1.x3p", "BLZ-2025-0042-1.x3p"


def methods(params):
    named = {f.name: getattr(params, f.name) for f in dataclasses.fields(params)}
    return {name: method for name, method in named.items() if isinstance(method, MethodParams)}


@pytest.fixture(scope="module")
def turned(sample_dir, tmp_path_factory):
    """A folder with a scan, its mate turned by a quarter, a stranger, and their labels."""
    folder = tmp_path_factory.mktemp("turned")
    shutil.copyfile(sample_dir / FIRST, folder / FIRST)
    scan = read_scan(sample_dir / MATE)
    quarter = dataclasses.replace(
        scan,
        values=np.ascontiguousarray(np.rot90(scan.values)),
        valid=np.ascontiguousarray(np.rot90(scan.valid)),
        row_pitch_um=scan.col_pitch_um,
        col_pitch_um=scan.row_pitch_um,
    )
    assert isinstance(quarter, Scan)
    write_x3p(quarter, folder / "turned.x3p")
    shutil.copyfile(sample_dir / "JAM-2025-0038-1.x3p", folder / "other.x3p")
    (folder / "labels.csv").write_text(
        f"file,firearm\n{FIRST},a\nturned.x3p,a\nother.x3p,b\n", encoding="utf-8"
    )
    (folder / "p.toml").write_text(
        "[breech_face.decide]\nmin_cells = 9\n[breech_face.correlate]\nrotation_range_deg = 12.0\n",
        encoding="utf-8",
    )
    return folder


def test_every_method_turns_and_nothing_else_changes():
    params = with_rotation(DEFAULT_PARAMS, 45.0)
    assert set(methods(params)) >= set(MarkType)
    for name, method in methods(params).items():
        assert method.correlate.rotation_range_deg == 45.0
        usual = getattr(DEFAULT_PARAMS, name)
        assert method.correlate.mounting_deg == 45.0  # none of the turns counts less
        named = ("rotation_range_deg", "mounting_deg")
        before = {name: getattr(usual.correlate, name) for name in named}
        back = dataclasses.replace(method.correlate, **before)
        assert dataclasses.replace(method, correlate=back) == usual
    assert params.template_id == DEFAULT_PARAMS.template_id
    assert params.params_id != DEFAULT_PARAMS.params_id


@pytest.mark.parametrize("range_deg", [-1.0, 180.5, float("nan")])
def test_a_range_is_at_most_half_a_turn_to_either_side(range_deg):
    with pytest.raises(ParameterError, match=f"rotation: 0 to 180 needed, found {range_deg:g}"):
        with_rotation(DEFAULT_PARAMS, range_deg)


@pytest.mark.parametrize("text", ["-1", "181", "nan", "inf", "all", ""])
@pytest.mark.parametrize("command", [("compare", "a", "b"), ("search", "a"), ("evaluate", "a")])
def test_other_rotations_are_wrong_usage(ribin, command, text):
    done = ribin(*command, "--rotation", text)
    assert (done.code, done.out) == (2, "")
    assert f"any, or degrees from 0 to 180, needed, found {text}" in done.err


def test_compare_finds_a_turned_mate(ribin, turned):
    def compared(*options):
        return json.loads(ribin("compare", *pair, "--json", *options).out)

    pair = (turned / FIRST, turned / "turned.x3p")
    usual, any_turn, wide, narrow = (
        compared(*options)
        for options in ((), ("--rotation", "any"), ("--rotation", "120"), ("--rotation", "50"))
    )
    assert min(any_turn["score"], wide["score"]) > 60 > narrow["score"]
    assert usual["score"] == pytest.approx(any_turn["score"] - 5.0)  # beyond the mounting
    assert "beyond the mounting of 30: 5 points less" in usual["note"]
    assert any_turn["note"] == ""
    assert 60 < abs(any_turn["rotation_deg"]) < 120  # the cases were mounted some degrees apart
    assert wide["rotation_deg"] == pytest.approx(any_turn["rotation_deg"], abs=1.0)
    assert any_turn["params_id"] == with_rotation(DEFAULT_PARAMS, 180.0).params_id


@pytest.mark.parametrize(
    "command",
    ["compare", *(pytest.param(c, marks=pytest.mark.slow) for c in ("search", "evaluate"))],
)
def test_rotation_and_a_file_of_parameters_in_either_order(ribin, turned, tmp_path, command):
    """The option counts, whichever comes first; the rest is as the file says."""
    from ribin.params.load import load_params

    vault = tmp_path / "JAM"
    ribin("init", vault, "--member", "JAM", "--who", "me")
    fields = ("--event", "E", "--exhibit", "X", "--vault", vault, "--who", "me")
    assert ribin("enrol", turned / "turned.x3p", *fields).code == 0
    args = {
        "compare": ("compare", turned / FIRST, turned / "turned.x3p"),
        "search": ("search", turned / FIRST, "--vault", vault, "--jobs", "1"),
        "evaluate": ("evaluate", turned, "--jobs", "1"),
    }[command]
    rotation, file = ("--rotation", "any"), ("--params", turned / "p.toml")
    ids = [
        json.loads(ribin(*args, "--json", *options).out)["params_id"]
        for options in ((*rotation, *file), (*file, *rotation), file, ())
    ]
    of_file = load_params(turned / "p.toml")
    both = with_rotation(of_file, 180.0).params_id
    assert ids == [both, both, of_file.params_id, DEFAULT_PARAMS.params_id]
    assert len(set(ids)) == 3


@pytest.mark.slow
def test_search_and_evaluate_find_a_turned_mate(ribin, turned, tmp_path):
    vault = tmp_path / "JAM"
    ribin("init", vault, "--member", "JAM", "--who", "me")
    for name in ("turned", "other"):
        fields = ("--event", name, "--exhibit", name, "--vault", vault, "--who", "me")
        assert ribin("enrol", turned / f"{name}.x3p", *fields).code == 0
    asked = ("--vault", vault, "--json", "--jobs", "1")
    ranges = ((), ("--rotation", "30"), ("--rotation", "any"))
    usual, narrow, alike = (
        json.loads(ribin("search", turned / FIRST, *asked, *options).out)["candidates"][0]
        for options in ranges
    )
    assert usual["exhibit"] == alike["exhibit"] == "turned"
    assert usual["score"] == pytest.approx(alike["score"] - 5.0, abs=0.1)  # beyond the mounting
    assert alike["score"] > 60 > narrow["score"]
    usual, narrow, alike = (
        json.loads(ribin("evaluate", turned, "--json", "--jobs", "1", *options).out)["score"]
        for options in ranges
    )
    assert alike["km_min"] > usual["km_min"] > 60 > narrow["km_min"]
