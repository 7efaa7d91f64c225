"""The program sorts and shows: no page, report, help or printed line speaks a conclusion."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from test_commands_frame import commands
from wording import forbidden_words

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in (ROOT / "ribin").rglob("*")
    if path.suffix in (".html", ".js", ".jinja", ".j2") and "vendor" not in path.parts
)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def visible(path: Path) -> str:
    """The text of a page or a script that a person may read: not its method calls."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"\.(match|matches|matchAll)\(|\bmatchMedia\(", "(", text)


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda v: str(v))
def test_help_speaks_no_conclusion(name, command):
    assert forbidden_words(command.get_help(click.Context(command, info_name=name))) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_speak_no_conclusion(path):
    assert forbidden_words(visible(path)) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_speak_no_conclusion(path):
    assert forbidden_words(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a match was found", ["match"]),
        ("3 HITS", ["HITS"]),
        ("identified as", ["identified"]),
        ("the firearm is eliminated", ["eliminated"]),
        ("an identification", ["identification"]),
        ("AFTE: identification, elimination", []),
        ("AFTE: a match", ["match"]),
        ("known\n matches 18, known non-match", []),
        ("dispatch, white, matchbox", []),
    ],
)
def test_the_checker_of_words(text, words):
    assert forbidden_words(text) == words
