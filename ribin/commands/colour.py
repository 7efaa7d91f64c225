"""Colours on a terminal: heads of tables stand out, and what must be seen is not overlooked.

A pipe or a file gets the plain text, and so does a terminal where NO_COLOR is set.
"""

from __future__ import annotations

import os
import re

import click

# A line of at least three columns of words, as no row of figures is.
_HEAD = re.compile(r" *[a-z][a-z%]*( [a-z%]+)*(  +[a-z][a-z%]*( [a-z%]+)*){2,}", re.I)
_LOOK = re.compile(r"(NOTE |not compared  |.* could not answer: ).*")
_NOTICE = re.compile(r"Candidates are suggestions to look\..*")


def say(text: str) -> None:
    """Print a text on stdout, in colours where that is a terminal."""
    click.echo("\n".join(map(_painted, text.split("\n"))), color=_wanted())


def _painted(line: str) -> str:
    if _NOTICE.fullmatch(line):
        return click.style(line, fg="cyan")
    if _LOOK.fullmatch(line):
        return click.style(line, fg="yellow")
    return click.style(line, bold=True) if _HEAD.fullmatch(line) else line


def say_why(text: str) -> None:
    """Print on stderr why a command ended, its name in red where that is a terminal."""
    click.echo(f"{click.style('ribin:', fg='red', bold=True)} {text}", err=True, color=_wanted())


def _wanted() -> bool | None:
    """Whether to print colours; None leaves it to click, which looks for a terminal."""
    return False if os.environ.get("NO_COLOR") else None
