"""A report as PDF, by reportlab: A4, the pages numbered, the same bytes for the same report.

reportlab is pure Python and installs everywhere; it comes with the extra `ribin[pdf]`.
"""

from __future__ import annotations

import io
from functools import partial
from itertools import count
from typing import Any

from ribin.errors import ParameterError
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
    numbered,
)

_SHORT = 12  # rows of a grid
MISSING = "a PDF needs reportlab, which is not installed: pip install 'ribin[pdf]', or write .html"


def document_pdf(document: Document) -> bytes:
    """The whole file.

    Raises
    ------
    ParameterError
        reportlab is not installed.
    """
    check_reportlab()
    from reportlab.platypus import PageBreak, SimpleDocTemplate

    from ribin.report.pdf_pages import MARGINS, PAGE, numbered_canvas
    from ribin.report.pdf_parts import head_block, heading

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


def check_reportlab() -> None:
    """Refuse a PDF before the work where it could not be written after it; ParameterError."""
    try:
        import reportlab  # noqa: F401
    except ImportError as error:
        raise ParameterError(MISSING) from error


def _short(block: Block | None) -> bool:
    """Whether a block is small enough to be kept on one page with the text before it."""
    if isinstance(block, Grid):
        return len(block.rows) <= _SHORT
    return isinstance(block, (Figure, WritingSpace, Blanks))


def _block(block: Block, figures: count[int], before_short: bool) -> list[Any]:
    from ribin.report import pdf_parts as parts

    match block:
        case Paragraph(text):
            return [parts.paragraph(text, before_short)]
        case Points(texts):
            return [parts.points(texts)]
        case Facts(pairs):
            return [parts.facts(pairs)]
        case Grid():
            return [parts.grid(block)]
        case Figure(picture, caption):
            return parts.figure(picture, f"Picture {next(figures)}. {caption}")
        case Blanks(labels, people):
            return parts.blanks(labels, people)
        case WritingSpace(title, lines):
            return parts.writing_space(title, lines)
