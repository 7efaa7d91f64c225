"""The one rule for text: cleaned, refused, told apart, shown."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ribin.errors import ParameterError
from ribin.text import (
    checked_text,
    clean_text,
    escaped,
    escaped_lines,
    look_alike_key,
    text_problem,
)

BLANKS = ["\u00a0", "\u2009", "\u3000", "\u202f", "\t", "\n", "\r\n", "\u2028", "\x0b", "  "]
UNSEEN = ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\u200b", "\u200e", "\u202e", "\u2066", "\ufeff"]
UNSEEN += ["\u00ad", "\u034f", "\u2060", "\u3164", "\ufe0f", "\U000e0041", "\ue000", "\ud800"]


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_of_any_kind_become_single_plain_ones(blank):
    assert clean_text(f"{blank}9{blank}mm{blank}{blank}Luger{blank}") == "9 mm Luger"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_become_nfc(form):
    assert clean_text(unicodedata.normalize(form, "José Núñez")) == "José Núñez"


@pytest.mark.parametrize("letter", UNSEEN)
def test_what_cannot_be_seen_is_refused_by_its_code(letter):
    with pytest.raises(ParameterError, match=rf"^place: a printable text .*U\+{ord(letter):04X} "):
        checked_text(f"King{letter}ston", "place")


def test_a_text_beyond_its_length_is_refused():
    assert text_problem("a" * 100, 100) == ""
    assert text_problem("a" * 101, 100) == "at most 100 characters needed, found 101"


@given(st.text())
def test_a_cleaned_text_stays_as_it_is_and_lacks_nothing_but_what_cannot_be_seen(text):
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    problem = text_problem(cleaned)
    assert not problem or problem.startswith("a printable text needed")


@given(st.text())
def test_a_shown_text_steers_no_terminal_and_makes_no_line(text):
    shown = escaped(text)
    assert len(shown.splitlines()) <= 1
    assert all(c.isprintable() or unicodedata.category(c) == "Zs" for c in shown)
    lines = escaped_lines(f"\x1b[33m{text}\x1b[0m")
    assert "\x1b" not in lines.replace("\x1b[33m", "").replace("\x1b[0m", "") or "\x1b[" in text


@given(st.dictionaries(st.text(), st.text()))
def test_json_that_is_shown_means_the_same(value):
    text = json.dumps(value, ensure_ascii=False, indent=1)
    try:
        text.encode()
    except UnicodeEncodeError:
        return  # a lone surrogate has no text
    assert json.loads(escaped_lines(text)) == value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("JAM-2026-7-1", "jam 2026 7 1"),
        ("X-O1", "x\u2013Ol"),
        ("A_1", "A1"),
        ("I0", "1o"),
        ("\uff21-1", "a1"),
        ("X\u22121", "X1"),
    ],
)
def test_names_that_look_alike(one, other):
    assert look_alike_key(one) == look_alike_key(other)


@pytest.mark.parametrize(("one", "other"), [("A-1", "A-2"), ("A-1", "A.1"), ("José", "Jose")])
def test_names_that_do_not(one, other):
    assert look_alike_key(one) != look_alike_key(other)
