"""The guide: its links lead somewhere, its commands exist, and its sessions go as they show."""

from __future__ import annotations

import importlib.util
import re
import shlex

import click
import pytest
from command_list import commands
from sessions import GUIDE, README, ROOT, difference, run_page, sessions

from ribin.commands.app import app

DESIGN = ROOT / "docs" / "design.md"
SHOWN = [page for page in GUIDE if sessions(page.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_links_lead_somewhere(build):
    assert build.broken_links() == []


def test_the_index_lists_every_page(build):
    assert sorted(build.pages()) == sorted(page.stem for page in GUIDE)


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


@pytest.mark.parametrize("page", [README, *GUIDE], ids=lambda page: page.stem)
def test_commands_of_the_guide_exist(page):
    for words in shown_commands(page.read_text(encoding="utf-8")):
        command, rest = app, list(words)
        while isinstance(command, click.Group):
            command = command.get_command(click.Context(command), rest.pop(0))
            assert command, f"ribin {' '.join(words)}"
        known = {name for option in command.params for name in option.opts}
        used = {word for word in rest if re.match(r"--?[a-z]", word)}
        assert used <= known, f"ribin {' '.join(words)}: {used - known}"


@pytest.mark.slow
@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.stem)
def test_a_page_shows_what_is_printed(page, tmp_path):
    """As for the README: one folder, one command after the other."""
    for step in run_page(page.read_text(encoding="utf-8"), tmp_path, in_process=True):
        wrong = difference(step.shown, step.printed)
        refresh = f".venv/bin/python tests/refresh_readme.py docs/{page.name}"
        assert not wrong, f"$ {step.command}\n{wrong}\nall right? {refresh}"
    for report in tmp_path.glob("*.pdf"):
        assert report.read_bytes().startswith(b"%PDF-")


def test_the_tour_shows_every_command():
    text = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    lone = {name.split()[1] for name, _ in commands()}
    assert {name for name in lone if f"ribin {name}" not in text} <= {"whoami"}


def test_the_design_names_every_folder_and_files_that_exist():
    text = DESIGN.read_text(encoding="utf-8")
    folders = set(re.findall(r"^  ([a-z]+)/ ", text.split("```", 2)[1], re.M))
    package = ROOT / "ribin"
    assert folders == {p.name for p in package.iterdir() if (p / "__init__.py").is_file()}
    for name in re.findall(r"`([a-z_]+/[a-z_0-9/]*(?:\.[a-z]+)?)`", text):
        assert any((base / name).exists() for base in (package, ROOT)), name
