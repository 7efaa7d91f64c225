"""What is left out of a mark is told, in the same words, wherever the mark is shown."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from mark_makers import dirty_scan

from ribin.model import LeftOut, left_out_words
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import find_marks
from ribin.read import read_scan
from ribin.report.html import document_html
from ribin.report.pictures import LEFT_OUT_COLOURS
from ribin.services.marks import Asker, side_of
from ribin.services.pair import ReportOptions, pair_page, pair_picture, prepare_pair, report_pair
from ribin.synth.write import write_x3p
from ribin.view.surface import pixel_edges

CLEAN, DIRTY = "JAM-2026-0007-1.x3p", "dirty.x3p"
KINDS = ("dust", "drag", "flowback")


@pytest.fixture(scope="module")
def folder(sample_dir, tmp_path_factory):
    """A clean scan, and the same with dust on it."""
    place = tmp_path_factory.mktemp("dirt")
    scan = read_scan(sample_dir / CLEAN)
    write_x3p(dirty_scan(scan), place / DIRTY)
    (place / CLEAN).write_bytes((sample_dir / CLEAN).read_bytes())
    return place


@pytest.fixture(scope="module")
def words(folder) -> str:
    """As the mark itself has them."""
    (found,) = find_marks(read_scan(folder / DIRTY))
    shares = found.mark.left_out_shares
    assert tuple(shares) == KINDS
    assert shares["dust"] == pytest.approx(
        np.mean(found.region.left_out[found.region.inside] > 0), abs=0.03
    )
    return left_out_words(shares)


def test_shares_are_of_all_that_was_measured(folder):
    (found,) = find_marks(read_scan(folder / CLEAN))
    assert found.mark.left_out is None
    assert set(found.mark.left_out_shares.values()) == {0.0}
    left_out = np.zeros(found.mark.valid.shape, np.uint8)
    rows, cols = np.nonzero(found.mark.valid)
    tenth = slice(None, None, 10)
    left_out[rows[tenth], cols[tenth]] = LeftOut.DRAG
    mark = dataclasses.replace(
        found.mark, left_out=left_out, valid=found.mark.valid & (left_out == 0)
    )
    assert mark.left_out_shares["drag"] == pytest.approx(0.1, abs=1e-3)
    assert left_out_words(mark.left_out_shares) == "drag 0.10"


def test_commands_say_it_and_how_to_overrule_it(ribin, folder, words, monkeypatch):
    monkeypatch.chdir(folder)
    assert f"{words} (--keep-all keeps it)" in ribin("extract", DIRTY).out
    compared = ribin("compare", CLEAN, DIRTY)
    assert f"reference: nothing; comparison: {words} (--keep-all keeps it)" in compared.out
    shares = json.loads(ribin("compare", CLEAN, DIRTY, "--json").out)["left_out"]
    assert set(shares["reference"].values()) == {0.0}
    assert left_out_words(shares["comparison"]) == words
    kept = ribin("compare", CLEAN, DIRTY, "--keep-all", "--who", "me")
    assert "left out" not in kept.out


def test_a_vault_says_it_at_enrolment_and_ever_after(ribin, folder, words, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    vault = ("--vault", tmp_path / "JAM", "--who", "me")
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", "me")
    enrolled = ribin("enrol", DIRTY, *vault, "--event", "E1", "--exhibit", "X1")
    assert f"has {words} of it left out (--keep-all keeps it)" in enrolled.err
    assert (
        f"left out: {words} (`ribin mark redo --keep-all` keeps it)"
        in ribin("exhibit", "show", "X1", *vault).out
    )
    facts = json.loads(ribin("exhibit", "show", "X1", *vault, "--json").out)
    ((scan, of_scan),) = facts["left_out"].items()
    assert scan == facts["scans"][0]["sha256"]
    assert left_out_words(of_scan["breech_face"]) == words
    clean = ribin("enrol", CLEAN, *vault, "--event", "E1", "--exhibit", "X2")
    assert "left out" not in clean.err
    # An enrolled mark tells it from its file.
    compared = ribin("compare", "X2", "X1", *vault)
    assert f"reference: nothing; comparison: {words}" in compared.out
    ribin("mark", "redo", "X1", "--keep-all", "--reason", "it is the mark", *vault)
    assert "left out" not in ribin("exhibit", "show", "X1", *vault).out


def test_another_member_tells_it_of_a_released_original_alone(
    ribin, folder, words, tmp_path, monkeypatch
):
    monkeypatch.chdir(folder)
    network = tmp_path / "network.toml"
    sections = "".join(f'[members.{code}]\nvault = "{code}"\n' for code in ("JAM", "BLZ"))
    network.write_text(f'{sections}[clusters]\nlinked = ["JAM", "BLZ"]\n', encoding="utf-8")
    for code, file in (("JAM", CLEAN), ("BLZ", DIRTY)):
        vault = ("--vault", tmp_path / code, "--who", "me")
        assert ribin("init", tmp_path / code, "--member", code, "--who", "me").code == 0
        named = ("--event", "E1", "--exhibit", f"{code}-1", "--sharing", "cluster")
        assert ribin("enrol", file, *vault, *named).code == 0
    asked = ("--network", network, "--scope", "cluster", "--reason", "r", "--who", "me")
    own = ("--vault", tmp_path / "JAM", *asked)
    (row,) = json.loads(ribin("search", "JAM-1", *own, "--json").out)["candidates"]
    named = ("JAM-1", f"BLZ:{row['exhibit']}")
    assert (
        json.loads(ribin("compare", *named, *own, "--json").out)["left_out"]["comparison"] is None
    )
    releasing = ("--vault", tmp_path / "BLZ", "--network", network, "--reason", "r", "--who", "me")
    assert ribin("release", "BLZ-1", "--to", "JAM", "--original", *releasing).code == 0
    told = ribin("compare", "JAM-1", "BLZ:BLZ-1", *own)
    assert f"reference: nothing; comparison: {words}" in told.out


@pytest.fixture(scope="module")
def pair(folder):
    return prepare_pair(folder / CLEAN, folder / DIRTY, Asker(DEFAULT_PARAMS))


def test_a_report_says_it(pair, words):
    document = report_pair(pair, Asker(DEFAULT_PARAMS), ReportOptions("me"))
    html = document_html(document)
    assert f"reference: nothing; comparison: {words}" in html
    assert "Left out (purple: dust" in html


def test_a_template_alone_does_not_tell_it(folder, words):
    side = dataclasses.replace(side_of(folder / DIRTY, Asker(DEFAULT_PARAMS)), whole=False)
    assert side.left_out is None


def test_pictures_colour_it_on_its_own_side(pair):
    picture = pair_picture(pair)[:600].astype(int)
    purple = (picture[:, :, 2] - picture[:, :, 1] > 20) & (picture[:, :, 0] > picture[:, :, 2])
    half = picture.shape[1] // 2
    assert LEFT_OUT_COLOURS[LeftOut.DUST] == (204, 121, 167)
    assert np.count_nonzero(purple[:, :half]) == 0
    assert np.count_nonzero(purple[:, half:]) > 1000


def test_a_page_has_where_it_lies(pair):
    page = pair_page(pair, Asker(DEFAULT_PARAMS))
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    one, two = (side["left_out"] for side in data["sides"])
    assert one == []
    assert [kind["kind"] for kind in two] == ["dust"]
    mark = pair.comparison.mark
    places = np.argwhere(mark.left_out == LeftOut.DUST) - (np.array(mark.valid.shape) - 1) / 2
    drawn = np.concatenate([np.array(edge) for edge in two[0]["edges"]])
    assert np.abs(drawn.min(axis=0) - places.min(axis=0) * mark.pitch_um).max() < mark.pitch_um
    assert np.abs(drawn.max(axis=0) - places.max(axis=0) * mark.pitch_um).max() < mark.pitch_um


def test_edges_go_around_pixels_and_holes():
    where = np.ones((5, 5), bool)
    where[2, 2] = False
    outer, hole = sorted(
        pixel_edges(where), key=lambda edge: np.ptp(edge, axis=0).max(), reverse=True
    )
    assert np.allclose(np.min(outer, axis=0), -0.25)
    assert np.allclose(np.max(outer, axis=0), 4.25)
    assert np.abs(np.mean(hole, axis=0) - 2.0).max() < 0.3
    assert pixel_edges(np.zeros((3, 3), bool)) == []
