"""README.md and the refreshing of pages; what the README shows is run by the default tests."""

from __future__ import annotations

import re

import pytest
from refresh_readme import refreshed
from sessions import README, ROOT, difference, run_page

REFRESH = ".venv/bin/python tests/refresh_readme.py"  # shows what is printed now


def test_the_readme_shows_what_is_printed(tmp_path):
    """All blocks run in one folder, one after the other, as a reader would."""
    for step in run_page(README.read_text(encoding="utf-8"), tmp_path):
        wrong = difference(step.shown, step.printed)
        assert not wrong, f"$ {step.command}\n{wrong}\nall right? {REFRESH}"


def test_make_targets_of_the_readme_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"`?make ([a-z]+)", README.read_text(encoding="utf-8")))
    assert {"demo", "test"} <= named <= targets


def test_the_readme_is_short_and_its_picture_is_small():
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 130
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures
    for picture in pictures:
        size = (ROOT / picture).stat().st_size
        assert 80_000 < size < 200_000  # less where the surfaces are missing (docs/picture.py)


@pytest.mark.parametrize(
    ("shown", "printed", "fresh"),
    [
        ("a 1\nb", "a 2\nb\nc", "a 2\nb\nc"),
        ("a 1\n...", "a 2\nb\nc", "a 2\n..."),
        ("...\nz 1", "a\nb\nz 2", "...\nz 2"),
        ("a\n...\nb 3 c\n\nd 1", "a\nb 1 c\nb 2 c\n\nd 7", "a\n...\nb 2 c\n\nd 7"),
        ("a\n...\n\nr 1\nr 2", "a\nb\n\nr 1\nr 2\nr 3", "a\n...\n\nr 1\nr 2\nr 3"),
        ("a\n...\n\nr 1\nr 2", "a\nb\n\nr 3", "a\n...\n\nr 3"),
        ("a\n...\n\nm 1\n...\nz", "a\nm 3\n\nm 2\nc\nz", "a\n...\n\nm 2\n...\nz"),
        ("a\n...\nm 1\n...\nz", "a\nb\nm 2\nc\nz", "a\n...\nm 2\n...\nz"),
        (
            "x-...     b  1.0\n...   due",
            "x-3f7a2b  b  1.1\nL1   due",
            "x-...     b  1.1\n...   due",
        ),
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
