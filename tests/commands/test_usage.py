"""Exit code 2 for what other arguments would mend, 3 for others; a line for each, and a hint."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from lead_makers import EXAMINER, make_member

from ribin.cases.exhibits import Request, Scope
from ribin.commands.terminal import run
from ribin.errors import AccessError, ParameterError, RibinError, StoreError
from ribin.search.rules import check_request

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


@pytest.fixture(scope="module")
def member(tmp_path_factory):
    """The folder of a small vault with people."""
    folder = tmp_path_factory.mktemp("vaults")
    make_member(folder, "JAM", 1).close()
    return folder / "JAM"


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("share", "--vault", "none"), "`ribin init FOLDER --member CODE` makes one"),
        (("share",), "`ribin init FOLDER --member CODE` makes one"),
        (("lead", "show", "L9"), "`ribin lead list` lists the leads"),
        (
            ("share", "X-9", "--sharing", "country", "--reason", "r"),
            "`ribin exhibit list` lists the exhibits of a vault",
        ),
        (
            ("people", "appoint", "B", "--role", "auditor", "--who", "nobody"),
            "`ribin people appoint NAME --role ROLE` gives a role, --who NAME says who acts",
        ),
        (("search", "JAM-1"), "`ribin store describe` describes them anew"),
        (("search", "X-9"), "`ribin exhibit list` lists the exhibits of a vault"),
        (("view", "a", "b", "-o", "none/a.html"), "make the folder first, or name another"),
    ],
)
def test_a_refusal_says_what_to_do_next(ribin, member, args, hint):
    """The error carries the hint, also where it is told in the words of another."""
    own = () if "--vault" in args or args == ("share",) else ("--vault", member)
    who = () if "--who" in args else ("--who", EXAMINER)
    done = ribin(*args, *own, *who)
    assert done.code in (2, 3), done.out
    line, said = done.err.splitlines()
    assert line.startswith("ribin: ")
    assert said.startswith(f"hint: {hint}")


def test_a_scope_beyond_the_country_says_how_to_give_the_reason():
    with pytest.raises(AccessError, match="reason needed beyond the country") as refused:
        check_request(Request("JAM", Scope.NETWORK, who="A"), Scope.NETWORK)
    assert refused.value.hint.startswith("--reason, or the field Reason")


def test_a_hint_is_kept_where_an_error_is_told_in_other_words():
    inner = StoreError("exhibit X needed", hint="list them")
    with pytest.raises(RibinError) as refused:
        raise ParameterError("neither a file nor an exhibit") from inner
    assert refused.value.hint == "list them"
    copy = pickle.loads(pickle.dumps(inner))
    assert (str(copy), copy.hint) == ("exhibit X needed", "list them")


def test_a_refusal_that_no_command_mends_is_one_line(capsys):
    run(failing(ParameterError("p.toml: seeds")), ["go"])
    assert capsys.readouterr().err == "ribin: p.toml: seeds\n"
