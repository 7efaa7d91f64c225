"""What README.md shows is run: the commands work, and what is stable in their output is so.

A fenced block that begins with ```console is a session: a line after `$ ` is run in an empty
folder, and the lines under it are what the command prints. `...` stands for anything, on a line or
as a line. On a line with a decimal point figures are near those shown, because processors round
differently; elsewhere they are the same.
"""

from __future__ import annotations

import re
import shutil

import pytest
from refresh_readme import refreshed
from sessions import README, ROOT, difference, run_shown, sessions

REFRESH = "tests/refresh_readme.py"  # shows what is printed now


def test_sessions_of_the_readme(tmp_path):
    """All blocks run in one folder, one after the other, as a reader would."""
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    for steps in sessions(README.read_text(encoding="utf-8")):
        for command, shown in steps:
            wrong = difference(shown, run_shown(command, tmp_path))
            assert not wrong, f"$ {command}\n{wrong}\nall right? .venv/bin/python {REFRESH}"


def test_commands_of_the_contract_are_shown():
    text = README.read_text(encoding="utf-8")
    shown = {
        " ".join(c.split()[:2])
        for steps in sessions(text)
        for c, _ in steps
        if c.startswith("ribin")
    }
    assert shown >= {
        *("ribin init", "ribin enrol", "ribin compare", "ribin search", "ribin evaluate"),
        *("ribin info", "ribin network", "ribin store", "ribin demo"),
    }


def test_make_targets_of_the_readme_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"`?make ([a-z]+)", README.read_text(encoding="utf-8")))
    assert {"demo", "test"} <= named <= targets


def test_every_folder_and_file_of_the_layout_exists():
    text = README.read_text(encoding="utf-8")
    picture = text.split("## Layout", 1)[1].split("```", 2)[1]
    rooms = re.findall(r"^ {2}([a-z_]+)/ ", picture, re.M)
    assert {p.name for p in (ROOT / "ribin").iterdir() if (p / "__init__.py").is_file()} == set(
        rooms
    )
    for file in re.findall(r"\b([a-z_0-9]+\.py)\b", picture):
        assert list((ROOT).glob(f"ribin/**/{file}")) or (ROOT / file).is_file(), file


@pytest.mark.parametrize(
    ("shown", "printed", "fresh"),
    [
        ("a 1\nb", "a 2\nb\nc", "a 2\nb\nc"),
        ("a 1\n...", "a 2\nb\nc", "a 2\n..."),
        ("...\nz 1", "a\nb\nz 2", "...\nz 2"),
        ("a\n...\nb 3 c\n\nd 1", "a\nb 1 c\nb 2 c\n\nd 7", "a\n...\nb 2 c\n\nd 7"),
        ("a\n...\nm 1\n...\nz", "a\nb\nm 2\nc\nz", "a\n...\nm 2\n...\nz"),
        ("set ..., v 1.0\nby ...", "set 3f, v 1.1\nby me", "set ..., v 1.1\nby ..."),
    ],
)
def test_refreshing_keeps_what_is_left_out(shown, printed, fresh):
    assert refreshed(shown.splitlines(), printed.splitlines()) == fresh.splitlines()


def test_refreshing_refuses_a_line_that_is_printed_no_more():
    with pytest.raises(ValueError, match="not printed any more, edit by hand: 'm 1'"):
        refreshed(["a", "...", "m 1", "..."], ["a", "b", "c"])


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["score  0.456"], ["score  0.457"], True),
        (["score  90.456"], ["score  70.456"], False),
        (["1  JAM  97.9  70  80"], ["1 JAM 97.1   71  80"], True),
        (["1  JAM  97.9  70  80"], ["1  JAM  97.9  7  80"], False),
        (["1  JAM  97.9  70  80"], ["1  BLZ  97.9  70  80"], False),
        (["a", "...", "d"], ["a", "b", "c", "d"], True),
        (["a", "...", "d"], ["a", "b", "c"], False),
        (["a", "..."], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (["a ... z"], ["a 12 z"], True),
        (["a", "b"], ["a"], False),
        (["3 scans"], ["4 scans"], False),
    ],
)
def test_the_checker_of_sessions(shown, printed, same):
    assert (difference(shown, printed) == "") is same
