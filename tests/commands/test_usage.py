"""Exit code 2 for what other arguments would mend, 3 for what they would not; one line for each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ribin.commands.terminal import run
from ribin.errors import ParameterError

SAMPLE = "JAM-2026-0007-1.x3p"


def failing(error: Exception, cause: Exception | None = None) -> click.Group:
    @click.group()
    def group():
        """A program that fails."""

    @group.command()
    def go():
        raise error from cause

    return group


@pytest.mark.parametrize(
    ("error", "cause", "code", "line"),
    [
        (ParameterError("p.toml: seeds"), None, 2, "ribin: p.toml: seeds\n"),
        (ParameterError("p.toml: none"), FileNotFoundError(2, "gone"), 2, "ribin: p.toml: none\n"),
        (ParameterError("a.png: full"), OSError(28, "No space left"), 3, "ribin: a.png: full\n"),
        (OSError(30, "Read-only file system", "/demo"), None, 3, None),
    ],
)
def test_a_disk_that_refuses_is_not_wrong_usage(capsys, error, cause, code, line):
    assert run(failing(error, cause), ["go"]) == code
    assert capsys.readouterr().err == (line or "ribin: /demo: Read-only file system\n")


@pytest.mark.parametrize("pitch", ["nan", "inf", "0", "-1"])
def test_a_pitch_is_a_finite_number_above_0(ribin, pitch):
    done = ribin("info", "a.png", "--pixel-pitch-um", pitch)
    assert (done.code, done.out) == (2, "")
    assert "Invalid value for '--pixel-pitch-um'" in done.err


@pytest.mark.parametrize("option", ["--azimuth", "--noise", "--gain"])
def test_synthetic_light_has_finite_numbers(ribin, sample_dir, tmp_path, option):
    asked = ("--light", "side", option, "nan", "-o", tmp_path / "a.png")
    done = ribin("synth", "render", sample_dir / SAMPLE, *asked)
    assert done.code == 2
    assert "a finite number needed, found nan" in done.err


def test_wrong_options_of_other_commands(ribin, sample_dir, tmp_path):
    done = ribin("init", tmp_path / "v", "--member", "jam", "--who", "me")
    assert done.code == 2
    assert "three capital letters" in done.err
    assert not (tmp_path / "v").exists()
    pair = (sample_dir / SAMPLE, sample_dir / SAMPLE)
    done = ribin("compare", *pair, "--overlay", tmp_path / "x.jpg")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"ribin: {tmp_path}/x.jpg: a name that ends in .png needed\n"
    done = ribin("compare", *pair, "--params", tmp_path / "none.toml")
    assert done.code == 2
    assert "none.toml: a TOML file of parameters needed, " in done.err


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_names_that_the_encoding_of_stdout_lacks(sample_dir, tmp_path, encoding):
    name = "薬莢-\U0001f52b.x3p"
    shutil.copyfile(sample_dir / SAMPLE, tmp_path / name)
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [str(Path(sys.executable).with_name("ribin")), "info", name]
    plain, as_json = (
        subprocess.run([*command, *more], cwd=tmp_path, env=env, capture_output=True)
        for more in ([], ["--json"])
    )
    assert (plain.returncode, plain.stderr, as_json.stderr) == (0, b"", b"")
    shown = name if encoding == "utf-8" else r"\u85ac\u83a2-\ud83d\udd2b.x3p"
    assert shown in plain.stdout.decode(encoding)
    assert json.loads(as_json.stdout.decode(encoding))["file"] == name


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("v: the folder of a vault needed, found none", "`ribin init FOLDER --member CODE` makes"),
        ("scope network: reason needed beyond the country, found none", "--reason says it"),
        ("c.sqlite: locked by another program; waited 30 s", "try again when that one is done"),
        ("x: described with parameters 1a, 2b needed", "`ribin store describe` describes"),
        ("a.x3p: a firing pin needed, found none", "`ribin extract FILE --overlay found.png`"),
        ("a.x3p: an ejector needed, found breech face", "`ribin extract FILE --overlay found.png`"),
        ("root: examiner needed, found no role", "--who NAME says who acts; `ribin people appoint"),
        ("v: exhibit X-1 needed, found none of this id", "`ribin share` lists the exhibits"),
        ("v: lead L9 needed, found none of this number", "`ribin lead list` lists the leads"),
        ("lead L1: this pair is there already (x)", "`ribin lead show NUMBER` shows it"),
        (
            "a.json: annotations of the comparison 12... needed, found those of 34...",
            "name the two",
        ),
        ("no/a.html: a page in a folder that is there needed", "make the folder first"),
    ],
)
def test_a_refusal_says_what_to_do_next(capsys, line, step):
    assert run(failing(ParameterError(line)), ["go"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"ribin: {line}; {step}")


def test_a_refusal_that_no_command_mends_is_left_as_it_is(capsys):
    run(failing(ParameterError("p.toml: seeds")), ["go"])
    assert capsys.readouterr().err == "ribin: p.toml: seeds\n"
