"""A dry run lists every problem of every row at once; columns of other lists are mapped."""

from __future__ import annotations

import json
import shutil

import pytest

GOOD = "JAM-2026-0007-1.x3p"


@pytest.fixture
def folder(tmp_path, sample_dir, ribin):
    for name in (GOOD, "BLZ-2025-0042-1.x3p"):
        shutil.copyfile(sample_dir / name, tmp_path / name)
    (tmp_path / "broken.x3p").write_bytes(b"PK\x03\x04 and then nothing")
    ribin("init", tmp_path / "V", "--member", "JAM", "--who", "chief")
    return tmp_path


@pytest.fixture
def enrol(folder, ribin):
    def ran(text, *args):
        (folder / "list.csv").write_text(text, encoding="utf-8")
        said = ("--vault", folder / "V", "--who", "chief")
        return ribin("enrol", "--manifest", folder / "list.csv", *said, *args)

    return ran


def state(folder):
    return {
        path: path.read_bytes()
        for path in (folder / "V").rglob("*")
        if path.is_file() and path.suffix not in (".sqlite-shm",)
    }


def test_every_problem_is_listed_and_nothing_written(folder, enrol):
    before = state(folder)
    ran = enrol(
        "file,event,exhibit,date,kind,firearm\n"
        f"{GOOD},E1,X1,2026-03-14,evidence,\n"
        "none.x3p,E1,X2,2026-03-15,evidence,gun\n"
        "broken.x3p,E2,X3,14.3.2026,evidence,\n"
        f"{GOOD},E1,X4,,pistol,\n"
        "BLZ-2025-0042-1.x3p,E9,X1,,evidence,\n",
        "--dry-run",
    )
    assert ran.code == 1
    assert ran.out == (
        "dry run of 5 rows: 1 would be new, 0 already there, 4 not possible; nothing was written\n"
    )
    lines = ran.err.splitlines()
    for line, problem in (
        (3, "none.x3p: a file needed, found nothing there"),
        (4, "the zip archive is truncated or damaged"),
        (4, "event E2: date needs a day as YYYY-MM-DD, found '14.3.2026'"),
        (5, "kind needs one of evidence, test_fire, found 'pistol'"),
        (6, "exhibit X1: event is 'E1' in line 2, found 'E9'"),
    ):
        assert any(f"line {line}: " in told and problem in told for told in lines), (line, problem)
    assert state(folder) == before


def test_more_than_one_problem_of_a_row(enrol):
    ran = enrol(
        "file,event,exhibit,date,kind,firearm\nbroken.x3p, E\x07 ,X3,1.1.26,evidence,gun\n",
        "--dry-run",
        "--json",
    )
    assert ran.code == 3
    told = [one["reason"] for one in json.loads(ran.out)["problems"]]
    assert len(told) == 4
    assert any("event needs an identifier" in text for text in told)
    assert any("only a test fire has a known firearm" in text for text in told)


def test_columns_of_another_list(folder, enrol):
    text = f"Scan;Nr,Case,Remarks,Item\n{GOOD},C-1,called twice,X1\n"
    mapped = ("--map", "Scan;Nr=file", "--map", "Case=event", "--map", "Item=exhibit")
    ran = enrol(text, *mapped, "--dry-run")
    assert (ran.code, ran.out) == (3, "")
    assert "column" in ran.err
    assert "means nothing" in ran.err
    ran = enrol(text, *mapped, "--map", "Remarks=", "--dry-run")
    assert ran.code == 0, ran.err
    assert "1 would be new" in ran.out
    assert enrol(text, *mapped, "--map", "Remarks=").code == 0
    ran = enrol(text, *mapped, "--map", "Remarks=", "--dry-run")
    assert "0 would be new, 1 already there, 0 not possible" in ran.out
    ran = enrol(f"file,event,exhibit\n{GOOD},C-2,X9\n", "--dry-run")
    assert "this scan is enrolled as exhibit X1, found exhibit X9" in ran.err


@pytest.mark.parametrize(
    ("mapping", "code", "message"),
    [
        ("nothing", 2, "--map THEIRS=OURS needed, found 'nothing'"),
        ("Nr=file", 3, "column 'Nr' to map needed, found file, event, exhibit"),
        ("file=path", 3, "no column 'path' to map to"),
        ("event=exhibit", 3, "each column once needed, found 'exhibit' twice"),
    ],
)
def test_mappings_that_cannot_be(enrol, mapping, code, message):
    ran = enrol(f"file,event,exhibit\n{GOOD},E,X\n", "--map", mapping)
    assert ran.code == code
    assert message in ran.err


def test_a_null_character_is_refused(enrol):
    ran = enrol("file,event,exhibit\na\0.x3p,E,X\n")
    assert (ran.code, ran.out) == (3, "")
    assert "found a null character" in ran.err
