"""Console blocks of a page: what they show, and whether it is what is printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


README = ROOT / "README.md"


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
