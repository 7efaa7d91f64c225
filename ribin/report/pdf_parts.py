"""The parts of a PDF report as reportlab's flowables: headings, facts, grids, pictures, blanks."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    HRFlowable,
    Image,
    ListFlowable,
    ListItem,
    Table,
    TableStyle,
)
from reportlab.platypus import Paragraph as Text

from ribin.report.document import Document, Grid, document_texts
from ribin.report.overlay import png_bytes
from ribin.report.pdf_letters import BOLD, FONT, codes_note, marked_up, width_of
from ribin.report.pdf_pages import BAR, DEEP, INK, LINE, SOFT, WIDTH
from ribin.report.relief import Picture

_NAME_WIDTH = 38 * mm  # of the left column of facts
_TALLEST = 175 * mm  # of a picture, so that its caption stands under it
_RULE = ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)


def _style(name: str, size: float, font: str = FONT, **more: Any) -> ParagraphStyle:
    kept = {"textColor": INK, "leading": size * 1.35, "splitLongWords": 1, **more}
    return ParagraphStyle(name, fontName=font, fontSize=size, **kept)


_TEXT = _style("text", 9.5, spaceBefore=3, spaceAfter=3)
_TEXT_BEFORE = ParagraphStyle("text before", parent=_TEXT, keepWithNext=1)
_CELL, _CELL_RIGHT = _style("cell", 9), _style("right", 9, alignment=2)
_TINY, _TINY_RIGHT = _style("tiny", 7), _style("tiny right", 7, alignment=2)
_NAME = _style("name", 9, textColor=SOFT)
_CAPTION = _style("caption", 8.5, textColor=SOFT, spaceBefore=3, spaceAfter=8)
_HEADING = _style(
    "heading", 12.5, BOLD, textColor=DEEP, spaceBefore=12, spaceAfter=4, keepWithNext=1
)
_TITLE = _style("title", 19, BOLD, textColor=DEEP)
_SUBJECT = _style("subject", 11, spaceBefore=2, spaceAfter=6)
_LABEL = _style("label", 10, BOLD)


def _text(text: str, style: ParagraphStyle) -> Text:
    return Text(marked_up(text, style.fontName), style)


def head_block(document: Document) -> list[Any]:
    """Title, subject and the facts above the first section."""
    rule = HRFlowable(width="100%", thickness=2, color=DEEP, spaceBefore=4, spaceAfter=4)
    title = [_text(document.title, _TITLE), _text(document.subject, _SUBJECT)]
    if note := codes_note(document_texts(document)):
        title.append(_text(note, _TEXT))
    return [*title, facts(document.head), rule]


def heading(number: str, title: str) -> Text:
    """The heading of a section; also an entry of the outline that a reader shows."""
    return _Heading(marked_up(f"{number}  {title}", BOLD), _HEADING)


class _Heading(Text):
    def draw(self) -> None:
        super().draw()
        text = self.getPlainText()
        self.canv.bookmarkPage(text)
        self.canv.addOutlineEntry(text, text, 0)


def paragraph(text: str, with_next: bool = False) -> Text:
    """Running text; `with_next` where it must not stand apart from what comes after it."""
    return _text(text, _TEXT_BEFORE if with_next else _TEXT)


def points(texts: Sequence[str]) -> ListFlowable:
    """Sentences that stand beside each other."""
    items = [ListItem(_text(text, _TEXT), leftIndent=12) for text in texts]
    return ListFlowable(items, bulletType="bullet", start="\u2022", leftIndent=12, bulletColor=DEEP)


def facts(pairs: Sequence[tuple[str, str]]) -> Table:
    """Names and values."""
    rows = [(_text(name, _NAME), _text(value, _CELL)) for name, value in pairs]
    return _table(rows, [_NAME_WIDTH, WIDTH - _NAME_WIDTH], [("LEFTPADDING", (0, 0), (0, -1), 0)])


def grid(block: Grid) -> Table:
    """A table whose head is repeated on each page, with bars in its last column where it has."""
    plain, right = (_TINY, _TINY_RIGHT) if block.small else (_CELL, _CELL_RIGHT)
    bold = [_bold(right if i in block.numbers else plain) for i in range(len(block.header))]
    head = [_text(text, style) for text, style in zip(block.header, bold, strict=True)]
    rows = [
        [_text(text, right if i in block.numbers else plain) for i, text in enumerate(row)]
        for row in block.rows
    ]
    widths = _widths(block, plain.fontSize)
    looks: list[Any] = [_RULE, ("LINEBELOW", (0, 0), (-1, 0), 1, INK)]
    if block.small:
        looks += [(pad, (0, 0), (-1, -1), 0.5) for pad in ("TOPPADDING", "BOTTOMPADDING")]
    table = _BarTable if block.bars else Table
    made = _table([head, *rows], widths, looks, table, repeatRows=1, spaceBefore=6, spaceAfter=6)
    if block.bars:
        made.bars = block.bars
    return made


def figure(picture: Picture, caption: str) -> list[Any]:
    """A picture as wide as the text, with its caption, on one page."""
    height, width = picture.shape[:2]
    scale = min(WIDTH / width, _TALLEST / height)
    image = Image(io.BytesIO(png_bytes(picture)), width * scale, height * scale)
    image.keepWithNext = 1
    return [image, _text(caption, _CAPTION)]


def blanks(labels: Sequence[str], people: Sequence[str]) -> list[Any]:
    """Lines for names, days and signatures, a column for each person."""
    gap = 8 * mm
    width = (WIDTH - gap * (len(people) - 1)) / len(people)
    rows = [[_text(person, _LABEL) for person in people]]
    rows += [[_text(label, _CAPTION) for _ in people] for label in labels]
    spread = [[part for cell in row for part in (cell, "")][:-1] for row in rows]
    widths = [part for _ in people for part in (width, gap)][:-1]
    lines = [("LINEBELOW", (2 * i, 1), (2 * i, -1), 0.6, INK) for i in range(len(people))]
    heights = [None, *[12 * mm] * len(labels)]
    made = _table(
        spread, widths, [*lines, ("VALIGN", (0, 1), (-1, -1), "BOTTOM")], rowHeights=heights
    )
    return [made]


def writing_space(title: str, lines: int) -> list[Any]:
    """Ruled lines for a person's own words; names and signatures never stand without them."""
    looks = [("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)]
    empty = _table([[""]] * lines, [WIDTH], looks, rowHeights=[9 * mm] * lines)
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
        self.canv.setFillColor(BAR)
        for share, (top, bottom) in zip(self.bars[-len(rows) :], rows, strict=False):
            width = (right - left) * share
            self.canv.rect(right - width, bottom + 1, width, top - bottom - 2, stroke=0, fill=1)


def _widths(block: Grid, size: float) -> list[float]:
    """Columns as wide as their longest word and, where there is room, as their longest text."""
    columns = list(zip(block.header, *block.rows, strict=True))
    longest = [max(width_of(text, BOLD, size) for text in column) + 13 for column in columns]
    if block.bars:
        longest[-1] += 60
    over = sum(longest) - WIDTH
    if over <= 0:
        return [width - over * width / sum(longest) for width in longest]
    # Only columns wider than an even share give way.
    wide = [max(0.0, width - WIDTH / len(longest)) for width in longest]
    return [width - over * spare / sum(wide) for width, spare in zip(longest, wide, strict=True)]


def _bold(style: ParagraphStyle) -> ParagraphStyle:
    return ParagraphStyle(f"bold {style.name}", parent=style, fontName=BOLD)


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
        rows, colWidths=list(widths), style=TableStyle([*base, *looks]), hAlign="LEFT", **more
    )
