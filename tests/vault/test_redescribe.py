"""A vault described anew: the originals and what was enrolled stay, the new marks are used."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from ribin.model import MarkType
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.params.load import load_params
from ribin.services.reading import ReadOptions
from ribin.services.redescribe import describe_vault, read_again
from ribin.vault.backup import back_up
from ribin.vault.enrol import scan_path
from ribin.vault.redescribe import described_path
from ribin.vault.retention import purge_exhibit
from ribin.vault.scanfile import read_contents_of_scan
from ribin.vault.vault import Vault

SCANS = ("JAM-2026-0007-1", "BLZ-2025-0042-1")
CIRCLE = "breech_face:169,167,130,40"


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    path = tmp_path_factory.mktemp("params") / "other.toml"
    path.write_text("[breech_face.describe]\nhigh_cutoff_um = 300.0\n")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory, sample_dir):
    """One scan as it is, and one that was outlined by a circle and declared a cast."""
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    folder = tmp_path_factory.mktemp("made") / "JAM"
    assert run(app, ["init", str(folder), "--member", "JAM", "--who", "head"]) == 0
    for name, more in zip(SCANS, ([], ["--circle", CIRCLE, "--replica"]), strict=True):
        scan = sample_dir / f"{name}.x3p"
        fields = ["--event", name, "--exhibit", name, "--vault", str(folder), "--who", "head"]
        assert run(app, ["enrol", str(scan), *fields, *more]) == 0
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "JAM")


def files(folder):
    return {path: path.read_bytes() for path in (folder / "marks").rglob("*.h5")}


def test_a_scan_file_keeps_how_a_person_had_it_read(folder, sample_dir):
    with Vault.open(folder) as vault:
        for stored in vault.holdings().scans:
            kept = read_contents_of_scan(scan_path(folder, stored.sha256))
            cast = stored.source.startswith("BLZ")
            assert (kept.provenance.replica, set(kept.outlines)) == (
                cast, {MarkType.BREECH_FACE} if cast else set()
            )  # fmt: skip
            reading = ReadOptions(circles=(CIRCLE,), replica=True) if cast else ReadOptions()
            wanted = reading.scan(sample_dir / stored.source, DEFAULT_PARAMS)
            found = read_again(kept, DEFAULT_PARAMS)
            assert np.array_equal(found.values, wanted.values)
            assert np.array_equal(found.valid, wanted.valid)
            if cast:
                assert np.array_equal(found.mark_valid, wanted.mark_valid)


def test_who_outlined_a_mark_and_which_program_described_it_is_on_record(folder):
    from ribin import __version__

    with Vault.open(folder) as vault, vault.catalogue.reading() as db:
        rows = db.execute("SELECT * FROM marks ORDER BY mark_id").fetchall()
    found = [(r["version"], r["origin"], r["outlined_by"]) for r in rows]
    assert found == [(__version__, "", ""), (__version__, "outlined", "head")]
    assert rows[1]["outline"].startswith("Breech face outlined by circle 169,167,130,40 px by head")


def test_a_vault_is_described_anew_and_back_again(ribin, folder, other, tmp_path):
    before, params = files(folder), load_params(other)
    asked = ("--vault", folder, "--who", "head")
    done = ribin("store", "describe", *asked, "--params", other, "--reason", "new parameters")
    said = "2 scans described, 0 used again as described before, 0 were up to date\n"
    assert (done.code, done.out) == (0, said), done.err
    assert files(folder) == before
    with Vault.open(folder) as vault:
        marks = vault.holdings().marks
        assert {mark.params_id for mark in marks} == {params.template_id}
        assert [m.mark_id for m in vault.marks_of(SCANS[0])] == [marks[0].mark_id]
        assert vault.template(marks[0]).params_id == params.template_id
        assert vault.mark(marks[0]).mark_type is MarkType.BREECH_FACE
        assert vault.check().problems == ()
        row = vault.audit_log()[-1]
        assert (row.action, row.reason) == ("describe", "new parameters")
        back_up(vault, tmp_path / "copy", who="head", reason="", on_progress=lambda a, b: None)
    done = ribin("search", SCANS[0], *asked, "--params", other)
    assert "eligible 2, after filters 2, after coarse stage 2, compared 1" in done.out, done.err
    done = ribin("search", SCANS[0], *asked)  # the marks of before are there as well
    assert "compared 1" in done.out, done.err

    done = ribin("store", "describe", *asked)  # and back
    assert done.out.startswith("2 scans described, 0 used again")
    done = ribin("store", "describe", *asked, "--params", other)
    assert done.out.startswith("0 scans described, 2 used again")
    done = ribin("store", "describe", *asked, "--params", other)
    assert done.out.endswith("2 were up to date\n")
    assert files(folder) == before
    with Vault.open(folder) as vault:
        assert {mark.params_id for mark in vault.holdings().marks} == {params.template_id}
        assert vault.check().problems == ()


def test_describing_with_equal_parameters_gives_equal_templates(folder):
    with Vault.open(folder) as vault:
        first = [vault.template(mark) for mark in vault.holdings().marks]
        with vault.catalogue.reading() as db:
            sums = [r[0] for r in db.execute("SELECT template_sha256 FROM marks")]
        other = load_params_with(vault)
        describe_vault(vault, other, who="head", reason="")
        describe_vault(vault, DEFAULT_PARAMS, who="head", reason="")
        assert [mark.template_sha256 for mark in vault.holdings().marks] == sums
        assert len(first) == 2


def load_params_with(vault):
    path = vault.path.parent / "p.toml"
    path.write_text("[breech_face.describe]\nhigh_cutoff_um = 310.0\n")
    return load_params(path)


def test_a_damaged_description_is_found_and_one_of_a_purged_exhibit_goes(folder):
    with Vault.open(folder) as vault:
        params = load_params_with(vault)
        describe_vault(vault, params, who="head", reason="")
        sha256 = vault.holdings().scans[0].sha256
        path = described_path(folder, sha256, params.template_id)
        content = path.read_bytes()
        path.write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
        (problem,) = vault.check().problems
        assert (problem.exhibit, problem.text) == (SCANS[0], f"{path}: not as it was written")
        path.unlink()
        assert "the file of a description needed, found none" in vault.check().problems[0].text
        describe_vault(vault, params, who="head", reason="")
        assert path.read_bytes() == content
        purge_exhibit(vault, SCANS[0], "head", "withdrawn by court")
        assert not path.exists()
        assert vault.check().problems == ()


def test_only_an_administrator_describes(ribin, folder, other):
    done = ribin("store", "describe", "--vault", folder, "--params", other, "--who", "Ana")
    assert done.err.startswith("ribin: Ana: administrator needed, found no role\nhint: ")
