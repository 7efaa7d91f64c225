"""The guide: its links lead somewhere, its commands exist, and the tour goes as it says."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
from pathlib import Path

import click
import pytest
from command_list import commands, members
from sessions import difference, run_shown, sessions

from ribin.commands.app import app

ROOT = Path(__file__).parents[2]
GUIDE = sorted((ROOT / "docs").glob("*.md"))
OPAQUE = re.compile(r"\bx-[0-9a-f]{16}\b")  # how one member calls another's exhibit; by chance


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_links_lead_somewhere(build):
    assert build.broken_links() == []


def test_every_page_is_built_and_every_page_is_listed(build):
    assert {page.stem for page in GUIDE} == set(build.PAGES)


def test_the_reference_holds_every_command_with_its_options(build):
    text = build.command_reference()
    for name, command in commands():
        assert f"## {name}\n" in text
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.opts[0] in text


def shown_commands(text: str) -> list[list[str]]:
    """The words of every `ribin ...` line in the blocks of a page."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.M | re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    plain = [line.removeprefix("$ ") for line in lines]
    return [shlex.split(line)[1:] for line in plain if line.startswith("ribin ")]


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)
def test_commands_of_the_guide_exist(page):
    for words in shown_commands(page.read_text(encoding="utf-8")):
        command, rest = app, list(words)
        while isinstance(command, click.Group):
            assert rest[0] in members(command), f"ribin {' '.join(words)}"
            command = members(command)[rest.pop(0)]
        known = {name for option in command.params for name in option.opts}
        used = {word for word in rest if re.match(r"--?[a-z]", word)}
        assert used <= known, f"ribin {' '.join(words)}: {used - known}"


def written_files(text: str) -> dict[str, str]:
    """Blocks that a reader is told to save: ```csv NAME."""
    return dict(re.findall(r"^```csv (\S+)\n(.*?)^```", text, re.M | re.S))


def opaque_names(lines: list[str]) -> list[str]:
    return OPAQUE.findall("\n".join(lines))


def renamed(text: str, names: dict[str, str]) -> str:
    """The text with each opaque name replaced by the one that stands for it."""
    return OPAQUE.sub(lambda found: names.get(found.group(), found.group()), text)


@pytest.mark.slow
def test_the_tour_goes_as_the_guide_shows_it(tmp_path):
    """As `test_readme`, one folder, one command after the other; `> FILE` keeps what is printed.

    Opaque names are drawn by chance: those of the page stand for those that are printed.
    """
    text = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    for name, content in written_files(text).items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    real: dict[str, str] = {}  # name on the page -> name that was drawn
    for command, shown in (step for steps in sessions(text) for step in steps):
        typed, _, kept = renamed(command, real).partition(" > ")
        printed = run_shown(typed, tmp_path)
        if kept:
            (tmp_path / kept).write_text("\n".join(printed), encoding="utf-8")
            printed = []
        pairs = zip(opaque_names(shown), opaque_names(printed), strict=False)
        real |= {page: drawn for page, drawn in pairs if page not in real}
        paged = {drawn: page for page, drawn in real.items()}
        wrong = difference(shown, [renamed(line, paged) for line in printed])
        assert not wrong, f"$ {command}\n{wrong}"
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
