"""What README.md shows is run: the commands work, and what is stable in their output is so.

A fenced block that begins with ```console is a session: a line after `$ ` is run in an empty
folder, and the lines under it are what the command prints. `...` stands for anything, on a line or
as a line. On a line with a decimal point figures are near those shown, because processors round
differently; elsewhere they are the same.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from refresh_readme import refreshed

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
REFRESH = "tests/refresh_readme.py"  # shows what is printed now
NEAR = 0.1  # of a figure such as a score
NUMBER = r"-?\d+(?:\.\d+)?"


def sessions(text: str) -> list[list[tuple[str, list[str]]]]:
    """The console blocks of a page: each a list of (command, lines it prints)."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        steps: list[tuple[str, list[str]]] = []
        for line in block.replace("\\\n", "").splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
        found.append(steps)
    return found


def alike(shown: str, printed: str) -> bool:
    """Whether a printed line is the one shown; `...` stands for anything."""
    if not re.search(r"\d\.\d", shown):
        return bool(re.fullmatch(_pattern(shown.rstrip()), printed.rstrip()))
    figures = re.compile(rf"(?<=\s){NUMBER}(?=\s|$)")
    match = re.fullmatch(_pattern(figures.sub("\0", shown.rstrip())), printed.rstrip())
    wanted = [float(n) for n in figures.findall(shown.rstrip())]
    return bool(match) and all(
        abs(float(p) - w) <= NEAR * max(1, abs(w))
        for p, w in zip(match.groups(), wanted, strict=True)
    )


def _pattern(shown: str) -> str:
    """A pattern in which runs of spaces are alike, `...` is anything and a NUL is a figure."""
    pattern = re.escape(shown).replace(r"\.\.\.", ".*").replace("\0", f"({NUMBER})")
    return re.sub(r"(\\ )+", " +", pattern)


def difference(shown: list[str], printed: list[str]) -> str:
    """The first line that differs; empty where all are alike."""
    rest = list(printed)
    skipping = False
    for line in shown:
        if line == "...":
            skipping = True
            continue
        while skipping and rest and not alike(line, rest[0]):
            rest.pop(0)
        if not rest or not alike(line, rest[0]):
            return f"shown:   {line}\nprinted: {rest[0] if rest else '(nothing more)'}"
        rest.pop(0)
        skipping = False
    return "" if skipping or not rest else f"printed and not shown: {rest[0]}"


def run_shown(command: str, folder: Path) -> list[str]:
    """The lines that a command of the page prints in a folder."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "LOGNAME": "examiner",
    }
    # `;` and the like are not for a reader to type: each line is one program
    done = subprocess.run(
        shlex.split(command), cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode in (0, 1), f"$ {command}\n{done.stderr}"
    return (done.stdout + done.stderr).splitlines()


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
