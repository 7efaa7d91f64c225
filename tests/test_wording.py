"""The program sorts and shows: no page, report, help or printed line speaks a conclusion."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest
from command_list import commands
from wording import forbidden_words

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in (ROOT / "ribin").rglob("*")
    if path.suffix in (".html", ".js", ".jinja", ".j2") and "vendor" not in path.parts
)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def visible(path: Path) -> str:
    """The text of a page or a script that a person may read: not its methods and fields."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"\.(match|matches|matchAll)\b|\bmatchMedia\(", "(", text)


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda v: str(v))
def test_help_speaks_no_conclusion(name, command):
    assert forbidden_words(command.get_help(click.Context(command, info_name=name))) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_speak_no_conclusion(path):
    assert forbidden_words(visible(path)) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_speak_no_conclusion(path):
    assert forbidden_words(path.read_text(encoding="utf-8")) == []


# A person's words for a verdict: AFTE's range of conclusions; and msgspec's for a pattern.
PERSONS_WORDS = ("cases/leads.py", "foreign.py")


def texts_of(path: Path) -> list[str]:
    """Every text in a file of the program that is no docstring: messages, labels, headings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    described = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, described) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


def test_no_text_of_the_program_speaks_a_conclusion():
    said = {}
    for path in sorted((ROOT / "ribin").rglob("*.py")):
        name = path.relative_to(ROOT / "ribin").as_posix()
        words = [word for text in texts_of(path) for word in forbidden_words(text)]
        if words and name not in PERSONS_WORDS:
            said[name] = words
    assert said == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a match was found", ["match"]),
        ("3 HITS", ["HITS"]),
        ("Match score {x}", ["Match"]),
        ("conclusive, inconclusive", ["conclusive"]),
        ("identified as", ["identified"]),
        ("an identifier", []),
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
