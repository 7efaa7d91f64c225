"""A report as what it says: sections of paragraphs, facts, grids and pictures.

What a report says is built once, by `comparison_report.py` and `search_report.py`; how it looks is
the business of `document_html.py` and `document_pdf.py`, which say exactly the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ribin.report.relief import Picture


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences that stand beside each other."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names and values, one a line."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Grid:
    """A table. `numbers` are the columns that stand at their right edge.

    `bars` holds, where given, a share from 0 to 1 for each row: a bar behind the last column, by
    which a drop in a list is seen at once.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    bars: tuple[float, ...] = ()
    small: bool = False  # for long annexes


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture, (H, W, 3) uint8 red, green, blue, and what it shows."""

    picture: Picture
    caption: str


@dataclass(frozen=True)
class Blanks:
    """Lines to be filled in by hand: one for each label, in as many columns as there are people."""

    labels: tuple[str, ...]
    people: tuple[str, ...]


@dataclass(frozen=True)
class WritingSpace:
    """Empty lines for a person's own words under a heading."""

    heading: str
    lines: int


Block = Paragraph | Points | Facts | Grid | Figure | Blanks | WritingSpace


@dataclass(frozen=True)
class Section:
    """A numbered part of a report; an annex begins on a page of its own."""

    title: str
    blocks: tuple[Block, ...]
    annex: bool = False


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes
    ----------
    title, subject : str
        What kind of report, and of what.
    head : tuple of (str, str)
        Facts above the first section: case, person, time.
    footer : str
        One line that stands on each page.
    """

    title: str
    subject: str
    head: tuple[tuple[str, str], ...]
    footer: str
    sections: tuple[Section, ...] = field(default=())


def document_texts(document: Document) -> Iterator[str]:
    """Every text of a report, in order; for a test of its words, and for programs."""
    yield from (document.title, document.subject, document.footer)
    yield from (text for pair in document.head for text in pair)
    for section in document.sections:
        yield section.title
        for block in section.blocks:
            yield from block_texts(block)


def block_texts(block: Block) -> Iterator[str]:
    """Every text of one block."""
    match block:
        case Paragraph(text):
            yield text
        case Points(texts):
            yield from texts
        case Facts(pairs):
            yield from (text for pair in pairs for text in pair)
        case Grid():
            yield from block.header
            yield from (text for row in block.rows for text in row)
        case Figure():
            yield block.caption
        case Blanks(labels, people):
            yield from (*labels, *people)
        case WritingSpace():
            yield block.heading


def numbered(document: Document) -> Iterator[tuple[str, Section]]:
    """The sections with their numbers; annexes count in letters."""
    annexes = 0
    for number, section in enumerate(document.sections, start=1):
        if section.annex:
            yield f"Annex {chr(ord('A') + annexes)}", section
            annexes += 1
        else:
            yield str(number), section
