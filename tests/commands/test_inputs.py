"""Inputs that are no files, texts that no step may meet, and what tables and terminals show."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "sample_data"
A, B = SAMPLE / "JAM-2026-0007-1.x3p", SAMPLE / "JAM-2026-0012-1.x3p"
WHO = ("--who", "me")


@pytest.fixture
def jam(tmp_path, ribin):
    assert ribin("init", tmp_path / "JAM", "--member", "JAM", *WHO).code == 0
    return ("--vault", tmp_path / "JAM", *WHO)


# What is given as a file.

TEXT_INPUTS = [
    ("enrol", "--manifest", "{}", "--vault", "{vault}"),
    ("batch", "compare", "{}"),
    ("batch", "search", "{}", "--vault", "{vault}"),
    ("batch", "enrol", "{}", "--vault", "{vault}"),
    ("compare", A, B, "--params", "{}"),
    ("compare", A, B, "--population", "{}"),
    ("network", "show", "--network", "{}"),
    ("population", "show", "{}"),
    ("population", "make", "{}", "-o", "{new}", "--laboratory", "L"),
    ("audit", "verify", "--file", "{}"),
    ("evaluate", "{folder}"),
]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("command", TEXT_INPUTS, ids=lambda c: " ".join(map(str, c[:2])))
def test_a_pipe_a_socket_or_a_device_is_refused_at_once(tmp_path, ribin, jam, command, monkeypatch):
    kinds = {"pipe": "a named pipe", "socket": "a socket", "device": "a device"}
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    for name, kind in kinds.items():
        path = Path("/dev/zero") if name == "device" else tmp_path / name
        folder = tmp_path / f"labels of {name}"
        folder.mkdir()
        (folder / "labels.csv").symlink_to(path)
        words = {"vault": jam[1], "new": tmp_path / f"{name}.json", "folder": folder}
        done = ribin(*(str(part).format(path, **words) for part in command))
        assert done.code in (2, 3)
        assert f"found {kind}" in done.err, done
        assert done.err.startswith("ribin: ")


# One rule for text, at every entry: what is in a vault can go into a bundle.

HOSTILE = {
    "no-break space": ("9\u00a0mm Luger", "9 mm Luger"),
    "thin space": ("9\u2009mm Luger", "9 mm Luger"),
    "tab": ("9\tmm Luger", "9 mm Luger"),
    "line": ("9\nmm Luger", "9 mm Luger"),
    "decomposed": ("Jose\u0301", "Jos\u00e9"),
    "zero width": ("9\u200bmm", None),
    "soft hyphen": ("9\u00admm", None),
    "bidi": ("9 mm\u202e", None),
    "control": ("9\x07mm", None),
    "escape": ("9\x1b[2Jmm", None),
    "long": ("9" * 5000, None),
}
FIELDS = ("calibre", "ammunition", "make", "model", "firing-pin-shape", "breech-face-type")
FIELDS += ("place", "case-number", "firearm", "event", "exhibit")


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("field", ["calibre", "place", "firearm", "exhibit"])
def test_a_text_is_normalised_or_refused_at_enrolment(tmp_path, ribin, jam, kind, field):
    text, kept = HOSTILE[kind]
    fields = {"event": "E1", "exhibit": "X1", "kind": "test_fire", field: text}
    said = [part for name, value in fields.items() for part in (f"--{name}", value)]
    done = ribin("enrol", A, *said, *jam)
    if kept is None:
        assert done.code == 3, done
        assert f"{field}" in done.err
        assert all(c.isprintable() or c == "\n" for c in done.err)
        return
    assert done.code == 0, done
    ribin("export", tmp_path / "out", *jam, "--reason", "x")
    tables = [tmp_path / "out" / "tables" / f"{name}.json" for name in ("exhibits", "events")]
    assert any(json.dumps(kept) in path.read_text(encoding="utf-8") for path in tables)


def test_every_field_of_a_manifest_has_the_rule(tmp_path, ribin, jam):
    names = ("file", "event", "exhibit", "kind", *(f.replace("-", "_") for f in FIELDS[:9]))
    shutil.copyfile(A, tmp_path / "a.x3p")
    for name in names[4:]:
        row = {"file": "a.x3p", "event": "E", "exhibit": "X", "kind": "test_fire", name: "a\u202eb"}
        with (tmp_path / "m.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, names)
            writer.writeheader()
            writer.writerow(row)
        done = ribin("enrol", "--manifest", tmp_path / "m.csv", *jam)
        assert done.code == 3, name
        assert f"exhibit 'X': {name}: a printable text needed, found U+202E" in done.err


@pytest.mark.parametrize("option", ["--who", "--reason"])
def test_who_and_why_have_it_too(ribin, jam, option):
    said = ("--vault", jam[1], "--reason", "x", "--who", "me")
    assert ribin("retention", "--days", "30", *said, option, "a\u202eb").code == 2
    assert ribin("people", "add", "An\u200bna", "--role", "examiner", *jam).code == 2


# What is shown.

FORMULAS = ("=HYPERLINK(1)", "+1", "-1", "@SUM(1)")


def test_texts_are_no_formulas_in_any_table(tmp_path, ribin, jam):
    names = ("file", "event", "exhibit", "place", "calibre", "ammunition")
    for number, file in enumerate((A, B)):
        shutil.copyfile(file, tmp_path / f"{number}.x3p")
    rows = [(f"{n}.x3p", "=E1", f"@X{n}", FORMULAS[n], FORMULAS[n + 2], "+1") for n in range(2)]
    with (tmp_path / "m.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([names, *[(*row[:3], "=p", *row[4:]) for row in rows]])
    done = ribin("batch", "enrol", tmp_path / "m.csv", *jam)
    assert done.code == 0, done
    (tmp_path / "q.csv").write_text("query\nexhibit:@X0\n", encoding="utf-8")
    assert ribin("batch", "search", tmp_path / "q.csv", *jam).code == 0
    assert ribin("export", tmp_path / "out", *jam, "--reason", "=x").code == 0
    shutil.copyfile(A, tmp_path / "=c.x3p")
    (tmp_path / "labels.csv").write_text("file,firearm\n0.x3p,=F\n=c.x3p,=F\n", encoding="utf-8")
    assert ribin("evaluate", tmp_path, "--pairs", tmp_path / "p.csv").code == 0
    tables = [tmp_path / "m.results.csv", tmp_path / "q.results.csv", tmp_path / "p.csv"]
    tables += sorted((tmp_path / "out").rglob("*.csv"))
    seen = 0
    for path in tables:
        if "scans" in path.parts:
            continue  # matrices of numbers
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.reader(stream):
                for cell in row:
                    plain = cell.lstrip("+-").replace(".", "", 1).isdigit() or "e-" in cell
                    assert not cell.startswith(tuple("=+-@\t\r")) or plain, (path, cell)
                    seen += cell.startswith(("'=", "'@"))
    assert seen > 5


def test_a_note_cannot_steer_a_terminal(tmp_path, ribin, jam, capsys):
    """Not even where it is in the vault, as one of another member may be."""
    from ribin.commands.terminal import say, say_why

    say("one\x1b[2Jtwo\u202ethree\x9bfour\nfive")
    say_why("six\nseven\x1b[1A", "eight\nnine")
    shown = capsys.readouterr()
    assert shown.out == "one\\x1b[2Jtwo\\u202ethree\\u009bfour\nfive\n"
    assert len(shown.err.splitlines()) == 2
    assert "\x1b[1A" not in shown.err


def test_no_command_prints_past_the_terminal():
    folder = Path(__file__).parents[2] / "ribin" / "commands"
    past = [path.name for path in folder.glob("*.py") if "click.echo" in path.read_text("utf-8")]
    assert sorted(past) == ["app.py", "terminal.py"]  # app.py: the script of the shell
