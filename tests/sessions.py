"""Console blocks of the README and the guide: what they show, and what their commands print.

A fenced block that begins with ```console is a session: a line after `$ ` is run, and the lines
under it are what the command prints. `> FILE` keeps what is printed in a file. `...` stands for
anything, on a line or as a line. On a line with a decimal point figures are near those shown,
because processors round differently; elsewhere they are the same. A block that begins with
```csv NAME (or toml, or text) is a file that the reader saves under that name.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GUIDE = sorted((ROOT / "docs").glob("*.md"))
NEAR = 0.1  # of a figure such as a score
NUMBER = r"-?\d+(?:\.\d+)?"
PSEUDONYM = re.compile(r"\bx-[0-9a-f]{16}\b")  # how one member names another's exhibit; by chance


@dataclass(frozen=True)
class Step:
    """A command of a page, the lines that the page shows under it, and those that it prints."""

    command: str
    shown: list[str]
    printed: list[str]


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


def run_page(text: str, folder: Path, in_process: bool = False) -> Iterator[Step]:
    """Run a page in a folder, as a reader does: one command after the other.

    Pseudonyms are drawn by chance: those of the page stand for those that are printed.
    """
    shutil.copytree(ROOT / "sample_data", folder / "sample_data")
    for name, content in re.findall(r"^```(?:csv|toml|text) (\S+)\n(.*?)^```", text, re.M | re.S):
        (folder / name).write_text(content, encoding="utf-8")
    drawn: dict[str, str] = {}  # pseudonym on the page -> the one that was drawn
    for command, shown in (step for steps in sessions(text) for step in steps):
        typed, _, file = _renamed(command, drawn).partition(" > ")
        code, printed = run_shown(typed, folder, in_process)
        refused = any(line.startswith("ribin: ") or " failed" in line for line in shown)
        assert code in (0, 1) or refused, f"$ {command}\n" + "\n".join(printed)
        if file:
            (folder / file).write_text("\n".join(printed), encoding="utf-8")
            printed = []
        pairs = zip(_pseudonyms(shown), _pseudonyms(printed), strict=False)
        drawn |= {page: name for page, name in pairs if page not in drawn}
        on_page = {name: page for page, name in drawn.items()}
        yield Step(command, shown, [_renamed(line, on_page) for line in printed])


def _pseudonyms(lines: list[str]) -> list[str]:
    return PSEUDONYM.findall("\n".join(lines))


def _renamed(text: str, names: dict[str, str]) -> str:
    """The text with each pseudonym replaced by the one that stands for it."""
    return PSEUDONYM.sub(lambda found: names.get(found.group(), found.group()), text)


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


def run_shown(command: str, folder: Path, in_process: bool = False) -> tuple[int, list[str]]:
    """The exit code of a command of the page in a folder, and the lines that it prints.

    `ribin` may run in this process, which loads its libraries once.
    """
    words = shlex.split(command)  # `;` and the like are not for a reader to type
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RIBIN_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "LOGNAME": "examiner",
        "RIBIN_SETTINGS": os.devnull,  # no file of the person who runs the tests
    }
    if in_process and words[0] == "ribin":
        return _run_in_process(words[1:], folder, environment)
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def _run_in_process(
    words: list[str], folder: Path, environment: dict[str, str]
) -> tuple[int, list[str]]:
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    out, err = io.StringIO(), io.StringIO()
    with (
        chdir(folder),
        patch.dict(os.environ, environment, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = run(app, words)
    return code, (out.getvalue() + err.getvalue()).splitlines()
