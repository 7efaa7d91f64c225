"""A report as PDF, by reportlab: A4, the pages numbered, the same bytes for the same report.

reportlab is pure Python and installs everywhere; it comes with the extra `ribin[pdf]`.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from re import split
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import HRFlowable, Image, ListFlowable, ListItem, Table, TableStyle
from reportlab.platypus import Paragraph as Text

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

_SHORT = 12  # rows of a grid


def document_pdf(document: Document) -> bytes:
    """The whole file.

    reportlab must be there: see `check_reportlab`.
    """
    from reportlab.platypus import PageBreak, SimpleDocTemplate

    stream = io.BytesIO()
    template = SimpleDocTemplate(
        stream,
        pagesize=PAGE,
        **MARGINS,
        title=f"{document.title}: {document.subject}",
        author="RIBIN",
        subject=document.title,
        invariant=1,
        lang="en",
    )
    story: list[Any] = head_block(document)
    figures = count(1)
    for number, section in numbered(document):
        if section.annex:
            story.append(PageBreak())
        story.append(heading(number, section.title))
        following = (*section.blocks[1:], None)
        for block, after in zip(section.blocks, following, strict=True):
            story += _block(block, figures, _short(after))
    template.build(story, canvasmaker=partial(numbered_canvas, document.footer))
    return stream.getvalue()


def _short(block: Block | None) -> bool:
    """Whether a block is small enough to be kept on one page with the text before it."""
    if isinstance(block, Grid):
        return len(block.rows) <= _SHORT
    return isinstance(block, (Figure, WritingSpace, Blanks))


def _block(block: Block, figures: count[int], before_short: bool) -> list[Any]:

    match block:
        case Paragraph(text):
            return [paragraph(text, before_short)]
        case Points(texts):
            return [points(texts)]
        case Facts(pairs):
            return [facts(pairs)]
        case Grid():
            return [grid(block)]
        case Figure(picture, caption):
            return figure(picture, f"Picture {next(figures)}. {caption}")
        case Blanks(labels, people):
            return blanks(labels, people)
        case WritingSpace(title, lines):
            return writing_space(title, lines)


# The letters of a PDF: those that every reader has, of an embedded font, or codes.
#
# Helvetica as every reader has it knows the letters of Windows-1252. Words with others (Greek,
# Cyrillic, Latin with rarer marks) are set in DejaVu Sans, which matplotlib carries, free to embed.

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


# The pages of a PDF report: size, margins, colours, and the line at the foot with its number.

PAGE = A4
MARGINS = {
    "leftMargin": 22 * mm,
    "rightMargin": 18 * mm,
    "topMargin": 18 * mm,
    "bottomMargin": 20 * mm,
}
WIDTH = PAGE[0] - MARGINS["leftMargin"] - MARGINS["rightMargin"] - 12  # reportlab pads a frame by 6

INK, SOFT = HexColor("#1b1f24"), HexColor("#57606a")
LINE, BAR, DEEP = HexColor("#d0d7de"), HexColor("#cfe3f1"), HexColor("#0a4b75")
_SMALL = 7.5


def numbered_canvas(footer: str, *args: Any, **kwargs: Any) -> Canvas:
    """A canvas that writes `footer` and "page N of ALL" on each page once all are known."""
    return _NumberedCanvas(footer, *args, **kwargs)


class _NumberedCanvas(Canvas):
    def __init__(self, footer: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._footer = footer
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
        left, right = MARGINS["leftMargin"] + 6, PAGE[0] - MARGINS["rightMargin"] - 6
        self.setStrokeColor(LINE)
        self.setLineWidth(0.5)
        self.line(left, 15 * mm, right, 15 * mm)
        self.setFillColor(SOFT)
        self.setFont(FONT, _SMALL)
        self.drawRightString(right, 11 * mm, page)
        room = right - left - stringWidth(page, FONT, _SMALL) - 12
        line = self.beginText(left, 11 * mm)
        for run, font in runs(_cut(self._footer, room), FONT):
            line.setFont(font, _SMALL)
            line.textOut(run)
        self.drawText(line)


def _cut(text: str, room: float) -> str:
    while width_of(text, FONT, _SMALL) > room:
        text = text[:-4] + "..."
    return text


# The parts of a PDF report as reportlab's flowables: headings, facts, grids, pictures, blanks.

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
