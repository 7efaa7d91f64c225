"""Many scans into vaults: the same from library and command, resumable, failures on record."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from ribin.cases.exhibits import Row, Scope, read_manifest
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import describe_mark, extract_marks
from ribin.read import read_scan
from ribin.services.enrol import EnrolOptions, enrol_rows
from ribin.vault.vault import Vault
from ribin.workers import local_executor

FILES = ("JAM-2026-0007-1.x3p", "JAM-2025-0038-1.x3p")
OPTIONS = EnrolOptions(DEFAULT_PARAMS, "tester", "test")


@pytest.fixture
def scans(sample_dir, tmp_path):
    """A folder with two scans and a manifest that leaves some cells empty."""
    for name in FILES:
        shutil.copyfile(sample_dir / name, tmp_path / name)
    (tmp_path / "exhibits.csv").write_text(
        f"file,event,exhibit,calibre\n{FILES[0]},E-1,X-1,\n,E-1,X-9,\n{FILES[1]},,X-2,.45 ACP\n",
        encoding="utf-8",
    )
    return tmp_path


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM") as made:
        yield made


def templates(vault):
    return {m.scan.exhibit.exhibit: m.template_sha256 for m in vault.holdings().marks}


def test_library_command_and_batch_store_the_same_bits(ribin, scans, vault):
    path = scans / FILES[0]
    scan = read_scan(path)
    marks = extract_marks(scan)
    rows = [Row(path, "", {"event": "E", "exhibit": "X"})]
    assert enrol_rows(rows, replace(OPTIONS, vault=vault.path)).enrolled[0].outcome == "new"
    ribin("init", scans / "other", "--member", "JAM", "--who", "me")
    asked = ("--event", "E", "--exhibit", "X", "--vault", scans / "other", "--who", "me")
    assert ribin("enrol", path, *asked).code == 0
    with Vault.open(scans / "other") as other:
        assert other.holdings().snapshot == vault.holdings().snapshot
        for stored, mark in zip(other.marks_of("X"), marks, strict=True):
            expected = describe_mark(mark)
            kept = other.template(stored)
            assert {k: v.tobytes() for k, v in kept.arrays.items()} == {
                k: v.tobytes() for k, v in expected.arrays.items()
            }


def test_a_job_run_again_reads_no_scan_again(scans, vault, monkeypatch):
    rows = read_manifest(scans / "exhibits.csv", {"event": "E-2"}).rows
    first = enrol_rows(rows[:1], replace(OPTIONS, vault=vault.path))
    assert [e.outcome for e in first.enrolled] == ["new"]
    read = []
    monkeypatch.setattr(
        "ribin.services.reading.read_scan",
        lambda path, **how: read.append(path.name) or read_scan(path),
    )
    again = enrol_rows(rows, replace(OPTIONS, vault=vault.path))
    assert [e.outcome for e in again.enrolled] == ["already there", "new"]
    assert read == [FILES[1]]
    assert [(f.file, f.reason) for f in again.failed] == [
        ("line 3", "line 3: a file needed, found an empty cell")
    ]


def test_processes_enrol_what_one_process_does(ribin, scans, tmp_path, monkeypatch):
    processes, made = [], []

    def executor(jobs):
        processes.append(jobs)
        return local_executor(jobs)

    monkeypatch.setattr("ribin.services.enrol.WORTH_A_PROCESS", 1)
    monkeypatch.setattr("ribin.services.enrol.local_executor", executor)
    for jobs in (1, 2):
        folder = tmp_path / f"V{jobs}"
        ribin("init", folder, "--member", "JAM", "--who", "me")
        asked = ("--manifest", scans / "exhibits.csv", "--vault", folder, "--who", "me")
        dry = ribin("enrol", *asked, "--event", "E", "--jobs", jobs, "--dry-run")
        done = ribin("enrol", *asked, "--event", "E", "--jobs", jobs)
        with Vault.open(folder) as opened:
            made.append((dry, done.code, done.out, done.err, opened.holdings().snapshot))
    assert processes == [1, 1, 2, 2]
    assert made[0] == made[1]
    assert made[0][2].endswith("2 new, 0 already there, 1 failed\n")


def test_a_scan_that_two_rows_name_is_enrolled_once(scans, vault):
    row = Row(scans / FILES[0], "", {"event": "E", "exhibit": "X"})
    report = enrol_rows([row, row], replace(OPTIONS, vault=vault.path))
    assert [one.outcome for one in report.enrolled] == ["new", "already there"]


def test_options_are_what_empty_cells_of_a_manifest_mean(ribin, scans, vault):
    usual = ("--event", "E-7", "--calibre", "9x19", "--sharing", "network")
    asked = ("--manifest", scans / "exhibits.csv", "--vault", vault.path, "--who", "me")
    done = ribin("enrol", *asked, *usual)
    assert done.code == 1
    assert done.err == "line 3: a file needed, found an empty cell\n"
    held = vault.exhibits()
    assert [(x.event.event, x.class_fields.calibre, x.sharing) for x in held.values()] == [
        ("E-1", "9x19", Scope.NETWORK),
        ("E-7", ".45 ACP", Scope.NETWORK),
    ]


def test_a_reason_that_names_its_file_says_it_once(ribin, scans, vault):
    (scans / FILES[0]).write_bytes(b"PK\x03\x04 cut off")
    asked = ("--event", "E", "--exhibit", "X", "--vault", vault.path, "--who", "me")
    done = ribin("enrol", scans / FILES[0], *asked)
    assert done.code == 3
    assert done.err.count(FILES[0]) == 1
    gone = ribin("enrol", scans / "gone.x3p", *asked)
    assert (gone.code, gone.err.count("gone.x3p")) == (3, 1)
