"""The letters of a PDF: those that every reader has, of an embedded font, or codes.

Helvetica as every reader has it knows the letters of Windows-1252. Words with others (Greek,
Cyrillic, Latin with rarer marks) are set in DejaVu Sans, which matplotlib carries, free to embed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from re import split
from xml.sax.saxutils import escape

from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

FONT, BOLD = "Helvetica", "Helvetica-Bold"
_CODES = (
    "Letters that the fonts of this file lack ({} of them) stand as their codes, a backslash with "
    "u and the number in Unicode. The report as HTML shows the letters."
)
_WIDE = {FONT: "DejaVuSans", BOLD: "DejaVuSans-Bold"}


def marked_up(text: str, font: str) -> str:
    """A text as reportlab's markup: escaped, and each word in a font that has its letters."""
    return "".join(
        escape(run) if name == font else f'<font name="{name}">{escape(run)}</font>'
        for run, name in runs(text, font)
    )


def width_of(text: str, font: str, size: float) -> float:
    """How wide a text is in points."""
    return float(sum(stringWidth(run, name, size) for run, name in runs(text, font)))


def lacking(texts: Iterable[str]) -> set[str]:
    """The letters that no font at hand has, which are written as codes."""
    return {c for text in texts for c in text if not _usual(c) and not _wide(c)}


def codes_note(texts: Iterable[str]) -> str:
    """What the head of a file says where letters stand as codes; empty where none do."""
    number = len(lacking(texts))
    return _CODES.format(number) if number else ""


def runs(text: str, font: str) -> Iterator[tuple[str, str]]:
    """Parts of a text that are set in one font, and its name; what none has is a code."""
    for part in split(r"(\s+)", text):
        wide = any(not _usual(c) and _wide(c) for c in part)
        has = _wide if wide else _usual
        said = "".join(c if has(c) else f"\\u{ord(c):04x}" for c in part)
        if said:
            yield said, _WIDE[font] if wide else font


def _usual(letter: str) -> bool:
    try:
        return letter.isprintable() and bool(letter.encode("cp1252"))
    except UnicodeEncodeError:
        return False


def _wide(letter: str) -> bool:
    """Whether the embedded font can set a letter: scripts that are written in other orders or
    shapes than letter by letter are left to their codes."""
    if unicodedata.bidirectional(letter) in ("R", "AL") or unicodedata.combining(letter):
        return False
    return letter.isprintable() and ord(letter) in _glyphs()


@cache
def _glyphs() -> frozenset[int]:
    """The letters of the embedded font; none where matplotlib is not installed."""
    spec = find_spec("matplotlib")
    folder = Path(spec.origin or "").parent / "mpl-data" / "fonts" / "ttf" if spec else None
    if folder is None or not all((folder / f"{name}.ttf").is_file() for name in _WIDE.values()):
        return frozenset()
    known: list[set[int]] = []
    for name in _WIDE.values():
        font = TTFont(name, str(folder / f"{name}.ttf"))
        registerFont(font)
        known.append(set(font.face.charToGlyph))
    return frozenset(set.intersection(*known))
