"""The pages of a PDF report, by reportlab: A4, numbered, in one family of letters.

All text is set in DejaVu Sans, which matplotlib carries and which is free to embed: it has Latin,
Greek and Cyrillic letters. Without matplotlib it is Helvetica, which every reader of PDF has, with
the letters of Windows-1252. A letter that the family lacks, or that is not written one by one from
left to right, stands as its code, and the head of the report says so.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab import platypus
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table

from ribin.report.document import (
    Blanks,
    Block,
    Document,
    Facts,
    Figure,
    Grid,
    Paragraph,
    Points,
    WritingSpace,
    document_texts,
    numbered,
)
from ribin.report.pictures import Picture, png_bytes

_MARGINS = {
    "leftMargin": 22 * mm,
    "rightMargin": 18 * mm,
    "topMargin": 18 * mm,
    "bottomMargin": 20 * mm,
}
_WIDTH = A4[0] - _MARGINS["leftMargin"] - _MARGINS["rightMargin"] - 12  # a frame is padded by 6
_NAME_WIDTH = 38 * mm  # of the left column of facts
_TALLEST = 175 * mm  # of a picture, so that its caption stands under it
_SHORT = 12  # rows of a grid that is kept on one page with the text before it
_FOOT_SIZE = 7

_INK, _SOFT = HexColor("#1b1f24"), HexColor("#57606a")
_LINE, _BAR, _DEEP = HexColor("#d0d7de"), HexColor("#cfe3f1"), HexColor("#0a4b75")
_RULE = ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE)


def laid_out(document: Document) -> bytes:
    """The whole file; the same bytes for the same report."""
    stream = io.BytesIO()
    template = platypus.SimpleDocTemplate(
        stream,
        pagesize=A4,
        **_MARGINS,
        title=f"{document.title}: {document.subject}",
        author="RIBIN",
        subject=document.title,
        invariant=1,
        lang="en",
    )
    story: list[Any] = list(_head(document))
    figures = count(1)
    for number, section in numbered(document):
        if section.annex:
            story.append(platypus.PageBreak())
        story.append(_Heading(_as_markup(f"{number}  {section.title}"), _HEADING))
        following = (*section.blocks[1:], None)
        for block, after in zip(section.blocks, following, strict=True):
            story += _block(block, figures, _is_short(after))
    template.build(story, canvasmaker=partial(_NumberedCanvas, document.footer))
    return stream.getvalue()


def _head(document: Document) -> Iterator[Any]:
    """Title, subject, what could not be shown, and the facts above the first section."""
    yield _text(document.title, _TITLE)
    yield _text(document.subject, _SUBJECT)
    if note := _codes_note(document_texts(document)):
        yield _text(note, _TEXT)
    yield _facts(document.head)
    yield platypus.HRFlowable(width="100%", thickness=2, color=_DEEP, spaceBefore=4, spaceAfter=4)


def _is_short(block: Block | None) -> bool:
    """Whether a block is small enough to be kept on one page with the text before it."""
    if isinstance(block, Grid):
        return len(block.rows) <= _SHORT
    return isinstance(block, (Figure, WritingSpace, Blanks))


def _block(block: Block, figures: count[int], before_short: bool) -> list[Any]:
    match block:
        case Paragraph(text):
            return [_text(text, _TEXT_BEFORE if before_short else _TEXT)]
        case Points(texts):
            items = [platypus.ListItem(_text(text, _TEXT), leftIndent=12) for text in texts]
            bullet = {"bulletType": "bullet", "start": "\u2022", "bulletColor": _DEEP}
            return [platypus.ListFlowable(items, leftIndent=12, **bullet)]
        case Facts(pairs):
            return [_facts(pairs)]
        case Grid():
            return [_grid(block)]
        case Figure(picture, caption):
            return _figure(picture, f"Picture {next(figures)}. {caption}")
        case Blanks(labels, people):
            return [_blanks(labels, people)]
        case WritingSpace(title, lines):
            return _writing_space(title, lines)


# The letters.


def _registered_family() -> tuple[str, str, frozenset[str]]:
    """The regular and the bold font of all text, and the letters that both can set."""
    names = ("DejaVuSans", "DejaVuSans-Bold")
    spec = find_spec("matplotlib")
    folder = Path(spec.origin or "").parent / "mpl-data" / "fonts" / "ttf" if spec else Path()
    files = [folder / f"{name}.ttf" for name in names]
    if not all(file.is_file() for file in files):
        windows = bytes(range(256)).decode("cp1252", "ignore")
        return "Helvetica", "Helvetica-Bold", frozenset(filter(str.isprintable, windows))
    fonts = [TTFont(name, str(file)) for name, file in zip(names, files, strict=True)]
    for font in fonts:
        registerFont(font)
    both = map(chr, set.intersection(*(set(font.face.charToGlyph) for font in fonts)))
    return (*names, frozenset(letter for letter in both if _stands_alone(letter)))


def _stands_alone(letter: str) -> bool:
    """Whether a letter is set as it is, from left to right, whatever stands beside it."""
    turned = unicodedata.bidirectional(letter) in ("R", "AL")
    return letter.isprintable() and not turned and not unicodedata.combining(letter)


_FONT, _BOLD, _LETTERS = _registered_family()


def _with_codes(text: str) -> str:
    """The text with each letter that the family lacks as its code."""
    return "".join(c if c in _LETTERS else f"\\u{ord(c):04x}" for c in text)


def _codes_note(texts: Iterable[str]) -> str:
    """What the head of a file says where letters stand as codes; empty where none do."""
    lacking = sorted({letter for text in texts for letter in text} - _LETTERS)
    if not lacking:
        return ""
    return (
        f"Letters that the font of this file lacks ({len(lacking)} of them) stand as their codes, "
        "a backslash with u and the number in Unicode. The report as HTML shows the letters."
    )


def _as_markup(text: str) -> str:
    """A text as reportlab's markup."""
    return escape(_with_codes(text))


def _text(text: str, style: ParagraphStyle) -> platypus.Paragraph:
    return platypus.Paragraph(_as_markup(text), style)


def _style(name: str, size: float, font: str = _FONT, **more: Any) -> ParagraphStyle:
    usual = {"textColor": _INK, "leading": size * 1.35, "splitLongWords": 1}
    return ParagraphStyle(name, fontName=font, fontSize=size, **{**usual, **more})


_TEXT = _style("text", 8.7, spaceBefore=3, spaceAfter=3)
_TEXT_BEFORE = ParagraphStyle("text before", parent=_TEXT, keepWithNext=1)
_CELL, _CELL_RIGHT = _style("cell", 8.2), _style("right", 8.2, alignment=2)
_TINY, _TINY_RIGHT = _style("tiny", 6.4), _style("tiny right", 6.4, alignment=2)
_NAME = _style("name", 8.2, textColor=_SOFT)
_CAPTION = _style("caption", 7.8, textColor=_SOFT, spaceBefore=3, spaceAfter=8)
_HEADING = _style(
    "heading", 11.5, _BOLD, textColor=_DEEP, spaceBefore=12, spaceAfter=4, keepWithNext=1
)
_TITLE = _style("title", 17.5, _BOLD, textColor=_DEEP)
_SUBJECT = _style("subject", 10, spaceBefore=2, spaceAfter=6)
_LABEL = _style("label", 9, _BOLD)


# The parts of a page.


class _NumberedCanvas(Canvas):
    """A canvas that writes `footer` and "page N of ALL" on each page once all are known."""

    def __init__(self, footer: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._footer = _with_codes(footer)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._foot(f"page {number} of {len(self._pages)}")
            super().showPage()
        super().save()

    def _foot(self, page: str) -> None:
        left, right = _MARGINS["leftMargin"] + 6, A4[0] - _MARGINS["rightMargin"] - 6
        self.setStrokeColor(_LINE)
        self.setLineWidth(0.5)
        self.line(left, 15 * mm, right, 15 * mm)
        self.setFillColor(_SOFT)
        self.setFont(_FONT, _FOOT_SIZE)
        self.drawRightString(right, 11 * mm, page)
        room = right - left - stringWidth(page, _FONT, _FOOT_SIZE) - 12
        footer = self._footer
        while stringWidth(footer, _FONT, _FOOT_SIZE) > room:
            footer = footer[:-4] + "..."
        self.drawString(left, 11 * mm, footer)


class _Heading(platypus.Paragraph):
    """The heading of a section; also an entry of the outline that a reader shows."""

    def draw(self) -> None:
        super().draw()
        text = self.getPlainText()
        self.canv.bookmarkPage(text)
        self.canv.addOutlineEntry(text, text, 0)


def _facts(pairs: Sequence[tuple[str, str]]) -> Table:
    """Names and values."""
    rows = [(_text(name, _NAME), _text(value, _CELL)) for name, value in pairs]
    return _table(rows, [_NAME_WIDTH, _WIDTH - _NAME_WIDTH], [("LEFTPADDING", (0, 0), (0, -1), 0)])


def _grid(block: Grid) -> Table:
    """A table whose head is repeated on each page, with bars in its last column where it has."""
    plain, right = (_TINY, _TINY_RIGHT) if block.small else (_CELL, _CELL_RIGHT)
    styles = [right if i in block.numbers else plain for i in range(len(block.header))]
    bold = [ParagraphStyle(f"bold {s.name}", parent=s, fontName=_BOLD) for s in styles]
    head = list(map(_text, block.header, bold))
    rows = [list(map(_text, row, styles)) for row in block.rows]
    widths = _widths(block, plain.fontSize)
    looks: list[Any] = [_RULE, ("LINEBELOW", (0, 0), (-1, 0), 1, _INK)]
    if block.small:
        looks += [(pad, (0, 0), (-1, -1), 0.5) for pad in ("TOPPADDING", "BOTTOMPADDING")]
    table = _BarTable if block.bars else Table
    made = _table([head, *rows], widths, looks, table, repeatRows=1, spaceBefore=6, spaceAfter=6)
    if block.bars:
        made.bars = block.bars
    return made


def _figure(picture: Picture, caption: str) -> list[Any]:
    """A picture as wide as the text, with its caption, on one page."""
    height, width = picture.shape[:2]
    scale = min(_WIDTH / width, _TALLEST / height)
    image = platypus.Image(io.BytesIO(png_bytes(picture)), width * scale, height * scale)
    image.keepWithNext = 1
    return [image, _text(caption, _CAPTION)]


def _blanks(labels: Sequence[str], people: Sequence[str]) -> Table:
    """Lines for names, days and signatures, a column for each person."""
    gap = 8 * mm
    width = (_WIDTH - gap * (len(people) - 1)) / len(people)
    rows = [[_text(person, _LABEL) for person in people]]
    rows += [[_text(label, _CAPTION) for _ in people] for label in labels]
    spread = [[part for cell in row for part in (cell, "")][:-1] for row in rows]
    widths = [part for _ in people for part in (width, gap)][:-1]
    lines = [("LINEBELOW", (2 * i, 1), (2 * i, -1), 0.6, _INK) for i in range(len(people))]
    heights = [None, *[12 * mm] * len(labels)]
    looks = [*lines, ("VALIGN", (0, 1), (-1, -1), "BOTTOM")]
    return _table(spread, widths, looks, rowHeights=heights)


def _writing_space(title: str, lines: int) -> list[Any]:
    """Ruled lines for a person's own words; names and signatures never stand without them."""
    empty = _table([[""]] * lines, [_WIDTH], [_RULE], rowHeights=[9 * mm] * lines)
    label = _text(title, _LABEL)
    label.keepWithNext = empty.keepWithNext = 1
    return [label, empty]


class _BarTable(Table):
    """A table whose last column has a bar behind each figure."""

    bars: Sequence[float] = ()

    def _drawBkgrnd(self) -> None:  # noqa: N802 - reportlab's name
        super()._drawBkgrnd()
        left, right = self._colpositions[-2], self._colpositions[-1]
        # A part that goes on on the next page holds the last rows of all.
        rows = list(zip(self._rowpositions[1:], self._rowpositions[2:], strict=False))
        self.canv.setFillColor(_BAR)
        for share, (top, bottom) in zip(self.bars[-len(rows) :], rows, strict=False):
            width = (right - left) * share
            self.canv.rect(right - width, bottom + 1, width, top - bottom - 2, stroke=0, fill=1)


def _widths(block: Grid, size: float) -> list[float]:
    """Columns as wide as their longest word and, where there is room, as their longest text."""
    columns = list(zip(block.header, *block.rows, strict=True))
    longest = [
        max(stringWidth(_with_codes(text), _BOLD, size) for text in column) + 13
        for column in columns
    ]
    if block.bars:
        longest[-1] += 60
    over = sum(longest) - _WIDTH
    if over <= 0:
        return [width - over * width / sum(longest) for width in longest]
    # Only columns wider than an even share give way.
    wide = [max(0.0, width - _WIDTH / len(longest)) for width in longest]
    return [width - over * spare / sum(wide) for width, spare in zip(longest, wide, strict=True)]


def _table(
    rows: Sequence[Sequence[Any]],
    widths: Sequence[float],
    looks: Sequence[Any],
    kind: type[Table] = Table,
    **more: Any,
) -> Table:
    base = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    rows = list(rows) or [[""] * len(widths)]
    return kind(
        rows,
        colWidths=list(widths),
        style=platypus.TableStyle([*base, *looks]),
        hAlign="LEFT",
        **more,
    )
